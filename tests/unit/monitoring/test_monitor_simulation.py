"""The simulation of tests/bench is of the rules that ship; a small one of it holds what docs/accuracy.md promises."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from heirloom.core.monitoring.accuracy import Accuracy
from heirloom.core.monitoring.observation import Outcome
from heirloom.core.project.definition import RollingAccuracy
from tests.bench.monitor.rules import Confident, Naive, Rolling, drawn, follow, scored
from tests.bench.monitor.runs import run_lengths
from tests.unit.monitoring.labels import prediction

SLO = RollingAccuracy()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20261128)


def test_arrays_give_what_the_product_gives_label_by_label(rng: np.random.Generator) -> None:
    """Versions that are healthy, worse, much worse and healthy again; half of them go on alone after a while."""
    slo = replace(SLO, window=200, labels_between_false_alarms=2000)
    references = [*scored(rng, 0.9, 500, 6), *scored(rng, 0.6, 20_000, 4)]
    rates = np.array([reference.accuracy for reference in references])
    phases = [(300, 1.0), (200, 0.93), (300, 0.7), (700, 1.02), (200, 0.5)]
    seen = {"confident": 0, "naive": 0}
    for rule, name in ((Confident(references, slo), "confident"), (Naive(references, slo), "naive")):
        rolling = Rolling(len(references), slo.window)
        products = [Accuracy(reference, replace(slo, rule=name)) for reference in references]
        label, which = 0, np.arange(len(references))
        for count, factor in phases:
            for _ in range(count):
                good = rng.random(len(which)) < (rates * factor)[which]
                rolling.put(good)
                rule.step(good, rolling)
                for place, right in zip(which, good.tolist(), strict=True):
                    products[place].take(Outcome(prediction(label), right))
                label += 1
                expected = [int(products[place].severity) for place in which]
                assert rule.severity.tolist() == expected
                seen[name] |= sum(1 << severity for severity in set(expected))
            if factor == 0.93:
                which = which[::2]
                rolling.keep(np.arange(0, len(references), 2))
                rule.keep(np.arange(0, len(references), 2))
    assert seen == {"confident": 0b111, "naive": 0b111}


def test_healthy_versions_are_seldom_rolled_back_or_paged(rng: np.random.Generator) -> None:
    """At the accuracies that the naive rule can't be used at, and test sets that are small and large."""
    cells = [(accuracy, rows) for accuracy in (0.7, 0.8, 0.9) for rows in (500, 20_000)]
    references = [each for accuracy, rows in cells for each in scored(rng, accuracy, rows, 40)]
    accuracy = np.repeat([accuracy for accuracy, _ in cells], 40)

    ours, naive = follow(drawn(rng, lambda _: accuracy), references, 8000, 0, SLO).begun > 0

    # 240 versions, 8,000 labels: the bound is 2.4 of them for each 1% of what was declared, 100,000 would be 10%.
    assert ours[0].sum() <= 3
    assert naive[0].sum() > 100
    assert naive[1].sum() > 30


@pytest.mark.parametrize(
    ("accuracy", "drop", "labels"), [(0.9, 0.2, 130), (0.9, 0.4, 45), (0.95, 0.2, 90), (0.8, 0.4, 75)]
)
def test_a_drop_is_rolled_back_in_so_many_labels(
    rng: np.random.Generator, accuracy: float, drop: float, labels: int
) -> None:
    references = scored(rng, accuracy, 2000, 200)

    rate = drawn(rng, lambda label: np.full(200, accuracy * (1 - drop * (label > 0))))
    found = follow(rate, references, 1000, 2000, SLO)

    ours, naive = np.nanmedian(found.first[:, 1], axis=1)
    assert ours <= labels
    assert ours < naive


def test_at_the_boundary_there_are_as_many_outcomes_between_alarms_as_promised(rng: np.random.Generator) -> None:
    """And within a tenth of them a tenth of the streams raises one, at most."""
    lengths = run_lengths(rng, 0.9, 200, 400)

    assert lengths.mean() >= 200
    assert (lengths <= 20).mean() <= 0.1
