"""StateReason and StateReasonData, word for word as CloudWatch writes them."""

from __future__ import annotations

import json

import pytest

from local.alarms.evaluation import Datapoint, Missing, Rule, State, Verdict
from local.alarms.reasons import state_reason, state_reason_data

# 2 October 2019, 16:59:00 UTC: the time in AWS's example of an event.
MOMENT = 1570035540.0


def rule(periods: int = 1, to_alarm: int = 1, missing: Missing = "missing") -> Rule:
    return Rule("GreaterThanThreshold", 50.0, periods, to_alarm, missing)


def reason(state: State, values: list[float], at: Rule, *, m_out_of_n: bool = False) -> str:
    points = tuple(Datapoint(MOMENT + 60 * i, value) for i, value in enumerate(values))
    return state_reason(Verdict(state, points, at.periods - len(points)), at, m_out_of_n=m_out_of_n)


@pytest.mark.parametrize(
    ("state", "values", "at", "m_out_of_n", "expected"),
    [
        (
            "ALARM",
            [99.50160229693434],
            rule(),
            True,
            "Threshold Crossed: 1 out of the last 1 datapoints [99.50160229693434 (02/10/19 16:59:00)] was greater "
            "than the threshold (50.0) (minimum 1 datapoint for OK -> ALARM transition).",
        ),
        (
            "OK",
            [60.0, 70.0, 1.0],
            rule(3, 3),
            True,
            "Threshold Crossed: 1 out of the last 3 datapoints [1.0 (02/10/19 17:01:00)] was not greater than the "
            "threshold (50.0) (minimum 1 datapoint for ALARM -> OK transition).",
        ),
        (
            "ALARM",
            [60.0, 70.0],
            rule(2, 2),
            False,
            "Threshold Crossed: 2 datapoints [70.0 (02/10/19 17:00:00), 60.0 (02/10/19 16:59:00)] were greater than "
            "the threshold (50.0).",
        ),
        (
            "ALARM",
            [613.0],
            rule(20, 1, "notBreaching"),
            True,
            "Threshold Crossed: 1 out of the last 20 datapoints [613.0 (02/10/19 16:59:00)] was greater than the "
            "threshold (50.0) and 19 missing datapoints were treated as [NonBreaching] (minimum 1 datapoint for "
            "OK -> ALARM transition).",
        ),
        (
            "ALARM",
            [],
            rule(2, 2, "breaching"),
            False,
            "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints "
            "were treated as [Breaching].",
        ),
        (
            "OK",
            [],
            rule(1, 1, "notBreaching"),
            False,
            "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint "
            "was treated as [NonBreaching].",
        ),
        ("INSUFFICIENT_DATA", [], rule(), False, "Insufficient Data: 1 datapoint was unknown."),
        ("INSUFFICIENT_DATA", [], rule(3, 3), False, "Insufficient Data: 3 datapoints were unknown."),
    ],
)
def test_words_the_reason_as_cloudwatch_does(
    state: State, values: list[float], at: Rule, m_out_of_n: bool, expected: str
) -> None:
    assert reason(state, values, at, m_out_of_n=m_out_of_n) == expected


def test_gives_the_reason_as_data_too() -> None:
    verdict = Verdict("ALARM", (Datapoint(MOMENT, 99.5, 3.0), Datapoint(MOMENT + 60, 98.5, 1.0)), 1)
    metric = {"unit": "Percent", "statistic": "Average", "period": 60}

    data = state_reason_data(verdict, rule(3, 2), MOMENT + 340.985, metric, [MOMENT - 60, MOMENT - 120])

    assert json.loads(data) == {
        "version": "1.0",
        "queryDate": "2019-10-02T17:04:40.985+0000",
        "startDate": "2019-10-02T16:59:00.000+0000",
        "unit": "Percent",
        "statistic": "Average",
        "period": 60,
        "recentDatapoints": [99.5, 98.5],
        "threshold": 50.0,
        "evaluatedDatapoints": [
            {"timestamp": "2019-10-02T17:00:00.000+0000", "sampleCount": 1.0, "value": 98.5},
            {"timestamp": "2019-10-02T16:59:00.000+0000", "sampleCount": 3.0, "value": 99.5},
            {"timestamp": "2019-10-02T16:58:00.000+0000"},
        ],
    }
