"""Which of two rates is larger: the evidence, and what it promises to who looks all the time."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from itertools import product

import pytest
from scipy.stats import binom

from heirloom.core.release.sequential import Counts, evidence_above, evidence_below
from tests.unit.release.by_definition import log_evidence

# Events and totals of the champion, then of the canary, that point away from "no worse".
WORSE = [
    ((12, 990), (23, 110)),
    ((0, 50), (3, 5)),
    ((1, 900), (2, 100)),
    ((0, 1), (1, 1)),
    ((40, 100), (70, 100)),
    ((100, 1000), (20, 20)),
]
NO_WORSE = [
    ((12, 990), (1, 410), 0.01),
    ((0, 500), (0, 60), 0.05),
    ((300, 900), (20, 100), 0.01),
    ((50, 50), (20, 20), 0.05),
    ((3, 40), (1, 30), 0.2),
    ((300, 900), (10, 100), 0.0),
]


@cache
def above(champion: tuple[int, int], canary: tuple[int, int]) -> float:
    return evidence_above(Counts(*champion), Counts(*canary))


@cache
def below(champion: tuple[int, int], canary: tuple[int, int]) -> float:
    """With a margin of 0.4."""
    return evidence_below(Counts(*champion), Counts(*canary), 0.4)


@pytest.mark.parametrize(("champion", "canary"), WORSE)
def test_evidence_of_worse_is_the_least_over_all_pairs_of_rates(
    champion: tuple[int, int], canary: tuple[int, int]
) -> None:
    assert evidence_above(Counts(*champion), Counts(*canary)) == pytest.approx(log_evidence(champion, canary), abs=1e-4)


@pytest.mark.parametrize(("champion", "canary", "margin"), NO_WORSE)
def test_evidence_of_no_worse_is_the_least_over_all_pairs_of_rates(
    champion: tuple[int, int], canary: tuple[int, int], margin: float
) -> None:
    found = evidence_below(Counts(*champion), Counts(*canary), margin)

    assert found == pytest.approx(max(0, log_evidence(champion, canary, margin)), abs=1e-4)


@pytest.mark.parametrize(
    ("champion", "canary"),
    [((0, 0), (5, 5)), ((1, 10), (0, 0)), ((1, 10), (1, 10)), ((9, 10), (1, 10)), ((0, 9), (0, 9))],
)
def test_there_is_no_evidence_of_worse_where_nothing_points_to_it(
    champion: tuple[int, int], canary: tuple[int, int]
) -> None:
    assert evidence_above(Counts(*champion), Counts(*canary)) == 0


@pytest.mark.parametrize(
    ("champion", "canary"),
    [((0, 0), (0, 5)), ((1, 10), (0, 0)), ((0, 0), (0, 0)), ((1, 10), (5, 10)), ((0, 10), (1, 10))],
)
def test_there_is_no_evidence_of_no_worse_where_nothing_points_to_it(
    champion: tuple[int, int], canary: tuple[int, int]
) -> None:
    assert evidence_below(Counts(*champion), Counts(*canary), 0.1) == 0


def test_evidence_grows_with_what_it_is_made_of() -> None:
    champion = Counts(10, 1000)
    by_errors = [evidence_above(champion, Counts(events, 100)) for events in range(2, 30)]
    by_size = [evidence_above(Counts(10 * times, 1000 * times), Counts(5 * times, 100 * times)) for times in (1, 4, 16)]
    fine = [evidence_below(Counts(total // 10, 10 * total), Counts(total // 100, total), 0.02) for total in (500, 1000)]

    assert by_errors == sorted(by_errors)
    assert by_errors[0] < math.log(20) < by_errors[10]
    assert by_size == sorted(by_size)
    assert fine[0] < fine[1]


def test_millions_of_requests_are_no_trouble() -> None:
    champion, canary = Counts(90_000, 90_000_000), Counts(11_000, 10_000_000)

    assert evidence_above(champion, canary) > math.log(60)
    assert evidence_below(champion, canary, 0.01) > 1000


LEVEL = 0.25


def most_often(evidence: Callable[[tuple[int, int], tuple[int, int]], float], p: float, q: float) -> float:
    """How often the evidence is ever at LEVEL, at the most.

    Exactly, over every course of 11 requests: an adversary picks each arm and has seen all outcomes before.
    """

    @cache
    def most(champion: tuple[int, int], canary: tuple[int, int]) -> float:
        """From these counts on."""
        if evidence(champion, canary) >= math.log(1 / LEVEL):
            return 1.0
        if champion[1] + canary[1] == 11:
            return 0.0
        (x, n), (y, m) = champion, canary
        ask_champion = p * most((x + 1, n + 1), canary) + (1 - p) * most((x, n + 1), canary)
        ask_canary = q * most(champion, (y + 1, m + 1)) + (1 - q) * most(champion, (y, m + 1))
        return max(ask_champion, ask_canary)

    return most((0, 0), (0, 0))


@pytest.mark.parametrize(("p", "q"), [(0.05, 0.05), (0.3, 0.3), (0.3, 0.2), (0.7, 0.7)])
def test_evidence_of_worse_is_rare_whoever_chooses_the_arms_and_when_to_stop(p: float, q: float) -> None:
    assert 0 < most_often(above, p, q) <= LEVEL


@pytest.mark.parametrize(("p", "q"), [(0.05, 0.45), (0.5, 0.9), (0.3, 0.8)])
def test_evidence_of_no_worse_is_rare_whoever_chooses_the_arms_and_when_to_stop(p: float, q: float) -> None:
    assert 0 < most_often(below, p, q) <= LEVEL


@pytest.mark.parametrize(("p", "q", "margin"), [(0.1, 0.1, 0.0), (0.2, 0.1, 0.0), (0.05, 0.25, 0.2), (0.1, 0.4, 0.2)])
def test_what_is_expected_of_the_evidence_is_at_most_one(p: float, q: float, margin: float) -> None:
    """Of counts of a fixed size, summed over all of them; evidence of 0 is none."""
    total = 0.0
    for x, y in product(range(31), range(9)):
        champion, canary = Counts(x, 30), Counts(y, 8)
        found = evidence_below(champion, canary, margin) if margin else evidence_above(champion, canary)
        total += binom.pmf(x, 30, p) * binom.pmf(y, 8, q) * (math.exp(found) if found else 0.0)

    assert 0.01 < total <= 1
