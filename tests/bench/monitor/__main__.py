"""`python -m tests.bench.monitor --seed 1`: the tables of docs/accuracy.md. Progress goes to stderr."""

from __future__ import annotations

import os
import platform
import random
import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np

from heirloom.core.monitoring.accuracy import Accuracy, Reference
from heirloom.core.monitoring.observation import Outcome
from tests.bench.monitor import tables
from tests.bench.monitor.peers import PEERS, alarms, first_after
from tests.bench.monitor.recorded import Recorded, recorded
from tests.bench.monitor.rules import Draw, Floats, Ints, follow
from tests.bench.monitor.tables import SLO, Size, Table, cell

QUICK = Size(healthy=20, labels=5000, changed=40, before=1200, after=4000, peers=10, repetitions=2, every=10, runs=100)
_TABLES = re.compile(r"(?<=<!-- tables -->\n).*(?=<!-- /tables -->)", re.DOTALL)


@click.command(help=__doc__)
@click.option("--seed", default=1, show_default=True, help="Of the random numbers: the same seed, the same tables.")
@click.option("--quick", is_flag=True, help="A little of everything, in a minute.")
@click.option("--out", type=click.Path(path_type=Path), help="A page whose tables are replaced; else they are printed.")
def main(seed: int, quick: bool, out: Path | None) -> None:
    rng, size, started = np.random.default_rng(seed), QUICK if quick else Size(), time.process_time()
    lines: list[str] = []
    for table in (
        tables.false_alarms,
        tables.labels_until_alarm,
        tables.by_test_rows,
        tables.near_the_limits,
        real_models,
        tables.run_length,
        speed,
    ):
        lines += [*table(rng, size), ""]
        click.echo(f"{table.__name__}: {time.process_time() - started:.0f} s so far", err=True)
    command = f"`python -m tests.bench.monitor --seed {seed}{' --quick' if quick else ''}`"
    machine = f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}"
    lines.append(f"{machine}, numpy {np.__version__}, {time.process_time() - started:.0f} s of a core: {command}")
    text = "\n".join(lines) + "\n"
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(_TABLES.sub(lambda _: f"\n{text}\n", out.read_text()))


def real_models(rng: np.random.Generator, size: Size) -> Table:
    """Models that were right or wrong about real rows."""
    yield "**Real models.** Alarms before the change, a stream; labels from the change to the alarm, median:"
    yield ""
    yield f"| what changes | test | labels | {_RULES} | ADWIN | Page-Hinkley |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for stream in recorded(rng, size.repetitions, size.every):
        labels = stream.good.shape[1]
        found = follow(_played(stream), stream.references, stream.change, labels - stream.change, SLO)
        cells = [_both(found.begun[rule, place], found.first[rule, place]) for rule in (0, 1) for place in (0, 1)]
        for peer in PEERS:
            noticed = [first_after(alarms(peer, good), stream.change) for good in stream.good]
            cells.append(_both(np.array([begun for begun, _ in noticed]), np.array([first for _, first in noticed])))
        tested = np.mean([reference.accuracy for reference in stream.references])
        test = f"{tested:.3f} of {stream.references[0].rows:,}"
        yield f"| {stream.name} | {test} | {stream.change:,} + {labels - stream.change:,} | {' | '.join(cells)} |"
    yield ""
    yield f"{size.repetitions} repetitions a row, but one of the flights in order, which have no change."


_RULES = "ours: page | rollback | naive: page | rollback"


def _played(stream: Recorded) -> Draw:
    return lambda label, versions: stream.good[versions, stream.change + label - 1]


def _both(begun: Ints, first: Floats) -> str:
    before = f"{begun.mean():.1f}".removesuffix(".0")
    return f"{before}; {cell(first).partition(' / ')[0]}"


def speed(_: np.random.Generator, size: Size) -> Table:
    """Labels a second through the product."""
    chance = random.Random(1)
    labels = [Outcome(_id(number), chance.random() < 0.9) for number in range(size.labels)]
    yield f"**Speed** of `Accuracy.take`, pure Python on one core, {size.labels:,} labels:"
    yield ""
    yield "| rule | labels a second | microseconds a label |"
    yield "|---|---|---|"
    for rule in ("confident", "naive"):
        accuracy = Accuracy(Reference(0.9, 2000), replace(SLO, rule=rule))
        started = time.process_time()
        for label in labels:
            accuracy.take(label)
        seconds = time.process_time() - started
        yield f"| {rule} | {size.labels / seconds:,.0f} | {1e6 * seconds / size.labels:.1f} |"


def _id(number: int) -> str:
    """A UUID version 7, one a millisecond."""
    text = f"{(0x0190 << 112 | number << 80 | 7 << 76 | 8 << 60 | number):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


if __name__ == "__main__":
    main()
