"""What the rollback needs of the monitor's book; core/monitoring/watch.py's Watches has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from heirloom.core.monitoring.breach import Breach, Severity
from heirloom.core.monitoring.watch import LABELS, Kept, Subject
from heirloom.core.monitoring.window import Window


class BreachBook(Protocol):
    """Knows the breaches and the windows of the versions. Each method raises Denied or Unavailable."""

    def of(self, model: str) -> tuple[Breach, ...]:
        """The newest breach of each promise of the model, ended ones too; a drill's apart."""

    def end(self, breach: Breach, at: str) -> None:
        """The breach is over, if it is still the newest of its promise and has not ended."""

    def get(self, subject: Subject) -> Mapping[str, Kept]:
        """What is kept of a version, by half."""


def lasting(breaches: tuple[Breach, ...]) -> tuple[Breach, ...]:
    """Those that have not ended."""
    return tuple(breach for breach in breaches if breach.ended_at is None)


def worst(breaches: tuple[Breach, ...], slo: str) -> Severity:
    """How bad a promise is broken: the value of its metric. A drill's counts too."""
    return max((breach.severity for breach in lasting(breaches) if breach.slo == slo), default=Severity.HEALTHY)


def labelled(book: BreachBook, model: str, version: int, most: int) -> tuple[str, ...]:
    """The newest labelled predictions of a version, at most so many, newest first."""
    kept = book.get(Subject(model, version)).get(LABELS, Kept()).document
    return Window.from_document(kept["accuracy"]["window"], most).ids if kept else ()
