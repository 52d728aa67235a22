"""The paired test, against the library's own."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from heirloom.core.rollback.paired import LEVEL, Comparison, compared, hopeless, tail


@given(st.integers(0, 3000), st.data())
def test_the_tail_of_a_fair_coin_is_that_of_scipy(tosses: int, data: st.DataObject) -> None:
    heads = data.draw(st.integers(0, tosses))

    assert math.isclose(tail(heads, tosses), binom.sf(heads - 1, tosses, 0.5), rel_tol=1e-8, abs_tol=1e-200)


@pytest.mark.parametrize(("better", "worse"), [(0, 0), (7, 0), (6, 0), (61, 9), (9, 61), (30, 30), (120, 80)])
def test_p_is_that_of_the_exact_one_sided_test(better: int, worse: int) -> None:
    comparison = Comparison(1000, better, worse)
    expected = binomtest(better, better + worse, 0.5, alternative="greater").pvalue if better + worse else 1.0

    assert comparison.p == pytest.approx(expected, rel=1e-9)
    assert comparison.helps == (expected < LEVEL)


def test_only_what_tells_them_apart_counts() -> None:
    pairs = [(True, True)] * 50 + [(False, False)] * 40 + [(False, True)] * 8 + [(True, False)] * 2

    assert compared(pairs) == Comparison(100, better=8, worse=2)


def test_seven_to_nothing_is_enough_and_six_are_not() -> None:
    assert Comparison(7, 7, 0).helps
    assert not Comparison(6, 6, 0).helps


def test_a_version_that_is_no_better_is_taken_to_be_once_in_a_hundred_at_most() -> None:
    """Both are wrong about a tenth of the inputs, each on its own."""
    chance = random.Random(1)
    found = 0
    for _ in range(2000):
        pairs = [(chance.random() > 0.1, chance.random() > 0.1) for _ in range(300)]
        found += compared(pairs).helps

    assert found <= 2000 * LEVEL


@pytest.mark.parametrize("left", [0.6, 0.7, 0.8])
def test_a_version_that_is_plainly_better_is_seen_to_be(left: float) -> None:
    chance = random.Random(2)
    pairs = [(chance.random() < left, chance.random() < 0.9) for _ in range(1000)]

    assert compared(pairs).p < 1e-6


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), st.data())
def test_to_stop_when_it_is_hopeless_changes_no_answer(better: int, worse: int, left: int, data: st.DataObject) -> None:
    speaks, against = data.draw(st.integers(0, left)), data.draw(st.integers(0, 60))
    if hopeless(better, worse, left):
        assert not Comparison(1000, better + speaks, worse + against).helps


@pytest.mark.parametrize(
    ("comparison", "said"),
    [
        (
            Comparison(100, 20, 1),
            "only version 2 is right on 20 of 100 inputs, only version 3 on 1 (p = 1e-05)",
        ),
        (
            Comparison(30, 9, 0, "fast enough"),
            "only version 2 is fast enough on 9 of 30 inputs, only version 3 on 0 (p = 0.002)",
        ),
        (Comparison(0, 0, 0), "versions 2 and 3 could be compared on no input"),
    ],
)
def test_says_what_was_seen(comparison: Comparison, said: str) -> None:
    assert comparison.sentence(2, 3) == said
