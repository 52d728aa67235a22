"""`python -m tests.bench.canary --seed 1`: the tables of docs/canary.md, what the canary's decision costs and promises.

Canaries are drawn, not served: each request goes to an arm and is an event or not, independently. Progress to stderr.
"""

from __future__ import annotations

import math
import os
import platform
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import click
import numpy as np
from numpy.typing import NDArray

from tests.bench.canary_paths import (
    BLOCK,
    MIXTURES_ONLY,
    WORSE,
    Counts,
    Flags,
    Test,
    better,
    counted,
    first_reached,
    highest,
)

ALPHA = 0.05
MEASURES = 3
ENOUGH_WORSE, ENOUGH_BETTER = math.log(MEASURES / ALPHA), math.log(1 / ALPHA)
LOOKS = 10_000
CHUNK = 250
# What deployment tools do in their documentation's examples, after at least 100 requests of the canary.
LEAST = 100
FIXED = ("the champion's + 1 point", "1%", "5%")
ABSOLUTE = {"1%": 0.01, "5%": 0.05}
Ints = NDArray[np.int64]


@click.command(help=__doc__)
@click.option("--seed", default=1, show_default=True, help="Of the random numbers: the same seed, the same tables.")
@click.option("--canaries", default=10_000, show_default=True, help="Healthy canaries of each kind.")
def main(seed: int, canaries: int) -> None:
    rng = np.random.default_rng(seed)
    for table in (
        false_rollbacks(rng, canaries, 400),
        requests_until_caught(rng, canaries // 20),
        requests_by_share(rng, canaries // 20),
        requests_until_promoted(rng, canaries // 40),
        own_rates(rng, canaries // 20),
    ):
        for line in table:
            click.echo(line)
        click.echo()
    machine = f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}"
    command = f"`python -m tests.bench.canary --seed {seed} --canaries {canaries}`"
    click.echo(f"{machine}, numpy {np.__version__}, {time.process_time():.0f} s of a core: {command}")


def false_rollbacks(rng: np.random.Generator, canaries: int, blocks: int) -> Iterator[str]:
    """Share of healthy canaries that are ever called worse, if they are never promoted."""
    yield f"| rate of both | share | one measure | the trial, three measures | {_fixed_heads()} |"
    yield "|---|---|---|---|---|---|---|"
    for rate in (0.001, 0.01, 0.05, 0.2):
        for share in (0.05, 0.1, 0.5):
            called, crossed = 0, dict.fromkeys(FIXED, 0)
            for size in _chunks(canaries):
                evidence, counts = highest(rng, size, blocks, share, rate, ENOUGH_WORSE)
                called += int((evidence >= ENOUGH_WORSE).sum())
                for rule in FIXED:
                    crossed[rule] += int(_over(rule, counts).any(axis=1).sum())
            one = called / canaries
            trial = 1 - (1 - one) ** MEASURES
            fixed = " | ".join(f"{number / canaries:.1%}" for number in crossed.values())
            yield f"| {rate:.1%} | {share:.0%} | {one:.2%} | {trial:.2%} | {fixed} |"
            _progress(f"false rollbacks at {rate:.1%}, {share:.0%}: {trial:.2%}")
    yield ""
    yield f"{canaries:,} canaries a row, {blocks * BLOCK:,} requests each; ours looks after every request,"
    yield f"the fixed thresholds after every {BLOCK}."


def requests_until_caught(rng: np.random.Generator, canaries: int) -> Iterator[str]:
    """Requests of the canary until it is called worse."""
    heads = f"this test | all requests | mixtures alone | {_fixed_heads()}"
    yield f"| champion's rate | canary's | up to | {heads} |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for rate in (0.001, 0.01, 0.05):
        for worse, every in ((0.01, 20), (0.05, 5), (0.2, 1)):
            parts: dict[str, list[NDArray[np.float64]]] = {}
            for size in _chunks(canaries):
                counts = counted(rng, size, LOOKS, every, 0.1, (rate, rate + worse))
                firsts = _firsts(counts)
                for name, first in firsts.items():
                    parts.setdefault(name, []).append(_requests(counts, first))
                parts.setdefault("all", []).append(_at(counts.champion_total + counts.canary_total, firsts["ours"]))
            ours, everything, *others = (np.concatenate(parts[name]) for name in ("ours", "all", "mixtures", *FIXED))
            cells = " | ".join(_cell(requests) for requests in (ours, everything, *others))
            yield f"| {rate:.1%} | +{100 * worse:.0f} points | {LOOKS * every:,} | {cells} |"
            _progress(f"caught at {rate:.1%} + {worse:.0%}: {_cell(ours)}")
    yield ""
    yield f"{canaries:,} canaries a row, 10% of the requests. Median / 90th percentile of the requests of the canary"
    yield 'until it is called worse (and of all requests), and the share that is not caught within "up to" requests.'


def requests_by_share(rng: np.random.Generator, canaries: int) -> Iterator[str]:
    """How the share changes what is needed."""
    yield "| share | requests of the canary | all requests |"
    yield "|---|---|---|"
    for share in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5):
        counts = counted(rng, canaries, LOOKS, 5, share, (0.01, 0.06))
        first = first_reached([(WORSE, counts)], ENOUGH_WORSE)
        everything = _at(counts.champion_total + counts.canary_total, first)
        yield f"| {share:.0%} | {_cell(_requests(counts, first))} | {_cell(everything)} |"
        _progress(f"share {share:.0%}")
    yield ""
    yield f"{canaries:,} canaries a row; the champion fails 1%, the canary 6%."


def requests_until_promoted(rng: np.random.Generator, canaries: int) -> Iterator[str]:
    """Requests of a healthy canary until errors and slow are both proven not to be worse by the tolerance."""
    yield "| rate of errors, and of slow | tolerance | up to | requests of the canary | all requests |"
    yield "|---|---|---|---|---|"
    for tolerance, every in ((0.01, 20), (0.05, 5)):
        for rate in (0.001, 0.01, 0.05, 0.2):
            parts: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
            for size in _chunks(canaries):
                errors = counted(rng, size, LOOKS, every, 0.1, (rate, rate))
                slow = _same_requests(rng, errors, rate)
                test = better(tolerance)
                first = first_reached([(test, errors), (test, slow)], ENOUGH_BETTER)
                parts.append((_requests(errors, first), _at(errors.champion_total + errors.canary_total, first)))
            cells = " | ".join(_cell(np.concatenate(column)) for column in zip(*parts, strict=True))
            yield f"| {rate:.1%} | {tolerance} | {LOOKS * every:,} | {cells} |"
            _progress(f"promoted at {rate:.1%}, {tolerance}")
    yield ""
    yield f"{canaries:,} canaries a row, 10% of the requests. Median / 90th percentile, and the share that is not"
    yield 'promoted within "up to" requests.'


def own_rates(rng: np.random.Generator, canaries: int) -> Iterator[str]:
    """What is not promised: callers whose rates differ, each always in one arm."""
    yield "| callers | one measure, called worse |"
    yield "|---|---|"
    for callers in (20, 200, 2_000, 20_000):
        own = rng.beta(0.5, 49.5, (canaries, callers))
        chosen = rng.random((canaries, callers)) < 0.1
        chosen[:, 0], chosen[:, 1] = True, False  # somebody in each arm
        canary = np.where(chosen, own, 0).sum(axis=1) / chosen.sum(axis=1)
        champion = np.where(chosen, 0, own).sum(axis=1) / (~chosen).sum(axis=1)
        counts = counted(rng, canaries, LOOKS // 5, 10, 0.1, (champion, canary))
        called = first_reached([(WORSE, counts)], ENOUGH_WORSE) < LOOKS // 5
        yield f"| {callers:,} | {called.mean():.1%} |"
        _progress(f"{callers} callers")
    yield ""
    yield f"{canaries:,} healthy canaries a row, {2 * LOOKS:,} requests, 10% of the callers. A caller's own rate is"
    yield "drawn from beta(0.5, 49.5): 1% on average, almost 0 for many, above 5% for one of 40."


def _firsts(counts: Counts) -> dict[str, Ints]:
    """The first look at which each rule would have called the canary worse; LOOKS for never."""

    def tested(test: Test) -> Ints:
        return first_reached([(test, counts)], ENOUGH_WORSE)

    found = {"ours": tested(WORSE), "mixtures": tested(MIXTURES_ONLY)}
    for rule in FIXED:
        over = _over(rule, counts)
        found[rule] = np.where(over.any(axis=1), over.argmax(axis=1), LOOKS)
    return found


def _over(rule: str, counts: Counts) -> Flags:
    """Where a fixed threshold is crossed."""
    rate = counts.canary_events / np.maximum(counts.canary_total, 1)
    limit = ABSOLUTE.get(rule, counts.champion_events / np.maximum(counts.champion_total, 1) + 0.01)
    return np.asarray((counts.canary_total >= LEAST) & (rate > limit))


def _same_requests(rng: np.random.Generator, counts: Counts, rate: float) -> Counts:
    """Another measure of the same requests, independent of the first."""

    def events(total: NDArray[np.float64]) -> NDArray[np.float64]:
        steps = np.diff(total, axis=1, prepend=0).astype(int)
        return np.asarray(rng.binomial(steps, rate).cumsum(axis=1), dtype=float)

    champion, canary = counts.champion_total, counts.canary_total
    return Counts(events(champion), champion, events(canary), canary)


def _requests(counts: Counts, first: Ints) -> NDArray[np.float64]:
    return _at(counts.canary_total, first)


def _at(total: NDArray[np.float64], first: Ints) -> NDArray[np.float64]:
    """The total at each canary's look, infinite for never."""
    looks = total.shape[1]
    found = total[np.arange(len(total)), np.minimum(first, looks - 1)]
    return np.where(first < looks, found, np.inf)


def _cell(requests: NDArray[np.float64]) -> str:
    half, most = (np.quantile(requests, level, method="higher") for level in (0.5, 0.9))
    missed = np.isinf(requests).mean()
    texts = ("-" if np.isinf(value) else f"{value:,.0f}" for value in (half, most))
    return " / ".join(texts) + (f", {missed:.1%} never" if missed else "")


def _fixed_heads() -> str:
    return " | ".join(f"fixed: above {rule}" for rule in FIXED)


def _chunks(canaries: int) -> Iterator[int]:
    for start in range(0, canaries, CHUNK):
        yield min(CHUNK, canaries - start)


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a bench


if __name__ == "__main__":
    main()
