"""What both halves of a watch have in common: the scene that a batch comes to, and the breach that it may begin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

from heirloom.core.clock import stamp
from heirloom.core.monitoring.breach import Breach, Severity
from heirloom.core.monitoring.standard import Standard
from heirloom.core.monitoring.watch import Document, Kept, Subject, Writing

Observed_contra = TypeVar("Observed_contra", contravariant=True)


class Half(Protocol[Observed_contra]):
    """One half of a watch, with what a batch has added."""

    def add(self, observations: Sequence[Observed_contra]) -> Writing:
        """Add the batch; what is to be written of it. Of no observations it is what is kept."""

    def metrics(self) -> Iterable[str]:
        """The lines that publish how things are now."""


class Judge(Protocol):
    """A promise of a version, with all that speaks for and against it."""

    @property
    def severity(self) -> Severity:
        """How bad it is."""

    def evidence(self) -> Mapping[str, Any]:
        """As breach.Breach has it."""


@dataclass(frozen=True)
class Scene:
    """All that was read for a batch. ``reigns``: the version is the champion; the breaches are the model's newest;
    ``hour`` gives the counts that are kept of an hour, None where there are none.
    """

    subject: Subject
    standard: Standard
    reigns: bool
    kept: Mapping[str, Kept]
    breaches: tuple[Breach, ...]
    hour: Callable[[str], Document | None]
    now: datetime

    @property
    def at(self) -> str:
        return stamp(self.now)

    @property
    def counts(self) -> bool:
        """Whether people are called: for the version that answers, and in a drill."""
        return self.reigns or self.subject.drill

    def newest(self, slo: str) -> Breach | None:
        """The newest breach of the promise, whoever's."""
        found = (each for each in self.breaches if each.slo == slo and each.drill == self.subject.drill)
        return next(found, None)

    def current(self, slo: str) -> Breach | None:
        """The version's own, while it lasts."""
        newest = self.newest(slo)
        return newest if newest and _lasts(newest) and newest.version == self.subject.version else None

    def is_over(self, slo: str, judge: Judge) -> bool:
        """Whether somebody has ended the breach that the judge still sees, or it began before the version reigned:
        then judging starts anew."""
        return self.counts and judge.severity > Severity.HEALTHY and self.current(slo) is None

    def changed(self, slo: str, judge: Judge) -> Breach | None:
        """The breach as it is now, where it has begun, become worse or ended; else None.

        One that an earlier champion has left behind ends when its successor keeps the promise.
        """
        current, newest = self.current(slo), self.newest(slo)
        if judge.severity > Severity.HEALTHY:
            return self._worse(slo, judge, current) if self.counts else None
        left = newest if newest and _lasts(newest) and self.reigns else None
        over = current or left
        return replace(over, ended_at=self.at) if over else None

    def _worse(self, slo: str, judge: Judge, current: Breach | None) -> Breach | None:
        if current is None:
            who = self.subject
            evidence = judge.evidence()
            return Breach(who.model, who.version, slo, judge.severity, self.at, evidence, drill=who.drill)
        if judge.severity > current.severity:
            return replace(current, severity=judge.severity, evidence=judge.evidence())
        return None


def _lasts(breach: Breach) -> bool:
    return breach.ended_at is None
