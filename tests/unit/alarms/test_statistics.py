"""The statistics of a period: CloudWatch statistics definitions."""

from __future__ import annotations

import statistics as stdlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.alarms.statistics import Sample, is_supported, percentile_of, statistic

values = st.lists(st.floats(0, 1e6), min_size=1, max_size=50)


def seen(value: float, count: float = 1.0) -> Sample:
    return Sample(0.0, count, value * count, value, value)


@pytest.mark.parametrize(
    ("name", "expected"), [("Sum", 9.0), ("Average", 3.0), ("Minimum", 1.0), ("Maximum", 6.0), ("SampleCount", 3.0)]
)
def test_computes_the_basic_statistics(name: str, expected: float) -> None:
    assert statistic(name, [seen(1.0), seen(2.0), seen(6.0)]) == expected


def test_counts_a_value_as_often_as_it_was_seen() -> None:
    assert statistic("Average", [seen(1.0, 3.0), seen(5.0)]) == 2.0


def test_adds_up_statistic_sets() -> None:
    published = Sample(0.0, count=4.0, total=10.0, low=1.0, high=4.0)

    assert [statistic(name, [published, seen(6.0)]) for name in ("Sum", "Average", "Maximum")] == [16.0, 3.2, 6.0]


@pytest.mark.parametrize(("name", "rank"), [("p95", 95.0), ("p99.9", 99.9), ("P50", 50.0), ("p100", 100.0)])
def test_reads_percentiles(name: str, rank: float) -> None:
    assert percentile_of(name) == rank


@pytest.mark.parametrize("name", ["p101", "tm90", "TC(10%:90%)", "IQM", "p", "95", "average"])
def test_does_not_claim_other_statistics(name: str) -> None:
    assert not is_supported(name)


def test_computes_a_percentile_of_a_hundred_values() -> None:
    assert statistic("p95", [seen(float(value)) for value in range(101)]) == pytest.approx(95.0)


@pytest.mark.parametrize(
    "sample", [seen(-1.0), Sample(0.0, 2.0, 3.0, 1.0, 2.0)], ids=["a negative value", "a set of different values"]
)
def test_has_no_percentile_of_what_aws_has_none_of(sample: Sample) -> None:
    assert statistic("p95", [seen(1.0), sample]) is None


@pytest.mark.parametrize("samples", [[], [seen(1.0, 0.0)]])
def test_has_nothing_to_say_of_no_samples(samples: list[Sample]) -> None:
    assert statistic("Sum", samples) is None


@given(values)
def test_median_is_the_median(numbers: list[float]) -> None:
    assert statistic("p50", [seen(number) for number in numbers]) == pytest.approx(stdlib.median(numbers))


@given(values, st.integers(1, 5))
def test_a_count_is_the_same_as_repeating_the_value(numbers: list[float], count: int) -> None:
    counted = [seen(number, float(count)) for number in numbers]
    repeated = [seen(number) for number in numbers for _ in range(count)]

    assert statistic("p90", counted) == pytest.approx(statistic("p90", repeated))
