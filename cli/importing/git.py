"""A Git repository, read by the `git` program: commits, what they change, and files as they were. No checkout.

https://git-scm.com/docs/git-cat-file describes the program that all files are read through, in one process.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from heirloom.core.errors import Invalid, NotFound, Unavailable

_FORMAT = "%x1e" + "%x1f".join(("%H", "%ct", "%an", "%ae", "%B")) + "%x1f"
_EXPERIMENTS = "refs/exps/"
_SHA = 40


@dataclass(frozen=True)
class Commit:
    """``at`` is when it was committed, in seconds since 1970; ``changed`` are the files that differ from those
    of all its parents: a merge that only brings together has none."""

    sha: str
    at: int
    author: str
    email: str
    message: str
    changed: frozenset[str]

    @property
    def subject(self) -> str:
        return self.message.strip().partition("\n")[0]


class Git:
    """The repository that a folder is in; paths are relative to its root. Raises the errors of heirloom.core."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.root = Path(self._run("rev-parse", "--show-toplevel").strip())
        self._lock = threading.Lock()
        self._reader: subprocess.Popen[bytes] | None = None

    @property
    def first(self) -> str:
        """The first commit, which tells the repository from all others, wherever it is. Raises Invalid."""
        if self._run("rev-parse", "--is-shallow-repository").strip() == "true":
            raise Invalid(f"{self._folder}: the history is cut off: `git fetch --unshallow` gets all of it")
        return self._run("rev-list", "--max-parents=0", "HEAD").split()[-1]

    @property
    def origin(self) -> str:
        """The URL of the remote repository; empty where there is none."""
        return self._run("config", "--default", "", "--get", "remote.origin.url").strip()

    def commits(self, revisions: str) -> Iterator[Commit]:
        """Those of a range, the oldest first."""
        listed = self._run(
            "log", "--reverse", "--topo-order", "--diff-merges=combined", "--name-only", "-z", "--no-renames",
            f"--format={_FORMAT}", revisions, "--",
        )  # fmt: skip
        for text in listed.split("\x1e")[1:]:
            sha, at, author, email, message, files = text.split("\x1f")
            changed = frozenset(filter(None, files.replace("\n", "\0").split("\0")))
            yield Commit(sha, int(at), author, email, message, changed)

    def experiments(self) -> Mapping[str, tuple[str, str]]:
        """What `dvc exp` has left, by commit: the name, and the commit that it set out from."""
        listed = self._run("for-each-ref", "--format=%(objectname) %(refname)", _EXPERIMENTS).splitlines()
        found = {}
        for line in listed:
            sha, _, ref = line.partition(" ")
            parts = ref.removeprefix(_EXPERIMENTS).split("/", 2)
            if len(parts) == 3 and len(parts[0] + parts[1]) == _SHA:  # others are DVC's own, of what is running
                found[sha] = (parts[2], parts[0] + parts[1])
        return found

    def files(self, sha: str) -> frozenset[str]:
        """All that is in Git at a commit."""
        return frozenset(filter(None, self._run("ls-tree", "-r", "-z", "--name-only", "--full-tree", sha).split("\0")))

    def read(self, sha: str, path: str) -> bytes | None:
        """A file as it was at a commit; None where there was none."""
        if "\n" in path:
            return None  # the program could not be asked for it
        with self._lock:
            asked, told = self._pipes()
            asked.write(f"{sha}:{path}\n".encode())
            asked.flush()
            head = told.readline().split()
            if len(head) != 3 or not head[2].isdigit():
                return None
            body = told.read(int(head[2]) + 1)[:-1]
            return body if head[1] == b"blob" else None

    def close(self) -> None:
        """End the program."""
        if self._reader is not None:
            self._reader.communicate()

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        """Where the program that reads files is asked, and where it answers."""
        if self._reader is None:
            command = ["git", "-C", str(self.root), "cat-file", "--batch"]
            self._reader = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        asked, told = self._reader.stdin, self._reader.stdout
        if asked is None or told is None:
            raise Unavailable("git was started without pipes")
        return asked, told

    def _run(self, *words: str) -> str:
        try:
            ran = subprocess.run(
                ["git", "-C", str(self._folder), *words], capture_output=True, text=True, errors="replace", check=False
            )
        except FileNotFoundError as error:
            raise NotFound("this needs the program git: https://git-scm.com/downloads") from error
        if ran.returncode:
            raise Invalid(f"{self._folder}: git: {ran.stderr.strip()}")
        return ran.stdout
