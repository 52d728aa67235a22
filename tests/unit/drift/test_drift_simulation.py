"""A small run of tests/bench/drift.py: days without a change, days with one, and what is promised of both."""

from __future__ import annotations

import numpy as np
import pytest

from heirloom.core.drift.day import Day
from heirloom.core.drift.divergence import divergence
from heirloom.core.project.definition import Drift
from tests.bench.drift_days import SHIFTS, Drawn, Sampled, draw, looks, plain_p, plain_psi
from tests.bench.drift_tails import p_values

LEVEL = 0.1
DAYS = 40


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20261128)


def found(rng: np.random.Generator, drawn: Drawn, most: int, drift: Drift) -> tuple[str, ...]:
    """What has drifted by the end of a day of ``most`` rows."""
    day, sampled = Day("2026-11-28"), Sampled(drawn)
    for rows in looks(most):
        day, _ = day.take(sampled.go_on(rng, rows), drawn.profile, drift)
    return day.drifted


def test_days_without_a_change_seldom_raise_any_alert(rng: np.random.Generator) -> None:
    """At ten times the level of the default: fewer days say as much. P(9 or more of 40 at 10%) is 1%."""
    alerts = sum(bool(found(rng, draw(rng, 2_000), 3_200, Drift(level=LEVEL, psi=0.01))) for _ in range(DAYS))

    assert alerts <= 8


def test_the_rules_of_thumb_alert_on_most_days_without_a_change(rng: np.random.Generator) -> None:
    drawn = [draw(rng, 20_000) for _ in range(10)]
    counts = [Sampled(each).go_on(rng, 100) for each in drawn]

    assert sum(bool(plain_psi(each.profile, each_counts)) for each, each_counts in zip(drawn, counts, strict=True)) >= 8
    assert sum(bool(plain_p(each.profile, each_counts)) for each, each_counts in zip(drawn, counts, strict=True)) >= 3


@pytest.mark.parametrize("name", [name for name in SHIFTS if "0.25" not in name])
def test_planted_changes_are_found_and_nothing_else(rng: np.random.Generator, name: str) -> None:
    column, shift = SHIFTS[name]
    days = [found(rng, draw(rng, 20_000).shifted(column, shift), 3_200, Drift()) for _ in range(6)]

    assert all(column in day for day in days)
    assert sum(len(day) - 1 for day in days) <= 1


def test_a_small_change_is_found_where_the_project_asks_for_it(rng: np.random.Generator) -> None:
    column, shift = SHIFTS["mean + 0.25 deviations"]
    drawn = [draw(rng, 20_000).shifted(column, shift) for _ in range(6)]

    assert sum(column in found(rng, each, 6_400, Drift(psi=0.03)) for each in drawn) == 6
    assert sum(column in found(rng, each, 6_400, Drift(psi=0.2)) for each in drawn) <= 2


def test_arrays_give_the_p_values_that_the_product_gives(rng: np.random.Generator) -> None:
    first, second = rng.multinomial(9_000, [0.1] * 10, 200), rng.multinomial(700, [0.08] * 9 + [0.28], 200)

    *_, found = p_values(first.astype(float), second.astype(float))

    pairs = [list(zip(*samples, strict=True)) for samples in zip(first.tolist(), second.tolist(), strict=True)]
    assert found == pytest.approx([divergence(each).p for each in pairs], rel=1e-9)
