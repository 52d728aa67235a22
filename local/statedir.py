"""The directory of one embedded AWS: who may use it, what it holds, and how it is wiped.

::

    .heirloom/
      heirloom-state.json   marks the directory as ours, and says which MiniStack wrote it
      connection.json       endpoint and credentials (0600)
      emulator.json         process ids and port, while it runs
      lock                  held by the guardian and the emulator, so that two never share a directory
      logs/  services/  s3/  tmp/  processes/  sagemaker/ ...
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from heirloom.core.errors import Conflict, Invalid
from local.plugpoints import pinned_version

MARKER = "heirloom-state.json"
RECORD = "emulator.json"
LOCK = "lock"
PARTS = ("logs", "services", "s3", "tmp", "processes")


@dataclass(frozen=True)
class Running:
    """The processes of a running embedded AWS. ``started_at`` in seconds since 1970."""

    pid: int
    guardian: int
    port: int
    started_at: float


class StateDir:
    """One state directory; made by ``prepare``."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    @property
    def log(self) -> Path:
        return self.root / "logs" / "emulator.log"

    def prepare(self) -> None:
        """Make the directory, or check that it is ours and was written by the MiniStack that we run."""
        if self.root.exists() and any(self.root.iterdir()):
            self.check_ours()
            self._check_version()
        else:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            marker = {"format": 1, "ministack": pinned_version()}
            (self.root / MARKER).write_text(json.dumps(marker) + "\n")
        for part in PARTS:
            (self.root / part).mkdir(exist_ok=True)

    def check_ours(self) -> None:
        """Refuse a directory that no embedded AWS of ours made: wiping it would lose somebody's work."""
        if not (self.root / MARKER).is_file():
            raise Invalid(f"{self.root} is not a state directory of Heirloom (it has no {MARKER}): choose another")

    def written_by(self) -> str:
        """The version of MiniStack that wrote the state; "" for an unreadable marker."""
        try:
            return str(json.loads((self.root / MARKER).read_text())["ministack"])
        except (ValueError, KeyError, TypeError):
            return ""

    def _check_version(self) -> None:
        written, wanted = self.written_by(), pinned_version()
        if written != wanted:
            raise Invalid(
                f"{self.root} was written by MiniStack {written or 'of unknown version'}, this is {wanted}: "
                "`heirloom local reset` wipes it; or choose another directory"
            )

    def running(self) -> Running | None:
        """Who uses the directory now; None when nobody does, whatever an old record says."""
        if not self.locked():
            return None
        try:
            return Running(**json.loads((self.root / RECORD).read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None  # the guardian has the lock but has not started the emulator yet, or has just ended it

    def locked(self) -> bool:
        """Whether a guardian or an emulator is alive here: the kernel drops the lock with their last breath."""
        try:
            descriptor = os.open(self.root / LOCK, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def size(self) -> int:
        """Bytes in the directory; files that vanish meanwhile count as nothing."""
        return sum(_size(Path(folder) / name) for folder, _, names in os.walk(self.root) for name in names)

    def wipe(self) -> None:
        """Remove all of it, once nobody uses it."""
        if not self.root.exists():
            return
        self.check_ours()
        if self.locked():
            raise Conflict(f"{self.root} is in use: stop the embedded AWS first")
        shutil.rmtree(self.root)


def record(running: Running) -> Mapping[str, object]:
    """What ``emulator.json`` holds."""
    return asdict(running)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0
