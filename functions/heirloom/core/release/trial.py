"""A trial: one canary from its start to its verdict, judged after every batch of what it answered.

The release's state machine opens a trial and waits for its token; whoever has counted a batch of requests or of labels
calls `observe`, which adds the batch once, judges, and answers the token as soon as there is a verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from heirloom.core.release.verdict import Verdict, judge


@dataclass(frozen=True)
class Arm:
    """Counts of one version's callers: ``errors`` is of ``requests``, ``slow`` of ``timed``, ``wrong`` of ``labelled``.

    ``timed`` are the requests whose endpoint was known to be awake before it was asked: core/prediction/warmth.py.
    """

    requests: int = 0
    errors: int = 0
    timed: int = 0
    slow: int = 0
    labelled: int = 0
    wrong: int = 0

    def __add__(self, other: Arm) -> Arm:
        return Arm(
            self.requests + other.requests,
            self.errors + other.errors,
            self.timed + other.timed,
            self.slow + other.slow,
            self.labelled + other.labelled,
            self.wrong + other.wrong,
        )


@dataclass(frozen=True)
class Tally:
    """What both arms did in the same time."""

    champion: Arm = Arm()
    canary: Arm = Arm()

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.champion + other.champion, self.canary + other.canary)


@dataclass(frozen=True)
class Rules:
    """How sure a verdict must be, how much worse is still good enough (a difference of rates, in [0, 1)), and how many
    labels of the canary have to be there before it may be promoted."""

    confidence: float = 0.95
    tolerance: float = 0.01
    min_labels: int = 0


@dataclass(frozen=True)
class Trial:
    """``release`` names it; ``token`` is what the waiting state machine is answered by; ``started_at`` is a stamp."""

    release: str
    model: str
    champion: int
    challenger: int
    rules: Rules
    token: str
    started_at: str
    tally: Tally = Tally()
    verdict: Verdict | None = None


class Trials(Protocol):
    """Stores the trials. Each method raises Denied or Unavailable."""

    def open(self, trial: Trial) -> Trial:
        """Store it; where it is there already only its token changes. The trial as it is afterwards."""

    def get(self, release: str) -> Trial | None:
        """The trial as it is now."""

    def count(self, release: str, batch: str, delta: Tally) -> Trial | None:
        """Add a batch, once however often it comes; the trial as it is afterwards. None if there is no such trial."""

    def decide(self, release: str, verdict: Verdict) -> Verdict:
        """Store the verdict if there is none; the one that stands. Raises NotFound."""


class Answers(Protocol):
    """Answers who waits for a task token. Raises Denied or Unavailable."""

    def send(self, token: str, document: Mapping[str, Any]) -> None:
        """Let the waiting task succeed with this document; nothing happens where nobody waits any more."""


def observe(release: str, batch: str, delta: Tally, trials: Trials, answers: Answers, now: str) -> Verdict | None:
    """Add what a batch counted to the trial and end it when that decides it. ``now`` is a stamp.

    May be repeated: the batch counts once, and a verdict that stands is sent again, since the function may have died
    between the two. The verdict as it is now; None if there is no such trial.
    """
    trial = trials.count(release, batch, delta)
    if trial is None:
        return None
    verdict = trial.verdict or judge(trial.tally, trial.rules)
    if verdict.outcome == "undecided":
        return verdict
    return conclude(trial, verdict, trials, answers, now)


def conclude(trial: Trial, verdict: Verdict, trials: Trials, answers: Answers, now: str) -> Verdict:
    """End the trial with this verdict, unless one stands already, and tell who waits; the verdict that stands."""
    stands = trial.verdict or trials.decide(trial.release, replace(verdict, at=now))
    answers.send(trial.token, {"outcome": stands.outcome, "reason": stands.reason})
    return stands
