"""The simulation of tests/bench is of the test that ships, and a small one of it holds what docs/canary.md promises."""

from __future__ import annotations

import math

import numpy as np
import pytest

from heirloom.core.release import sequential
from heirloom.core.release.sequential import evidence_above, evidence_below
from heirloom.core.release.trial import Arm, Rules, Tally
from heirloom.core.release.verdict import judge
from tests.bench.canary_paths import (
    BLOCK,
    WORSE,
    Counts,
    better,
    counted,
    evidence,
    first_reached,
    highest,
    in_order,
    most_within,
)

ALPHA = 0.05
ENOUGH = math.log(3 / ALPHA)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20261123)


def arms(counts: Counts) -> list[tuple[sequential.Counts, sequential.Counts]]:
    """Each pair of arms of arrays of counts, as the product takes them."""
    rows = zip(*(array.ravel().astype(int).tolist() for array in vars(counts).values()), strict=True)
    return [(sequential.Counts(x, n), sequential.Counts(y, m)) for x, n, y, m in rows]


def test_arrays_give_what_the_product_gives(rng: np.random.Generator) -> None:
    champion, canary = rng.integers(0, 5000, 300), rng.integers(0, 900, 300)
    rates = rng.choice([0, 0.001, 0.01, 0.1, 0.5, 0.9, 1], (2, 300))
    events = rng.binomial(champion, rates[0]), rng.binomial(canary, rates[1])
    counts = Counts(*(array.astype(float) for array in (events[0], champion, events[1], canary)))

    worse = [evidence_above(*pair) for pair in arms(counts)]
    close = [evidence_below(*pair, 0.05) for pair in arms(counts)]

    assert sum(value > 0 for value in worse) > 50
    assert sum(value > 0 for value in close) > 50
    assert evidence(WORSE, counts) == pytest.approx(worse, rel=1e-9, abs=1e-9)
    assert evidence(better(0.05), counts) == pytest.approx(close, rel=1e-9, abs=1e-9)


def test_finds_the_first_look_that_decides(rng: np.random.Generator) -> None:
    counts = counted(rng, 12, 60, 10, 0.1, (0.02, 0.14))

    looks = np.array([evidence_above(*pair) >= ENOUGH for pair in arms(counts)]).reshape(12, 60)

    expected = np.where(looks.any(axis=1), looks.argmax(axis=1), 60)
    assert first_reached([(WORSE, counts)], ENOUGH).tolist() == expected.tolist()
    assert 0 < (expected == 60).sum() < 12


def test_a_block_that_is_passed_over_could_not_have_decided(rng: np.random.Generator) -> None:
    """The bound holds for every request of every block, in an order that is drawn."""
    drawn = tuple(np.array(part) for part in zip(*(draw_block(rng) for _ in range(400)), strict=True))
    starts = tuple(rng.integers(0, 40, 400) for _ in range(4))
    before = Counts(
        *(start.astype(float) for start in (starts[0], starts[0] + 10 * starts[1], starts[2], starts[2] + starts[3]))
    )
    after = Counts(*(start + part for start, part in zip(vars(before).values(), drawn, strict=True)))

    ordered = in_order(rng, drawn)
    each = Counts(*(start[:, None] + order for start, order in zip(vars(before).values(), ordered, strict=True)))

    assert (ordered[1] + ordered[3] == np.arange(1, BLOCK + 1)).all()
    assert all((order[:, -1] == part).all() for order, part in zip(ordered, drawn, strict=True))
    assert (evidence(WORSE, each).max(axis=1) <= np.maximum(most_within(before, after), 0) + 1e-9).all()


def draw_block(rng: np.random.Generator) -> tuple[int, int, int, int]:
    canary = int(rng.binomial(BLOCK, rng.choice([0.05, 0.5])))
    champion = BLOCK - canary
    return int(rng.binomial(champion, 0.1)), champion, int(rng.binomial(canary, 0.3)), canary


@pytest.mark.parametrize(("rate", "share"), [(0.01, 0.1), (0.2, 0.5)])
def test_healthy_canaries_are_seldom_rolled_back(rng: np.random.Generator, rate: float, share: float) -> None:
    """Looked at after each of 2,000 requests; all three measures together may err at ALPHA."""
    canaries = 300

    found, _ = highest(rng, canaries, 2000 // BLOCK, share, rate, ENOUGH)

    assert 3 * (found >= ENOUGH).mean() <= ALPHA


def test_a_canary_that_is_20_points_worse_is_caught_within_100_of_its_requests(rng: np.random.Generator) -> None:
    counts = counted(rng, 200, 1500, 1, 0.1, (0.01, 0.21))

    first = first_reached([(WORSE, counts)], ENOUGH)

    requests = counts.canary_total[np.arange(200), np.minimum(first, 1499)]
    assert (first < 1500).all()
    assert requests.max() <= 100
    assert np.median(requests) <= 25


def test_the_verdict_of_the_product_comes_at_the_look_that_the_simulation_says(rng: np.random.Generator) -> None:
    counts = counted(rng, 1, 400, 5, 0.1, (0.01, 0.21))
    first = int(first_reached([(WORSE, counts)], ENOUGH)[0])

    def outcome(look: int) -> str:
        x, n, y, m = (int(array[0, look]) for array in vars(counts).values())
        return judge(Tally(Arm(requests=n, errors=x), Arm(requests=m, errors=y)), Rules(1 - ALPHA)).outcome

    assert 0 < first < 400
    assert [outcome(look) for look in (first - 1, first)] == ["undecided", "worse"]
