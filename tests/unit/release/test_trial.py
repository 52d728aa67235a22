"""A trial from its first batch to its verdict, and what a crash between two steps leaves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heirloom.adapters.memory import MemoryAnswers, MemoryTrials
from heirloom.core.errors import Unavailable
from heirloom.core.release.trial import Arm, Rules, Tally, Trial, conclude, observe
from heirloom.core.release.verdict import Verdict

TRIAL = Trial("wine-3", "wine", 2, 3, Rules(), "token-1", "2026-11-23T15:00:00.000Z")
NOW = "2026-11-23T16:00:00.000Z"
FINE = Tally(Arm(requests=9), Arm(requests=1))
BAD = Tally(Arm(requests=990, errors=12), Arm(requests=110, errors=23))
REASON = "errors: 23 of 110 requests failed (20.9%) against 12 of 990 (1.2%)"
WORSE = Verdict("worse", REASON, "errors", NOW)


@pytest.fixture
def trials() -> MemoryTrials:
    opened = MemoryTrials()
    opened.open(TRIAL)
    return opened


@pytest.fixture
def answers() -> MemoryAnswers:
    return MemoryAnswers()


def test_counts_add_up_field_by_field() -> None:
    one = Tally(Arm(1, 2, 3, 4, 5, 6), Arm(10, 20, 30, 40, 50, 60))
    other = Tally(Arm(100, 200, 300, 400, 500, 600), Arm(6, 7, 8, 9, 10, 11))

    assert one + other == Tally(Arm(101, 202, 303, 404, 505, 606), Arm(16, 27, 38, 49, 60, 71))
    assert one + Tally() == one


def test_nobody_is_told_before_there_is_a_verdict(trials: MemoryTrials, answers: MemoryAnswers) -> None:
    verdict = observe("wine-3", "batch-1", FINE, trials, answers, NOW)

    assert verdict is not None
    assert (verdict.outcome, verdict.at) == ("undecided", None)
    assert trials.get("wine-3") == replace(TRIAL, tally=FINE)
    assert answers.sent == {}


def test_the_batch_that_decides_ends_the_trial(trials: MemoryTrials, answers: MemoryAnswers) -> None:
    observe("wine-3", "batch-1", FINE, trials, answers, NOW)

    verdict = observe("wine-3", "batch-2", BAD, trials, answers, NOW)

    reason = "errors: 23 of 111 requests failed (20.7%) against 12 of 999 (1.2%)"
    assert verdict == Verdict("worse", reason, "errors", NOW)
    assert trials.get("wine-3") == replace(TRIAL, tally=FINE + BAD, verdict=verdict)
    assert answers.sent == {"token-1": {"outcome": "worse", "reason": reason}}


def test_a_batch_that_comes_again_counts_once(trials: MemoryTrials, answers: MemoryAnswers) -> None:
    for _ in range(50):
        observe("wine-3", "batch-1", Tally(Arm(requests=9), Arm(requests=1, errors=1)), trials, answers, NOW)

    trial = trials.get("wine-3")
    assert trial is not None
    assert trial.tally.canary == Arm(requests=1, errors=1)
    assert trial.verdict is None


def test_a_verdict_that_stands_is_sent_again(trials: MemoryTrials) -> None:
    class Failing(MemoryAnswers):
        def send(self, token: str, document: object) -> None:
            raise Unavailable("answering a task token: no answer")

    with pytest.raises(Unavailable):
        observe("wine-3", "batch-1", BAD, trials, Failing(), NOW)
    answers = MemoryAnswers()

    verdict = observe("wine-3", "batch-1", BAD, trials, answers, "2026-11-23T17:00:00.000Z")

    assert verdict == WORSE
    assert answers.sent == {"token-1": {"outcome": "worse", "reason": REASON}}


def test_what_comes_after_the_verdict_changes_nothing(trials: MemoryTrials, answers: MemoryAnswers) -> None:
    observe("wine-3", "batch-1", BAD, trials, answers, NOW)

    after = observe("wine-3", "batch-2", Tally(Arm(90_000), Arm(900_000)), trials, answers, NOW)

    assert after == WORSE


@pytest.mark.parametrize("stands", [WORSE, Verdict("superseded", "stop by ana: enough seen", at=NOW)])
def test_the_verdict_that_stands_is_told_whatever_the_counts_say(
    trials: MemoryTrials, answers: MemoryAnswers, stands: Verdict
) -> None:
    trials.decide("wine-3", stands)

    assert observe("wine-3", "batch-1", FINE, trials, answers, NOW) == stands
    assert answers.sent == {"token-1": {"outcome": stands.outcome, "reason": stands.reason}}


def test_a_trial_whose_time_is_over_is_decided_by_no_batch(trials: MemoryTrials, answers: MemoryAnswers) -> None:
    over = trials.decide("wine-3", Verdict("undecided", "no verdict within 60 seconds", at=NOW))

    assert observe("wine-3", "batch-1", BAD, trials, answers, NOW) == over
    assert answers.sent == {}


def test_a_trial_that_nobody_opened_is_not_judged(answers: MemoryAnswers) -> None:
    assert observe("beer-1", "batch-1", BAD, MemoryTrials(), answers, NOW) is None
    assert answers.sent == {}


def test_of_two_verdicts_the_first_is_told(trials: MemoryTrials, answers: MemoryAnswers) -> None:
    seen_before = trials.get("wine-3")
    assert seen_before is not None
    observe("wine-3", "batch-1", BAD, trials, answers, NOW)
    again = MemoryAnswers()

    stands = conclude(seen_before, Verdict("superseded", "promote by ana: enough seen"), trials, again, NOW)

    assert stands == WORSE
    assert again.sent == {"token-1": {"outcome": "worse", "reason": REASON}}
