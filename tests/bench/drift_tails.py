"""How right small p-values are: two samples of one population, again and again, and how often p is below a level.

Arrays of what core/drift/divergence.py does for one pair of samples at a time: tests/unit/drift holds them to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy
from scipy.stats import chi2

Floats = NDArray[np.float64]
LEVELS = (0.01, 0.001, 0.0001)
CHUNK = 100_000
# Names, the shares of the cells, and the rows now; training has 50,000.
SHAPES: Mapping[str, tuple[list[float], int]] = {
    "20 of 5": ([0.05] * 20, 100),
    "10 of 5, one of 50": ([0.05] * 10 + [0.5], 100),
    "5, 5, 90": ([0.05, 0.05, 0.9], 100),
    "5, 95": ([0.05, 0.95], 100),
    "10, 90": ([0.1, 0.9], 100),
    "5, 995": ([0.005, 0.995], 1000),
    "20 of 500": ([0.05] * 20, 10_000),
}
TRAINED = 50_000


def tails_table(rng: np.random.Generator, trials: int) -> Iterator[str]:
    """How many times more often p is below a level than it should be, by statistic."""
    heads = " | ".join(f"{name}, p < {level:g}" for name in ("Pearson", "Williams' G", "ours") for level in LEVELS[1:])
    yield f"| rows expected now, by cell | {heads} |"
    yield "|---|" + "---|" * (3 * len(LEVELS[1:]))
    for name, (shares, rows) in SHAPES.items():
        below = np.zeros((3, len(LEVELS)))
        for _ in range(trials // CHUNK):
            first = rng.multinomial(TRAINED, shares, CHUNK).astype(float)
            found = p_values(first, rng.multinomial(rows, shares, CHUNK).astype(float))
            below += [[(ps <= level).sum() for level in LEVELS] for ps in found]
        ratios = below[:, 1:] / trials / np.array(LEVELS[1:])
        yield f"| {name} | {' | '.join(f'{ratio:.1f}' for ratio in ratios.ravel())} |"
    yield ""
    yield f"{trials:,} pairs of samples a row, {TRAINED:,} rows of training, no cells pooled. How many times as often"
    yield "as it should be p is below a level: 1.0 is right, less is on the safe side."


def p_values(first: Floats, second: Floats) -> tuple[Floats, Floats, Floats]:
    """Of each row's pair of samples: by Pearson's statistic, by Williams' likelihood ratio, by the smaller of both."""
    pearson, ratio = _pearson(first, second), _likelihood_ratio(first, second)
    freedom = first.shape[1] - 1
    return chi2.sf(pearson, freedom), chi2.sf(ratio, freedom), chi2.sf(np.minimum(pearson, ratio), freedom)


def _pearson(first: Floats, second: Floats) -> Floats:
    n, m = first.sum(axis=1, keepdims=True), second.sum(axis=1, keepdims=True)
    both = np.maximum(first + second, 1)
    return np.asarray(((first * np.sqrt(m / n) - second * np.sqrt(n / m)) ** 2 / both).sum(axis=1))


def _likelihood_ratio(first: Floats, second: Floats) -> Floats:
    n, m = first.sum(axis=1), second.sum(axis=1)
    both, total = np.maximum(first + second, 1), n + m
    terms = [
        xlogy(sample, sample * total[:, None] / (size[:, None] * both)) for sample, size in ((first, n), (second, m))
    ]
    inverses = (total / n + total / m - 1) * ((total[:, None] / both).sum(axis=1) - 1)
    return np.asarray(2 * sum(terms).sum(axis=1) / (1 + inverses / (6 * total * (first.shape[1] - 1))))
