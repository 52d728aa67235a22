"""Alarm evaluation against the tables of the CloudWatch user guide, and laws that hold for any datapoints.

"Configuring how CloudWatch alarms treat missing data": 0 is a good datapoint, X a breaching one, - a missing one, the
latest on the right; the evaluation range is 5, EvaluationPeriods 3.
"""

from __future__ import annotations

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.alarms.evaluation import COMPARISONS, Datapoint, Missing, Rule, State, decide, low_sample_limit

TREATMENTS: tuple[Missing, ...] = ("missing", "ignore", "breaching", "notBreaching")
RETAIN = "RETAIN"
ALL_OK, ALL_ALARM = ("OK",) * 4, ("ALARM",) * 4

THREE_OF_THREE = [
    ("0 - X - X", ALL_OK),
    ("0 - - - -", ALL_OK),
    ("- - - - -", ("INSUFFICIENT_DATA", RETAIN, "ALARM", "OK")),
    ("0 X X - X", ALL_ALARM),
    ("- - X - -", ("ALARM", RETAIN, "ALARM", "OK")),
    # From an earlier edition of the page; the current one says of the last only that it is not ALARM yet.
    ("X - - - -", ("ALARM", RETAIN, "ALARM", "OK")),
    ("- - - - X", ("INSUFFICIENT_DATA", RETAIN, "ALARM", "OK")),
]
TWO_OF_THREE = [
    ("0 - X - X", ALL_ALARM),
    ("0 0 X 0 X", ALL_ALARM),
    ("0 - X - -", ("OK", "OK", "ALARM", "OK")),
    ("- - - - 0", ("OK", "OK", "ALARM", "OK")),
    ("- - - X -", ("ALARM", RETAIN, "ALARM", "OK")),
]
CASES = [
    (row, m, missing, states[i])
    for m, table in ((3, THREE_OF_THREE), (2, TWO_OF_THREE))
    for row, states in table
    for i, missing in enumerate(TREATMENTS)
]


def window(row: str) -> list[Datapoint | None]:
    values = {"0": 0.0, "X": 9.0}
    return [Datapoint(60.0 * i, values[mark]) if mark in values else None for i, mark in enumerate(row.split())]


def rule(m: int = 3, n: int = 3, missing: Missing = "missing", **more: float) -> Rule:
    return Rule("GreaterThanThreshold", 5.0, n, m, missing, **more)


@pytest.mark.parametrize(("row", "m", "missing", "state"), CASES)
@pytest.mark.parametrize("current", ["OK", "ALARM", "INSUFFICIENT_DATA"])
def test_gives_the_state_of_aws_table(row: str, m: int, missing: Missing, state: str, current: State) -> None:
    verdict = decide(window(row), rule(m, missing=missing), current)

    assert verdict.state == (current if state == RETAIN else state)


@pytest.mark.parametrize(("row", "filled"), [("0 - X - X", 0), ("0 - - - -", 2), ("- - - - -", 3), ("0 - X - -", 1)])
def test_fills_in_as_few_datapoints_as_possible(row: str, filled: int) -> None:
    assert decide(window(row), rule(), "OK").filled == filled


def test_names_the_datapoints_that_it_rests_on() -> None:
    verdict = decide(window("0 X X - X"), rule(), "OK")

    assert [point.start for point in verdict.evaluated] == [60.0, 120.0, 240.0]


@pytest.mark.parametrize("row", ["- - - - X", "- - - X -"])
def test_does_not_go_to_alarm_before_a_good_datapoint_can_still_come(row: str) -> None:
    assert decide(window(row), rule(3), "OK").state != "ALARM"


@pytest.mark.parametrize(
    ("name", "compare"),
    [
        ("GreaterThanThreshold", operator.gt),
        ("GreaterThanOrEqualToThreshold", operator.ge),
        ("LessThanThreshold", operator.lt),
        ("LessThanOrEqualToThreshold", operator.le),
    ],
)
@pytest.mark.parametrize("value", [4.9, 5.0, 5.1])
def test_compares_the_statistic_with_the_threshold(name: str, compare: object, value: float) -> None:
    verdict = decide([Datapoint(0.0, value)], Rule(name, 5.0, 1, 1), "INSUFFICIENT_DATA")

    assert COMPARISONS[name] is compare
    assert verdict.state == ("ALARM" if COMPARISONS[name](value, 5.0) else "OK")


@pytest.mark.parametrize(
    ("percentile", "limit"), [(99.0, 1000.0), (50.0, 20.0), (95.0, 200.0), (10.0, 100.0), (100.0, 0.0)]
)
def test_knows_how_many_samples_a_percentile_needs(percentile: float, limit: float) -> None:
    assert low_sample_limit(percentile) == pytest.approx(limit)


@pytest.mark.parametrize("current", ["OK", "ALARM", "INSUFFICIENT_DATA"])
def test_keeps_its_state_while_samples_are_too_few_for_the_percentile(current: State) -> None:
    few = [Datapoint(0.0, 9.0, samples=199.0)]

    assert decide(few, rule(1, 1, low_samples_below=200.0), current).state == current


def test_evaluates_a_percentile_once_samples_are_enough() -> None:
    enough = [Datapoint(0.0, 9.0, samples=200.0)]

    assert decide(enough, rule(1, 1, low_samples_below=200.0), "OK").state == "ALARM"


marks = st.lists(st.sampled_from("0X-"), min_size=5, max_size=5).map(" ".join)
states = st.sampled_from(["OK", "ALARM", "INSUFFICIENT_DATA"])


@given(marks, st.integers(1, 3), states)
def test_treatment_never_matters_where_enough_datapoints_are(row: str, m: int, current: State) -> None:
    outcomes = {decide(window(row), rule(m, missing=missing), current).state for missing in TREATMENTS}

    assert len(outcomes) == 1 or row.count("-") > 2


@given(marks, st.integers(1, 3), states)
def test_enough_breaching_datapoints_always_alarm(row: str, m: int, current: State) -> None:
    latest = [mark for mark in row.split() if mark != "-"][-3:]
    if latest.count("X") >= m:
        assert all(decide(window(row), rule(m, missing=each), current).state == "ALARM" for each in TREATMENTS)


@given(marks, st.integers(1, 3), st.sampled_from(TREATMENTS), states)
def test_evaluating_again_changes_nothing(row: str, m: int, missing: Missing, current: State) -> None:
    once = decide(window(row), rule(m, missing=missing), current).state

    assert decide(window(row), rule(m, missing=missing), once).state == once
