"""Effect sizes, their bounds and p-values, beside scipy and beside what they are of samples that are drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2, chi2_contingency

from heirloom.core.drift.chi_square import survival
from heirloom.core.drift.divergence import divergence, log_likelihood_ratio

PAIRS = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=30)
SHIFTED = [(500, 30), (300, 40), (200, 130)]


@pytest.mark.parametrize("freedom", [1, 2, 3, 5, 10, 19, 20, 50, 99, 300, 1001])
def test_the_tail_of_chi_square_is_scipys(freedom: int) -> None:
    for statistic in [*np.linspace(0, 4 * freedom + 60, 200).tolist(), 1e-9, 700.0, 1400.0]:
        assert survival(statistic, freedom) == pytest.approx(chi2.sf(statistic, freedom), rel=1e-11, abs=1e-300)


def test_far_beyond_all_tails_nothing_is_left() -> None:
    assert survival(1e7, 3) == 0.0
    assert survival(-1.0, 3) == 1.0


def test_the_stability_index_is_its_definition_with_half_a_row_in_each_cell() -> None:
    p = np.array([500.5, 300.5, 200.5]) / 1001.5
    q = np.array([30.5, 40.5, 130.5]) / 201.5

    found = divergence(SHIFTED).psi

    assert found.measured == pytest.approx(((q - p) * np.log(q / p)).sum())
    assert found.floor == pytest.approx(2 * (1 / 1000 + 1 / 200))
    assert found.excess == found.measured - found.floor
    assert 0 < found.low < found.excess


def test_jensen_shannon_is_scipys_squared() -> None:
    p, q = (np.array(side) for side in zip(*SHIFTED, (0, 5), (7, 0), strict=True))

    found = divergence([*SHIFTED, (0, 5), (7, 0)]).js

    assert found.measured == pytest.approx(jensenshannon(p, q, base=2) ** 2)
    assert 0 < found.low < found.measured - found.floor


def test_with_enough_rows_p_is_pearsons_or_the_likelihood_ratios() -> None:
    table = np.array(SHIFTED) * 10 + np.array([(0, 400), (0, 2300), (0, 100)])
    pearson, ratio = (
        chi2_contingency(table, correction=False, lambda_=kind).pvalue for kind in (None, "log-likelihood")
    )

    assert divergence(list(map(tuple, table.tolist()))).p == pytest.approx(max(pearson, ratio), rel=0.05)


def test_cells_of_few_rows_are_tested_together() -> None:
    few = [(500, 50), (480, 50), *[(1, 0)] * 19, (1, 3)]

    assert divergence(few).p == pytest.approx(divergence([(500, 50), (480, 50), (20, 3)]).p, rel=0.5)
    assert divergence([(3, 2), (2, 3)]).p == 1.0  # not ten rows of which five are expected


def test_what_is_left_over_is_tested_with_the_largest_cells() -> None:
    """Each of these needs a second one for five rows to be expected, and there are five."""
    first, second = [(30, 9), (30, 3), (31, 1), (31, 1), (32, 1)], [(62, 2), (92, 13)]

    assert divergence(first).p == pytest.approx(divergence(second).p)
    assert divergence(first).p < 0.05


def test_where_the_first_samples_rows_are_given_the_second_ones_do_not_choose_what_is_pooled() -> None:
    """Of twenty bins of 1000 rows each every one is expected to have five of a hundred: whether it has says nothing."""
    uneven = [(1000, rows) for rows in [4, 6] * 10]

    assert divergence(uneven, by_first=True).p == pytest.approx(chi2.sf(20 * 1**2 / 5 / 1.005, 19), rel=0.1)


@pytest.mark.parametrize("pairs", [[], [(0, 0)], [(5, 0), (7, 0)], [(0, 3)]])
def test_nothing_is_known_where_a_sample_is_empty(pairs: list[tuple[int, int]]) -> None:
    found = divergence(pairs)

    assert (found.psi.measured, found.js.measured, found.p) == (0.0, 0.0, 1.0)


@given(PAIRS, st.booleans())
def test_distances_are_in_their_ranges_and_symmetric(pairs: list[tuple[int, int]], by_first: bool) -> None:
    found, mirrored = divergence(pairs, by_first=by_first), divergence([(s, r) for r, s in pairs])

    assert 0 <= found.psi.low <= found.psi.measured < math.inf
    assert 0 <= found.js.low <= found.js.measured <= 1 + 1e-9
    assert 0 <= found.p <= 1
    assert mirrored.psi.measured == pytest.approx(found.psi.measured, abs=1e-9)
    assert mirrored.js.measured == pytest.approx(found.js.measured, abs=1e-9)
    if not by_first:
        assert mirrored.p == pytest.approx(found.p, rel=1e-6, abs=1e-300)


@given(PAIRS)
def test_empty_cells_and_their_order_change_nothing(pairs: list[tuple[int, int]]) -> None:
    found = divergence(pairs)
    other = divergence([(0, 0), *reversed(pairs)])

    assert other.psi.measured == pytest.approx(found.psi.measured, abs=1e-9)
    assert other.p == pytest.approx(found.p, rel=1e-6, abs=1e-300)


@given(PAIRS)
def test_two_distributions_are_never_less_likely_than_one(pairs: list[tuple[int, int]]) -> None:
    assert log_likelihood_ratio(pairs) >= -1e-6


@pytest.mark.parametrize(
    ("shares", "rows", "trained"),
    [
        ([0.05] * 20, 100, 20_000),
        ([0.05] * 20, 5_000, 1_000),
        ([0.05, 0.95], 100, 50_000),
        ([0.05, 0.05, 0.9], 100, 50_000),
        ([0.005, 0.995], 1_000, 50_000),
    ],
)
def test_small_p_values_are_no_more_frequent_than_they_say(shares: list[float], rows: int, trained: int) -> None:
    rng = np.random.default_rng(11)
    trials = 1_000

    found = np.array(
        [
            divergence(zip(first, second, strict=True)).p
            for first, second in zip(
                rng.multinomial(trained, shares, trials).tolist(),
                rng.multinomial(rows, shares, trials).tolist(),
                strict=True,
            )
        ]
    )

    for level in (0.05, 0.01, 0.002):
        allowed = level + 3 * math.sqrt(level / trials)
        assert (found <= level).mean() <= allowed
    assert (found <= 0.05).any()  # and the test is not asleep


def test_the_floor_is_the_noise_and_the_lower_bound_holds() -> None:
    rng = np.random.default_rng(12)
    same, other = np.full(20, 0.05), np.linspace(0.02, 0.08, 20)
    true = ((other - same) * np.log(other / same)).sum()

    noise = [divergence(_drawn(rng, same, same, 5_000, 800)).psi for _ in range(400)]
    apart = [divergence(_drawn(rng, same, other, 5_000, 800)).psi for _ in range(400)]

    assert np.mean([each.measured for each in noise]) == pytest.approx(noise[0].floor, rel=0.05)
    assert np.mean([each.measured - each.floor for each in apart]) == pytest.approx(true, rel=0.06)
    assert 0.93 < np.mean([each.low <= true for each in apart]) < 0.99
    assert np.mean([each.low > 0 for each in noise]) < 0.07


def _drawn(
    rng: np.random.Generator, first: np.ndarray, second: np.ndarray, trained: int, rows: int
) -> list[tuple[int, int]]:
    return list(zip(rng.multinomial(trained, first).tolist(), rng.multinomial(rows, second).tolist(), strict=True))
