"""`python -m tests.bench.drift --seed 1`: the tables of docs/drift.md, what drift's verdict costs and promises.

Days are drawn (drift_days.py) but for one table of real ones (drift_flights.py). Progress to stderr.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any

import click
import numpy as np

from heirloom.core.drift.day import Day
from heirloom.core.drift.histogram import count
from heirloom.core.drift.verdict import judge
from heirloom.core.project.definition import Drift
from tests.bench.drift_counting import count_with_numpy, requests
from tests.bench.drift_days import SHIFTS, Drawn, Sampled, draw, looks, plain_p, plain_psi
from tests.bench.drift_flights import flights_table
from tests.bench.drift_tails import tails_table

DRIFT = Drift()
SIZES = (100, 1_000, 10_000, 100_000, 1_000_000)
TRAINED = (2_000, 20_000, 200_000)


@click.command(help=__doc__)
@click.option("--seed", default=1, show_default=True, help="Of the random numbers: the same seed, the same tables.")
@click.option("--quick", is_flag=True, help="A tenth of the days, and no more than 10,000 rows each.")
def main(seed: int, quick: bool) -> None:
    rng = np.random.default_rng(seed)
    days, sizes = (100, SIZES[:3]) if quick else (1000, SIZES)
    tables = (
        false_alerts(rng, days, sizes),
        found_shifts(rng, days // 5, sizes[:4]),
        tails_table(rng, 100_000 if quick else 1_000_000),
        times(rng, sizes[2:3] if quick else (SIZES[2], SIZES[4])),
        flights_table(step=10 if quick else 1),
    )
    for table in tables:
        for line in table:
            click.echo(line)
        click.echo()
    machine = f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}"
    command = f"`python -m tests.bench.drift --seed {seed}{' --quick' * quick}`"
    click.echo(f"{machine}, numpy {np.__version__}, {time.process_time():.0f} s of a core: {command}")


def false_alerts(rng: np.random.Generator, days: int, sizes: Sequence[int]) -> Iterator[str]:
    """The share of days without a change that raise any alert, of any of 21 columns."""
    yield "| rows of training | rows of the day | drift | sure, of any size | PSI > 0.2 | KS or chi-square, p < 0.05 |"
    yield "|---|---|---|---|---|---|"
    for trained in TRAINED:
        found: Counter[tuple[str, int]] = Counter()
        for _ in range(days):
            found.update(_alerts(rng, draw(rng, trained), sizes))
        for size in sizes:
            shares = (found[rule, size] / days for rule in ("drift", "sure", "psi", "p"))
            yield f"| {trained:,} | {size:,} | {' | '.join(f'{share:.1%}' for share in shares)} |"
        _progress(f"no change, {trained:,} rows of training")
    yield ""
    yield f"{days:,} days a row, each with a training sample of its own, 20 features and a prediction; the sizes are"
    yield "the same days, cut. The first two rules are applied at 100 rows, 200, 400, ... and one alert is enough; the"
    yield "other two once, at the end."


def _alerts(rng: np.random.Generator, drawn: Drawn, sizes: Sequence[int]) -> Iterator[tuple[str, int]]:
    """By which rules a day of each size is alarmed about: the sizes are one day, cut."""
    day, sampled, sure = Day("2026-11-28"), Sampled(drawn), False
    for rows in sorted({*looks(sizes[-1]), *sizes}):
        counts = sampled.go_on(rng, rows)
        day, report = day.take(counts, drawn.profile, DRIFT)
        if report:
            sure = sure or min(finding.adjusted for finding in report.findings) <= report.level
        if rows in sizes:
            by_rule = {
                "drift": day.drifted,
                "sure": sure,
                "psi": plain_psi(drawn.profile, counts),
                "p": plain_p(drawn.profile, counts),
            }
            yield from ((rule, rows) for rule, found in by_rule.items() if found)


def found_shifts(rng: np.random.Generator, days: int, sizes: Sequence[int]) -> Iterator[str]:
    """Of days with a change in one feature, in how many that feature is found, and after how many rows."""
    heads = " | ".join(f"by {size:,}" for size in sizes)
    yield f"| change | drift.psi | found, median rows | {heads} | PSI > 0.2 |"
    yield "|---|---|---|" + "---|" * (len(sizes) + 1)
    for name, (column, shift) in SHIFTS.items():
        for psi in (0.2, 0.05):
            firsts, plain = [], 0
            for _ in range(days):
                first, by_psi = _first(rng, draw(rng, 20_000).shifted(column, shift), sizes[-1], column, Drift(psi))
                firsts.append(first)
                plain += by_psi
            shares = " | ".join(f"{np.mean(np.array(firsts) <= size):.0%}" for size in sizes)
            half = median(firsts)
            rows = f"{half:,.0f}" if half < np.inf else "-"
            yield f"| {name} | {psi} | {rows} | {shares} | {plain / days:.0%} |"
        _progress(f"found: {name}")
    yield ""
    yield f"{days:,} days a row, 20,000 rows of training. The last column is the plain rule at the first look, of 100"
    yield "rows, for this one column: what it finds there it finds of unchanged columns, too (the table above)."


def _first(rng: np.random.Generator, drawn: Drawn, most: int, column: str, drift: Drift) -> tuple[float, bool]:
    """The rows at the look that found the column; whether the plain rule did so at the first look."""
    day, sampled = Day("2026-11-28"), Sampled(drawn)
    plain = False
    for rows in looks(most):
        counts = sampled.go_on(rng, rows)
        plain = plain or (rows == looks(most)[0] and column in plain_psi(drawn.profile, counts))
        day, _ = day.take(counts, drawn.profile, drift)
        if column in day.drifted:
            return rows, plain
    return np.inf, plain


def times(rng: np.random.Generator, sizes: Sequence[int]) -> Iterator[str]:
    """What counting and judging take, from rows as JSON gives them."""
    yield "| rows of 20 features | plain Python | numpy, with the arrays made | json.loads of the rows | a verdict |"
    yield "|---|---|---|---|---|"
    drawn = draw(rng, 20_000)
    block = requests(rng, drawn, SIZES[2])
    lines = [json.dumps({"input": asked, "answer": answer}) for asked, answer in block]
    counted = count(drawn.profile, block)
    for size in sizes:
        rows = block * (size // len(block))
        ours = _seconds(lambda again=rows: count(drawn.profile, again))
        theirs = _seconds(lambda again=rows: count_with_numpy(drawn.profile, again))
        parsing = _seconds(lambda: [json.loads(line) for line in lines]) * size / len(block)
        verdict = 1000 * _seconds(lambda: judge(counted, drawn.profile, DRIFT, 1))
        yield f"| {size:,} | {ours:.3g} s | {theirs:.3g} s | {parsing:.3g} s | {verdict:.1f} ms |"
        _progress(f"timed {size:,} rows")
    yield ""
    yield "12 features are numbers, 8 categories. Seconds of one core, the least of three runs."


def _seconds(function: Any, of: int = 3) -> float:
    """The least of some runs."""
    found = []
    for _ in range(of):
        started = time.process_time()
        function()
        found.append(time.process_time() - started)
    return min(found)


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a bench


if __name__ == "__main__":
    main()
