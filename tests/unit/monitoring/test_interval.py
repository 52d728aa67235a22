"""How sure a share is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from heirloom.core.monitoring.interval import interval, lower_bound


@pytest.mark.parametrize(("seen", "total"), [(0, 1), (1, 1), (9, 10), (500, 1000), (999, 1000), (1000, 1000)])
def test_is_wilsons(seen: int, total: int) -> None:
    expected = binomtest(seen, total).proportion_ci(0.95, method="wilson")

    assert interval(seen / total, total) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_of_nothing_all_is_possible() -> None:
    assert interval(0.0, 0) == (0.0, 1.0)
    assert lower_bound(0.9, 0, 0.99) == 0.0


@pytest.mark.parametrize("rows", [500, 2000, 20_000])
@pytest.mark.parametrize("accuracy", [0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.997])
def test_the_lower_bound_of_99_percent_is_too_high_for_one_test_set_of_100(accuracy: float, rows: int) -> None:
    """Over every test set that there can be; the share less so many standard errors is it for up to 22."""
    seen = np.arange(rows + 1)
    bounds = np.array([lower_bound(each / rows, rows, 0.99) for each in seen])

    assert binom.pmf(seen, rows, accuracy)[bounds > accuracy].sum() <= 0.0105
