"""What a trial of a canary has shown: better, worse, or not enough yet.

Called after every batch of counts, by `trial.observe`. Pure: counts and rules in, a verdict out.

With alpha = 1 - confidence, and however often one looks: a canary that is no worse in errors, slow and wrong is ever
called worse with probability <= alpha (each of the three at alpha / 3: Bonferroni). A canary that is worse by the
tolerance or more in errors or in slow is ever called better with probability <= alpha (both have to pass, so each may
be tested at alpha: Berger 1982, intersection-union). Labels only ever take a canary back: docs/canary.md says why.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from heirloom.core.release.sequential import Counts, evidence_above, evidence_below

if TYPE_CHECKING:
    from heirloom.core.release.trial import Arm, Rules, Tally

Outcome = Literal["better", "worse", "undecided", "superseded"]


@dataclass(frozen=True)
class Verdict:
    """``reason`` is a sentence for people, ``measure`` what was worse; ``at`` is the stamp of its being decided."""

    outcome: Outcome
    reason: str
    measure: str | None = None
    at: str | None = None


@dataclass(frozen=True)
class _Measure:
    """A rate: how many (``name``) of how many (``of``), both fields of an arm, and what happened in words."""

    name: str
    of: str
    happened: str

    def counts(self, arm: Arm) -> Counts:
        return Counts(getattr(arm, self.name), getattr(arm, self.of))


_SERVING = (_Measure("errors", "requests", "requests failed"), _Measure("slow", "timed", "timed requests were slow"))
_MEASURES = (*_SERVING, _Measure("wrong", "labelled", "labels differ from the answer"))


def judge(tally: Tally, rules: Rules) -> Verdict:
    """The verdict on these counts; valid whenever and however often it is asked for."""
    return _worse(tally, rules) or _better_or_missing(tally, rules)


def _worse(tally: Tally, rules: Rules) -> Verdict | None:
    enough = math.log(len(_MEASURES) / (1 - rules.confidence))
    for measure in _MEASURES:
        if evidence_above(measure.counts(tally.champion), measure.counts(tally.canary)) >= enough:
            return Verdict("worse", _said(measure, tally), measure.name)
    return None


def _better_or_missing(tally: Tally, rules: Rules) -> Verdict:
    if not tally.canary.requests:
        return Verdict("undecided", "the canary has had no request yet")
    unproven = [measure for measure in _SERVING if not _good_enough(measure, tally, rules)]
    missing = [_said(measure, tally) for measure in unproven]
    if missing:
        missing = [f"not yet proven to be {_close(rules)}: {'; '.join(missing)}"]
    if tally.canary.labelled < rules.min_labels:
        missing.append(f"{tally.canary.labelled} of {rules.min_labels} labels are there")
    if missing:
        return Verdict("undecided", "; ".join(missing))
    facts = "; ".join(_said(measure, tally) for measure in _SERVING)
    return Verdict("better", f"{_close(rules)}: {facts}")


def _good_enough(measure: _Measure, tally: Tally, rules: Rules) -> bool:
    evidence = evidence_below(measure.counts(tally.champion), measure.counts(tally.canary), rules.tolerance)
    return evidence >= math.log(1 / (1 - rules.confidence))


def _close(rules: Rules) -> str:
    return f"at most {_percent(rules.tolerance)} of the requests worse than the champion"


def _said(measure: _Measure, tally: Tally) -> str:
    canary, champion = measure.counts(tally.canary), measure.counts(tally.champion)
    against = f"{champion.events} of {champion.total} ({_rate(champion)})"
    return f"{measure.name}: {canary.events} of {canary.total} {measure.happened} ({_rate(canary)}) against {against}"


def _rate(counts: Counts) -> str:
    return _percent(counts.events / counts.total) if counts.total else "none yet"


def _percent(rate: float) -> str:
    """One decimal, and two digits of what is rarer than that."""
    return f"{rate:.1%}" if rate >= 0.01 or not rate else f"{100 * rate:.2g}%"
