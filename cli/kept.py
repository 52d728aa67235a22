"""Local runs as this machine keeps them: a folder each, which is there whole or not at all.

::

    .heirloom-runs/
      lock                          held by whoever sends runs to a stack
      flight-delay-0f3a9c5d7e21/
        record.json                 what is logged of it, and when it began and ended
        artifacts/                  the evidence, project.json, model.tar.gz
        train.log                   what the training program printed
        synced.json                 by stack, the id that the run has in its tracking store
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from heirloom.core.errors import NotFound
from heirloom.core.run.record import RUN_TAG, Record

FOLDER = ".heirloom-runs"
_RECORD, _ARTIFACTS, _SYNCED, _LOG = "record.json", "artifacts", "synced.json", "train.log"
_UNFINISHED = ".unfinished-"


@dataclass(frozen=True)
class Kept:
    """A run in its folder; of its record, the artifacts are files there. Times in milliseconds since 1970."""

    folder: Path
    record: Record
    started_at: int
    ended_at: int

    @property
    def id(self) -> str:
        return self.record.tags[RUN_TAG]

    @property
    def artifacts(self) -> dict[str, Path]:
        """The files by their path below the run's artifacts."""
        root = self.folder / _ARTIFACTS
        return {str(file.relative_to(root)): file for file in sorted(root.rglob("*")) if file.is_file()}

    @property
    def log(self) -> Path:
        """What the training program printed."""
        return self.folder / _LOG

    def synced_to(self) -> dict[str, str]:
        """By the address of a stack's API, the id that the run has in its tracking store."""
        file = self.folder / _SYNCED
        return dict(json.loads(file.read_text())) if file.exists() else {}

    def mark_synced(self, stack: str, run_id: str) -> None:
        """Remember that all of it is there."""
        _replace(self.folder / _SYNCED, {**self.synced_to(), stack: run_id})


class KeptRuns:
    """The kept runs of a workspace, whose ``root`` is the folder that holds models/."""

    def __init__(self, root: Path) -> None:
        self._root = root / FOLDER

    def all(self) -> list[Kept]:
        """In the order in which they began."""
        files = [file for file in self._root.glob(f"*/{_RECORD}") if not file.parent.name.startswith(".")]
        return sorted(map(_read, files), key=lambda kept: (kept.started_at, kept.id))

    def unsynced(self, stack: str) -> list[Kept]:
        """Those that this stack's tracking store does not have, as far as this machine knows."""
        return [kept for kept in self.all() if stack not in kept.synced_to()]

    def named(self, identity: str) -> Kept:
        """Raises NotFound."""
        file = self._root / identity / _RECORD
        if not file.is_file():
            raise NotFound(f"no local run {identity!r} is kept here: `heirloom run kept` lists them")
        return _read(file)

    @contextlib.contextmanager
    def beginning(self, identity: str) -> Iterator[Beginning]:
        """A folder for a run that begins now; what ``keep`` was not called for is gone at the end."""
        folder = self._root / f"{_UNFINISHED}{identity}"
        (folder / _ARTIFACTS).mkdir(parents=True)
        try:
            yield Beginning(folder, self._root / identity)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def sending(self) -> Iterator[None]:
        """One at a time sends runs to a stack: a second one waits. The kernel lets go when a process is killed."""
        self._root.mkdir(exist_ok=True)
        lock = os.open(self._root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


@dataclass(frozen=True)
class Beginning:
    """A run that is not kept yet."""

    folder: Path
    goal: Path

    @property
    def log(self) -> Path:
        return self.folder / _LOG

    @property
    def model(self) -> Path:
        """Where model.tar.gz belongs."""
        return self.folder / _ARTIFACTS / "model.tar.gz"

    def keep(self, record: Record, started_at: int, ended_at: int) -> Kept:
        """Keep it, whole from one moment to the next."""
        for name, body in record.artifacts.items():
            (self.folder / _ARTIFACTS / name).write_bytes(body)
        told = asdict(replace(record, artifacts={}))
        _replace(self.folder / _RECORD, {"record": told, "started_at": started_at, "ended_at": ended_at})
        self.folder.rename(self.goal)
        return _read(self.goal / _RECORD)


def _read(file: Path) -> Kept:
    told = json.loads(file.read_text(encoding="utf-8"))
    record = Record(**{**told["record"], "inputs": tuple(told["record"]["inputs"])})
    return Kept(file.parent, record, told["started_at"], told["ended_at"])


def _replace(file: Path, document: Mapping[str, Any]) -> None:
    new = file.with_suffix(".new")
    new.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")
    new.replace(file)
