"""Metric math: the tables and examples of "Metric math syntax and functions", and what is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.alarms.expression import ExpressionError, parse
from local.alarms.metric_math import Metrics, Series, check, evaluate

M1: Series = (1.0, 1.0, 0.0, 0.0, None)
M2: Series = (30.0, None, 0.0, 0.0, 30.0)
M3: Series = (0.0, 0.0, 20.0, None, 20.0)


def value(expression: str, period: int = 60, **series: Series) -> Series:
    length = len(next(iter(series.values())))
    return evaluate("result", Metrics(series, {"result": expression}, period, length))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("IF(m1, m2, m3)", (30, 0, 20, None, None)),
        ("IF(m1, 5, m3)", (5, 5, 20, None, None)),
        ("IF(m1, m2, 5)", (30, 0, 5, 5, None)),
        ("IF(m1, m2)", (30, 0, None, None, None)),
        ("IF(1, m2, m3)", (30, 0, 0, 0, 30)),
        ("IF(0, m2, m3)", (0, 0, 20, None, 20)),
    ],
)
def test_chooses_as_the_tables_of_if_say(expression: str, expected: Series) -> None:
    assert value(expression, m1=M1, m2=M2, m3=M3) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("metric1 < metric2", (0, 0, 1, 0)),
        ("metric1 >= 30", (1, 0, 0, 0)),
        ("metric1 > 15 AND metric2 > 15", (1, 0, 0, 0)),
    ],
)
def test_compares_as_the_table_of_operators_says(expression: str, expected: Series) -> None:
    assert value(expression, metric1=(30, 20, 0, 0), metric2=(20, None, 20, None)) == expected


def test_counts_a_missing_datapoint_as_zero_beside_a_present_one() -> None:
    assert value("errors / invocations", errors=(1, None, 2, None), invocations=(4, 5, None, None)) == (
        0.25,
        0,
        None,
        None,
    )


def test_drops_a_datapoint_that_would_divide_by_zero() -> None:
    assert value("a / b", a=(1, 1), b=(0, 2)) == (None, 0.5)


def test_drops_all_where_a_scalar_would_divide_by_zero() -> None:
    assert value("a * (SUM(a) / SUM(b))", a=(1, 1), b=(0, 0)) == (None, None)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("FILL(m, 0)", (0, 2, 0, 0, 8)),
        ("FILL(m, REPEAT)", (None, 2, 2, 2, 8)),
        ("FILL(m, LINEAR)", (None, 2, 4, 6, 8)),
        ("FILL(m, n)", (9, 2, 9, 9, 8)),
        ("FILL(m, MIN(m))", (2, 2, 2, 2, 8)),
    ],
)
def test_fills_in_missing_datapoints(expression: str, expected: Series) -> None:
    assert value(expression, m=(None, 2, None, None, 8), n=(9, 9, 9, 9, 9)) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("SUM(METRICS())", (33.0, 4.0)),
        ("SUM([e1, e2])", (3.0, 4.0)),
        ('SUM(METRICS("e"))', (3.0, 4.0)),
        ('SUM([METRICS("e1"), METRICS("n")])', (31.0, 4.0)),
        ("AVG([e1, e2])", (1.5, 2.0)),
        ("MAX([e1, e2])", (2.0, 4.0)),
        ("MIN([e1, e2])", (1.0, 4.0)),
        ("DATAPOINT_COUNT([e1, e2])", (2.0, 1.0)),
        ("e1 - AVG(e1)", (-1.5, 1.5)),
        ("e1 / METRIC_COUNT(METRICS())", (1 / 3, 4 / 3)),
        ("SUM(100 / [e1, n])", (100 + 100 / 30, 25.0)),
        ("e1 * PERIOD(e1) / 60", (1.0, 4.0)),
        ("ABS(-e1)", (1.0, 4.0)),
        ("CEIL(e1 / 8)", (1.0, 1.0)),
        ("FLOOR(e1 / 8)", (0.0, 0.0)),
        ("DIFF(e1)", (None, 3.0)),
        ("RATE(e1)", (None, 0.05)),
        ("TIME_SERIES(7)", (7.0, 7.0)),
    ],
)
def test_knows_the_functions_that_our_alarms_use(expression: str, expected: Series) -> None:
    result = value(expression, e1=(1.0, 4.0), e2=(2.0, None), n=(30.0, None))

    assert result == pytest.approx(expected)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 + 2 * 3 + m", 7.0),
        ("(1 + 2) * 3 + m", 9.0),
        ("2 ^ 3 ^ 2 + m", 512.0),
        ("-2 ^ 2 + m", -4.0),
        ("8 / 4 / 2 + m", 1.0),
        ("1 > 2 OR 2 > 1 && 0 == 0 + m", 1.0),
        ("m + 1.5e2", 150.0),
    ],
)
def test_binds_operators_as_usual(expression: str, expected: float) -> None:
    assert value(expression, m=(0.0,)) == (expected,)


def test_uses_other_expressions_by_their_id() -> None:
    metrics = Metrics({"m": (2.0,)}, {"double": "m * 2", "result": "double + 1"}, 60, 1)

    assert evaluate("result", metrics) == (5.0,)


def test_takes_an_array_of_one_for_a_time_series() -> None:
    assert value("METRICS() * 2", m=(3.0,)) == (6.0,)


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("ANOMALY_DETECTION_BAND(m1)", "ANOMALY_DETECTION_BAND is not supported"),
        ("SEARCH('{AWS/Lambda}', 'Sum')", "SEARCH is not supported"),
        ("m1 +", "ends too early"),
        ("m1 m2", "unexpected 'm2'"),
        ("(m1", "expected '\\)', got 'its end'"),
        ("m1 $ 2", "can't read '\\$ 2'|can't read ' \\$ 2'"),
        ("m9 * 2", "no metric or expression has the id 'm9'"),
        ("AVG(m1)", "gives a scalar"),
        ("METRICS()", "gives several time series"),
        ("METRICS() + METRICS()", "between two arrays"),
        ("IF(METRICS(), 1, 0)", "IF takes"),
        ("FILL(m1, METRICS())", "FILL takes one filler"),
        ("FILL(m1)", "FILL takes 2 to 2 arguments, got 1"),
        ("FILL(1, 0) + m1", "the scalar 1.0 stands where a time series must"),
        ("TIME_SERIES(m1)", "needs a scalar"),
        ('"text" + m1', "has no value"),
        ("__import__('os')", "can't read"),
        ("(" * 60 + "m1" + ")" * 60, "nested deeper"),
        ("-" * 60 + "m1", "nested deeper"),
        ("result + 1", "circle"),
    ],
)
def test_refuses_what_could_never_be_evaluated(expression: str, complaint: str) -> None:
    with pytest.raises(ExpressionError, match=complaint):
        check("result", ("m1", "m2"), {"result": expression}, 60)


numbers = st.floats(-1e3, 1e3).map(lambda number: round(number, 2))
leaves = st.one_of(numbers.map(lambda number: f"({number})"), st.just("m"))
formulas = st.recursive(
    leaves, lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda p: f"({' '.join(p)})")
)


@given(formulas, numbers)
def test_calculates_as_python_does(formula: str, m: float) -> None:
    (result,) = value(f"TIME_SERIES(0) + {formula}", m=(m,))

    assert result == pytest.approx(eval(formula, {"m": m}), nan_ok=True)


@given(st.text(alphabet='m1+-*/()[],. ANDIF"<>=&|^', max_size=30))
def test_parses_or_refuses_any_text(text: str) -> None:
    with contextlib.suppress(ExpressionError):
        parse(text)
