"""What the counts of a trial say, in the order in which it matters."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from heirloom.core.release.trial import Arm, Rules, Tally
from heirloom.core.release.verdict import Verdict, judge
from tests.unit.release.by_definition import log_evidence

RULES = Rules(confidence=0.95, tolerance=0.01)
HEALTHY = Tally(Arm(18_000, errors=24, timed=17_000, slow=90), Arm(2_000, errors=3, timed=1_900, slow=9))


def errors(champion: tuple[int, int], canary: tuple[int, int]) -> Tally:
    """(errors, requests) of both."""
    (x, n), (y, m) = champion, canary
    return Tally(Arm(requests=n, errors=x, timed=n), Arm(requests=m, errors=y, timed=m))


def test_a_canary_that_fails_more_is_worse() -> None:
    verdict = judge(errors((12, 990), (23, 110)), RULES)

    reason = "errors: 23 of 110 requests failed (20.9%) against 12 of 990 (1.2%)"
    assert verdict == Verdict("worse", reason, "errors")


def test_a_canary_that_is_slow_more_often_is_worse() -> None:
    verdict = judge(Tally(Arm(requests=1900, timed=1800, slow=3), Arm(requests=290, timed=200, slow=150)), RULES)

    reason = "slow: 150 of 200 timed requests were slow (75.0%) against 3 of 1800 (0.17%)"
    assert verdict == Verdict("worse", reason, "slow")


def test_a_canary_that_is_wrong_more_often_is_worse_whatever_its_requests_say() -> None:
    champion, canary = (
        replace(HEALTHY.champion, labelled=900, wrong=90),
        replace(HEALTHY.canary, labelled=100, wrong=40),
    )

    verdict = judge(Tally(champion, canary), RULES)

    reason = "wrong: 40 of 100 labels differ from the answer (40.0%) against 90 of 900 (10.0%)"
    assert verdict == Verdict("worse", reason, "wrong")


def test_names_the_first_of_the_measures_that_are_worse() -> None:
    verdict = judge(Tally(Arm(900, timed=900), Arm(100, errors=90, timed=100, slow=90)), RULES)

    assert verdict.measure == "errors"


def test_a_canary_that_does_as_well_is_better() -> None:
    reason = (
        "at most 1.0% of the requests worse than the champion: "
        "errors: 3 of 2000 requests failed (0.15%) against 24 of 18000 (0.13%); "
        "slow: 9 of 1900 timed requests were slow (0.47%) against 90 of 17000 (0.53%)"
    )

    assert judge(HEALTHY, RULES) == Verdict("better", reason)


def test_says_what_is_missing() -> None:
    tally = Tally(Arm(9000, errors=9, timed=8000, slow=40), Arm(1000, errors=1, timed=900, slow=9, labelled=12))

    verdict = judge(tally, replace(RULES, min_labels=200))

    reason = (
        "not yet proven to be at most 1.0% of the requests worse than the champion: "
        "slow: 9 of 900 timed requests were slow (1.0%) against 40 of 8000 (0.5%); 12 of 200 labels are there"
    )
    assert verdict == Verdict("undecided", reason)


def test_a_canary_that_was_never_timed_is_neither_slow_nor_promoted() -> None:
    canary = replace(HEALTHY.canary, timed=0, slow=0)

    verdict = judge(replace(HEALTHY, canary=canary), RULES)

    assert verdict.outcome == "undecided"
    assert verdict.reason.endswith("slow: 0 of 0 timed requests were slow (none yet) against 90 of 17000 (0.53%)")


def test_labels_may_be_all_that_is_missing() -> None:
    rules = replace(RULES, min_labels=200)
    labelled = replace(HEALTHY, canary=replace(HEALTHY.canary, labelled=200))

    assert judge(HEALTHY, rules) == Verdict("undecided", "0 of 200 labels are there")
    assert judge(labelled, rules).outcome == "better"


@pytest.mark.parametrize(
    "champion",
    [Arm(), Arm(requests=1_000_000, timed=1_000_000), Arm(requests=1000, errors=900)],
    ids=["silent", "good", "bad"],
)
def test_no_request_neither_passes_nor_fails(champion: Arm) -> None:
    assert judge(Tally(champion=champion), RULES) == Verdict("undecided", "the canary has had no request yet")


def test_a_canary_without_a_champion_to_compare_with_is_undecided() -> None:
    verdict = judge(Tally(canary=Arm(requests=100_000, errors=50_000)), RULES)

    assert verdict.outcome == "undecided"
    assert "50000 of 100000 requests failed (50.0%) against 0 of 0 (none yet)" in verdict.reason


def test_worse_needs_the_evidence_of_one_measure_among_three() -> None:
    """Around the number of errors where the evidence, by definition, passes 3 / alpha."""
    champion, requests = (10, 1000), 100
    enough = math.log(3 / 0.05)
    passes = next(events for events in range(5, requests) if _worse(champion, (events, requests)) >= enough)

    assert judge(errors(champion, (passes - 1, requests)), RULES).outcome == "undecided"
    assert judge(errors(champion, (passes, requests)), RULES).outcome == "worse"
    assert judge(errors(champion, (passes, requests)), replace(RULES, confidence=0.9999)).outcome == "undecided"


def test_better_needs_the_evidence_of_each_measure_alone() -> None:
    """Around the number of requests where the evidence, by definition, passes 1 / alpha."""
    enough = math.log(1 / 0.05)

    def tally(hundreds: int) -> Tally:
        return errors((9 * hundreds, 900 * hundreds), (hundreds, 100 * hundreds))

    def known(hundreds: int) -> float:
        return log_evidence((9 * hundreds, 900 * hundreds), (hundreds, 100 * hundreds), 0.02)

    passes = next(hundreds for hundreds in range(2, 40) if known(hundreds) >= enough)
    rules = replace(RULES, tolerance=0.02)

    assert judge(tally(passes - 1), rules).outcome == "undecided"
    assert judge(tally(passes), rules).outcome == "better"
    assert judge(tally(passes), replace(rules, tolerance=0.01)).outcome == "undecided"


def _worse(champion: tuple[int, int], canary: tuple[int, int]) -> float:
    events, total = canary
    return log_evidence(champion, canary) if events / total > champion[0] / champion[1] else 0.0
