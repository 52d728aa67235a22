"""What stands in for a container: a directory tree in SageMaker's layout, and a process group that runs in it.

AWS pages: "How Amazon SageMaker AI Provides Training Information", "Use Your Own Inference Code with Hosting Services".
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO

from local.guardian import started

SANDBOX = Path(__file__).with_name("sandbox.py")
OPT_ML = "/opt/ml"
LONGEST_LINE = 250_000  # bytes; a log event has at most 256 KB


class ImageError(Exception):
    """No program is known for an image."""


@dataclass(frozen=True)
class Image:
    """Where the programs of a container image are on this machine."""

    path: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


def find_image(images_file: Path, uri: str) -> Image:
    """Look an image up in images.json, which is read anew each time. Raises ImageError."""
    try:
        entry = json.loads(images_file.read_text())[uri]
    except (OSError, ValueError, KeyError) as problem:
        raise ImageError(f"{images_file} names no programs for it") from problem
    return Image(tuple(entry["path"]), dict(entry.get("environment", {})))


@functools.cache
def _namespaces_work() -> bool:
    """Whether a process of ours can have an /opt/ml of its own. Tried once, by doing it."""
    if sys.platform != "linux":
        return False
    with tempfile.TemporaryDirectory() as directory:
        base = Path(directory) / "ml"
        base.mkdir()
        command = [sys.executable, "-S", str(SANDBOX), "0", str(base), "--", "--probe"]
        return subprocess.run(command, check=False, capture_output=True, timeout=30).returncode == 0


@dataclass(frozen=True)
class Tree:
    """A container's /opt/ml. `root` is where it is, `base` what the program is told: /opt/ml itself where possible."""

    root: Path
    base: str

    def inside(self, name: str) -> str:
        """A path as the program sees it."""
        return f"{self.base}/{name}"


def make_tree(parent: Path, name: str, *directories: str) -> Tree:
    """A new, empty tree under `parent`."""
    parent.mkdir(parents=True, exist_ok=True)
    root = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=parent)) / "ml"
    for directory in directories:
        (root / directory).mkdir(parents=True)
    return Tree(root, OPT_ML if _namespaces_work() else str(root))


def plain_environment(image: Image, tree: Tree) -> dict[str, str]:
    """What a container's program finds in its environment, without an AWS: nothing of our own but PATH and locale."""
    own = {name: os.environ[name] for name in ("HOME", "LANG", "LC_ALL", "TMPDIR", "TZ") if name in os.environ}
    path = [*image.path, str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    return {**own, "PATH": os.pathsep.join(path), "SAGEMAKER_BASE_DIR": tree.base, **image.environment}


def base_environment(image: Image, tree: Tree, endpoint_url: str, region: str) -> dict[str, str]:
    """The same, with the embedded AWS."""
    aws = {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "SAGEMAKER_REGION": region,
    }
    return {**aws, **plain_environment(image, tree)}


class Fleet:
    """All containers that run: known to the guardian (local.guardian) by their records, and ended together."""

    def __init__(self, records: Path) -> None:
        self._records = records
        self._running: set[Container] = set()
        self._lock = threading.Lock()
        self.closing = False

    def add(self, container: Container, pid: int) -> Path:
        """Note a process group as ours to end."""
        with self._lock:
            self._running.add(container)
        self._records.mkdir(parents=True, exist_ok=True)
        record = self._records / str(pid)
        record.write_text(json.dumps({"pgid": pid, "started": started(pid)}))
        return record

    def remove(self, container: Container, record: Path) -> None:
        record.unlink(missing_ok=True)
        with self._lock:
            self._running.discard(container)

    def close(self) -> None:
        """End them all at once; none is started after that."""
        self.closing = True
        with self._lock:
            running = list(self._running)
        for container in running:
            container.send(signal.SIGKILL)
        for container in running:
            container.wait(5)


@dataclass(frozen=True)
class Program:
    """What a container runs."""

    argv: Sequence[str]
    tree: Tree
    environment: Mapping[str, str]


class Container:
    """One run of a program. A thread of its own starts it, reads its output, and waits for it.

    The thread that starts a process must live as long: the kernel's parent-death signal follows the thread.
    `on_line` gets each line of stdout and stderr; `on_exit` the exit code (negative: the signal), in threads of ours.
    """

    def __init__(
        self,
        program: Program,
        fleet: Fleet,
        on_line: Callable[[str], None],
        on_exit: Callable[[int], None] = lambda _code: None,
    ) -> None:
        self._program, self._fleet = program, fleet
        self._on_line, self._on_exit = on_line, on_exit
        self._started, self._ended = threading.Event(), threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self.exit_code: int | None = None

    def start(self) -> None:
        """Returns when the process is there, or could not be made."""
        name = f"container-{self._program.tree.root.parent.name}"
        threading.Thread(target=self._run, name=name, daemon=True).start()
        self._started.wait()

    def wait(self, timeout: float | None = None) -> int | None:
        """The exit code, or None when it still runs after `timeout` seconds."""
        self._ended.wait(timeout)
        return self.exit_code

    def stop(self, grace: float) -> None:
        """SIGTERM to the whole group, SIGKILL to what is left of it after `grace` seconds."""
        self.send(signal.SIGTERM)
        if not self._ended.wait(grace):
            self.send(signal.SIGKILL)
            self._ended.wait(10)

    def send(self, number: int) -> None:
        """Signal the whole group."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def _run(self) -> None:
        code = 127
        try:
            code = self._run_process()
        except OSError as problem:
            self._on_line(f"cannot start {self._program.argv[0]}: {problem}")
        finally:
            self.exit_code = code
            self._started.set()
            self._ended.set()
        self._on_exit(code)

    def _run_process(self) -> int:
        if self._fleet.closing:
            return 127
        process = self._process = self._open()
        record = self._fleet.add(self, process.pid)
        self._started.set()
        reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        reader.start()
        code = process.wait()
        self.send(signal.SIGKILL)  # what the program left behind, as a container's end does
        reader.join(timeout=5)
        self._fleet.remove(self, record)
        return code

    def _open(self) -> subprocess.Popen[bytes]:
        tree = self._program.tree
        base = str(tree.root) if tree.base == OPT_ML else "-"
        return subprocess.Popen(
            [sys.executable, "-S", str(SANDBOX), str(os.getpid()), base, "--", *self._program.argv],
            env=dict(self._program.environment),
            cwd=tree.root.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            for line in iter(partial(stream.readline, LONGEST_LINE), b""):
                self._on_line(line.decode(errors="replace").rstrip("\r\n"))
