"""`python -m tests.bench.monitor.latency`: how latency is judged, in requests: the table of docs/slo.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from itertools import repeat

import click
import numpy as np

from heirloom.core.monitoring.breach import Severity
from heirloom.core.monitoring.latency import Latency

STREAMS, HEALTHY, CHANGED = 100, 100_000, 5000
SLOW_WHEN_WELL = (0.01, 0.03, 0.04, 0.05)
SLOW_WHEN_NOT = (0.07, 0.1, 0.2, 0.5, 1.0)
RULES = ("confident", "naive")


def falsely(rule: str, slow: float, seed: int) -> bool:
    """Whether a stream in which so many answers are slow is ever rolled back."""
    latency = Latency(rule)
    for each in np.random.default_rng(seed).random(HEALTHY) < slow:
        latency.take(bool(each))
        if latency.severity:
            return True
    return False


def noticed_after(rule: str, slow: float, seed: int) -> float:
    """Requests from the moment at which so many are slow until the rollback, after 1000 of which 1% were."""
    rng = np.random.default_rng(seed)
    latency = Latency(rule)
    for each in rng.random(1000) < SLOW_WHEN_WELL[0]:
        latency.take(bool(each))
    for place, each in enumerate(rng.random(CHANGED) < slow, start=1):
        latency.take(bool(each))
        if latency.severity == Severity.ROLLBACK:
            return place
    return float("inf")


@click.command(help=__doc__)
@click.option("--seed", default=1, show_default=True, help="Of the random numbers: the same seed, the same table.")
def main(seed: int) -> None:
    lines = ["| slow answers | confident | naive |", "|---|---|---|"]
    with ProcessPoolExecutor() as pool:

        def streams(function: Callable[[str, float, int], float], rule: str, slow: float) -> list[float]:
            return list(pool.map(function, repeat(rule), repeat(slow), range(seed, seed + STREAMS)))

        for slow in SLOW_WHEN_WELL:
            shares = [f"{sum(streams(falsely, rule, slow)):.0f} of {STREAMS} streams" for rule in RULES]
            lines.append(f"| {slow:.0%}, for {HEALTHY:,} requests | {' | '.join(shares)} |")
        for slow in SLOW_WHEN_NOT:
            cells = []
            for rule in RULES:
                middle, late = np.quantile(streams(noticed_after, rule, slow), [0.5, 0.9], method="higher")
                cells.append(" / ".join("-" if each == float("inf") else f"{each:,.0f}" for each in (middle, late)))
            lines.append(f"| from 1% to {slow:.0%} | {' | '.join(cells)} |")
    machine = f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}"
    click.echo("\n".join([*lines, "", f"{machine}: `python -m tests.bench.monitor.latency --seed {seed}`"]))


if __name__ == "__main__":
    main()
