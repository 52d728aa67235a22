"""The e-detector: what it adds up, what it promises, and that it never overflows."""

from __future__ import annotations

import random
from itertools import product
from math import prod

import pytest

from heirloom.core.monitoring.detector import DROPS, MOST, Detector

GOOD, BAD = True, False


def observed(rate: float, outcomes: list[bool]) -> Detector:
    detector = Detector(rate)
    for good in outcomes:
        detector.observe(good)
    return detector


def ratio(rate: float, drop: float, good: bool) -> float:
    """How much likelier an outcome is after the drop than before."""
    after = rate * (1 - drop)
    return after / rate if good else (1 - after) / (1 - rate)


def by_definition(rate: float, outcomes: list[bool]) -> float:
    """Over every drop and every outcome that could have been the first after it: the likelihood ratio."""
    sums = [
        sum(prod(ratio(rate, drop, good) for good in outcomes[first:]) for first in range(len(outcomes)))
        for drop in DROPS
    ]
    return sum(sums) / len(DROPS)


@pytest.mark.parametrize("rate", [0.3, 0.88, 0.999])
def test_is_the_mean_of_the_likelihood_ratios_of_every_beginning_and_every_drop(rate: float) -> None:
    outcomes = [random.Random(7).random() < 0.7 for _ in range(60)]

    assert observed(rate, outcomes).evidence == pytest.approx(by_definition(rate, outcomes))
    assert observed(rate, []).evidence == 0


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.9, 0.999])
@pytest.mark.parametrize("better", [0.0, 0.05, 1.0])
def test_less_the_number_of_outcomes_it_is_a_supermartingale_at_every_rate_that_is_good_enough(
    rate: float, better: float
) -> None:
    """On every path of six outcomes. From this, and nothing else, all guarantees follow."""
    true = rate + better * (1 - rate)
    for path in product([GOOD, BAD], repeat=6):
        before = observed(rate, list(path))
        expected = sum(
            chance * observed(rate, [*path, good]).evidence
            for good, chance in ((GOOD, true), (BAD, 1 - true))
            if chance
        )
        assert expected - 1 <= before.evidence * (1 + 1e-12) + 1e-12
        if not better:
            assert expected - 1 == pytest.approx(before.evidence)


def test_grows_with_the_rate_on_every_path() -> None:
    for path in product([GOOD, BAD], repeat=8):
        evidence = [observed(rate, list(path)).evidence for rate in (0.0, 0.5, 0.8, 0.9, 1.0)]
        assert evidence == sorted(evidence)


@pytest.mark.parametrize("rate", [-0.1, 0.0, 0.5, 0.9999999, 1.0, 1.1])
def test_never_overflows_and_forgets(rate: float) -> None:
    detector = observed(rate, [BAD] * 2000)

    assert 2000 <= detector.evidence <= MOST * (1 + 1e-9)
    for _ in range(10_000):
        detector.observe(GOOD)
    assert detector.evidence < 50


def test_goes_on_from_its_state() -> None:
    half, all_ = [GOOD, BAD, BAD], [GOOD, BAD, BAD, BAD]

    restored = Detector(0.9, observed(0.9, half).to_list())
    restored.observe(BAD)

    assert restored.to_list() == observed(0.9, all_).to_list()


def test_starts_anew_from_the_state_of_another_grid() -> None:
    assert Detector(0.9, [1.0] * 3).evidence == 0


def test_what_it_gives_is_not_its_own() -> None:
    detector = observed(0.9, [BAD])

    detector.to_list().clear()

    assert detector.evidence > 1
