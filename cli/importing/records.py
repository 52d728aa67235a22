"""What is imported, whatever it comes from: plain records, and the port to a source.

``key`` is what a thing is called at its source. Moments are milliseconds since 1970.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

Texts = Mapping[str, str]
Document = Mapping[str, Any]


@dataclass(frozen=True)
class Experiment:
    """``created`` is None where nobody knows."""

    key: str
    name: str
    tags: Texts = field(default_factory=dict)
    deleted: bool = False
    created: int | None = None


@dataclass(frozen=True)
class Point:
    """A value of a metric; ``model`` is the logged model that it is of, ``run`` the run that has logged it."""

    key: str
    value: float
    timestamp: int
    step: int = 0
    run: str = ""
    model: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""

    @property
    def same(self) -> tuple[str, int, int, str]:
        """What is equal of two points of a run that are one: NaN is NaN here."""
        return self.key, self.step, self.timestamp, repr(self.value)


@dataclass(frozen=True)
class Run:
    """``metrics`` are the newest values; ``datasets`` as MLflow's protocol tells inputs; ``outputs`` the logged models
    that it made, each with its step; ``place`` is where its files are, in the source's own words."""

    key: str
    name: str
    status: str = "FINISHED"
    start: int = 0
    end: int | None = None
    user: str = ""
    params: Texts = field(default_factory=dict)
    tags: Texts = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    datasets: Sequence[Document] = ()
    inputs: Sequence[str] = ()
    outputs: Sequence[tuple[str, int]] = ()
    place: str = ""
    deleted: bool = False


@dataclass(frozen=True)
class LoggedModel:
    """``run`` is the run that made it; ``points`` the values of its metrics that the source knows."""

    key: str
    name: str
    kind: str = ""
    status: str = "READY"
    run: str = ""
    tags: Texts = field(default_factory=dict)
    params: Texts = field(default_factory=dict)
    points: Sequence[Point] = ()
    place: str = ""
    created: int | None = None


@dataclass(frozen=True)
class Version:
    """A version of a registered model; ``source`` is where it says that its files are, ``place`` where they are."""

    number: int
    source: str
    place: str
    run: str = ""
    run_link: str = ""
    description: str = ""
    stage: str = "None"
    tags: Texts = field(default_factory=dict)
    created: int | None = None


@dataclass(frozen=True)
class RegisteredModel:
    """``versions`` in the order of their numbers; ``aliases`` each with a number."""

    name: str
    description: str = ""
    tags: Texts = field(default_factory=dict)
    aliases: Mapping[str, int] = field(default_factory=dict)
    versions: Sequence[Version] = ()
    created: int | None = None


@dataclass(frozen=True)
class File:
    """``path`` is below a place; bytes where the source knows them."""

    path: str
    size: int | None = None


class Source(Protocol):
    """Where things come from. Each method raises the errors of heirloom.core; all are safe for threads."""

    @property
    def uri(self) -> str:
        """What tells it from all other sources, for good: without credentials."""

    def experiments(self) -> Sequence[Experiment]:
        """Those that are asked for."""

    def runs(self, experiment: Experiment) -> Sequence[Run]:
        """Those of an experiment that are asked for."""

    def points(self, run: Run) -> Iterable[Point]:
        """All points of all metrics of a run."""

    def models(self, experiment: Experiment) -> Sequence[LoggedModel]:
        """The logged models of an experiment."""

    def registered(self) -> Sequence[RegisteredModel]:
        """The registered models that are asked for, with their versions."""

    def files(self, place: str) -> Iterator[File]:
        """All files at a place."""

    def fetch(self, place: str, file: File, folder: Path) -> Path:
        """A file as one on this machine: in ``folder``, which is empty, unless it is here already."""


def digest(record: Run | LoggedModel | RegisteredModel) -> str:
    """What tells a record from what it is after any change at its source."""
    text = json.dumps(asdict(record), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
