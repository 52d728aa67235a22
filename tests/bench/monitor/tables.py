"""The tables whose labels are drawn: each right or wrong, independently."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from heirloom.core.project.definition import RollingAccuracy
from tests.bench.monitor.peers import PEERS, Detects, alarms, first_after
from tests.bench.monitor.rules import Flags, Floats, drawn, follow, scored
from tests.bench.monitor.runs import run_lengths

SLO = RollingAccuracy()
ACCURACIES = (0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
ROWS = (500, 2000, 20_000)
RAMP = 2000
"""Labels over which an accuracy falls gradually."""
THRESHOLD = 1000
CHUNK = 100
Table = Iterator[str]


@dataclass(frozen=True)
class Size:
    """How much is drawn: versions of each kind, their labels before a change and after it, streams for river's; of the
    flights every so many-th."""

    healthy: int = 300
    labels: int = 100_000
    changed: int = 200
    before: int = 2000
    after: int = 20_000
    peers: int = 100
    repetitions: int = 20
    every: int = 1
    runs: int = 1000


@dataclass(frozen=True)
class Fall:
    """An accuracy falls by this share of itself, over so many labels."""

    accuracy: float
    drop: float
    over: int = 1

    def rate(self, label: float | Floats) -> Floats:
        """The accuracy at the n-th label after the change; n is up to 0 before it."""
        return np.asarray(self.accuracy * (1 - self.drop * np.clip(np.asarray(label) / self.over, 0, 1)))


def false_alarms(rng: np.random.Generator, size: Size) -> Table:
    """How many healthy versions are paged for, and rolled back."""
    yield f"**False alarms.** Of 100 healthy versions so many are paged for / rolled back in {size.labels:,} labels:"
    yield ""
    yield "| accuracy | test rows | ours | naive | ADWIN | Page-Hinkley |"
    yield "|---|---|---|---|---|---|"
    cells = list(product(ACCURACIES, ROWS))
    parts = [_ever_alarmed(rng, cells, size.labels, count) for count in _chunks(size.healthy)]
    found = 100 * np.concatenate(parts, axis=3).mean(axis=3)
    for place, (accuracy, rows) in enumerate(cells):
        rules = " | ".join(f"{page:.1f} / {rollback:.1f}" for page, rollback in found[:, :, place])
        if rows == ROWS[0]:
            others = " | ".join(f"{_ever_noticed(rng, peer, accuracy, size):.0f}" for peer in PEERS)
        yield f"| {accuracy} | {rows:,} | {rules} | {others} |"
    yield ""
    yield f"{size.healthy} versions a row, each with a test set of its own. ADWIN and Page-Hinkley know no test set:"
    yield f"{size.peers} streams an accuracy."


def labels_until_alarm(rng: np.random.Generator, size: Size) -> Table:
    """Labels until each rule notices that an accuracy has fallen."""
    yield "**Labels from the change to the alarm**, median / 90th percentile, of versions tested on 2,000 rows:"
    yield ""
    yield "| accuracy | falls by | ours: page | rollback | naive: page | rollback | ADWIN | Page-Hinkley |"
    yield "|---|---|---|---|---|---|---|---|"
    kinds = [*((drop, 1) for drop in (0.05, 0.1, 0.2, 0.4)), (0.1, RAMP)]
    falls = [Fall(accuracy, drop, over) for accuracy in ACCURACIES for drop, over in kinds]
    for fall, found in zip(falls, first_alarms(rng, falls, 2000, size), strict=True):
        cells = [cell(labels) for rule in found for labels in rule]
        cells += [cell(_noticed(rng, peer, fall, size)) for peer in PEERS]
        slowly = f", over {fall.over:,} labels" if fall.over > 1 else ""
        yield f"| {fall.accuracy} | {fall.drop:.0%}{slowly} | {' | '.join(cells)} |"
    yield ""
    yield f"{size.changed} versions a row, of them those that were healthy at the change, after {size.before:,} labels;"
    yield f"{size.peers} streams for ADWIN and Page-Hinkley. A dash is more than {size.after:,} labels."


def by_test_rows(rng: np.random.Generator, size: Size) -> Table:
    """What a larger test set saves."""
    yield "**The same by test rows**: our rollback, median / 90th percentile:"
    yield ""
    yield f"| accuracy | falls by | {' | '.join(f'{rows:,} rows' for rows in ROWS)} |"
    yield "|---|---|---|---|---|"
    falls = [Fall(accuracy, drop) for accuracy in (0.8, 0.9, 0.95) for drop in (0.1, 0.2, 0.4)]
    found = [first_alarms(rng, falls, rows, size) for rows in ROWS]
    for place, fall in enumerate(falls):
        yield f"| {fall.accuracy} | {fall.drop:.0%} | {' | '.join(cell(each[place][0, 1]) for each in found)} |"


def near_the_limits(rng: np.random.Generator, size: Size) -> Table:
    """What becomes of versions that are a little worse than tested."""
    size = replace(size, after=min(size.after, 5000))
    shares = (0.98, 0.96, 0.94)
    yield "**Near the limits.** Of 100 versions that fall to this share of their accuracy so many are paged for /"
    yield f"rolled back within {size.after:,} labels:"
    yield ""
    yield f"| accuracy | test rows | {' | '.join(f'{share:.0%}: ours | naive' for share in shares)} |"
    yield "|---|---|---|---|---|---|---|---|"
    for accuracy, rows in product((0.8, 0.9, 0.95), (2000, 20_000)):
        found = first_alarms(rng, [Fall(accuracy, 1 - share) for share in shares], rows, size)
        cells = " | ".join(f"{_alarmed(rule[0])} / {_alarmed(rule[1])}" for each in found for rule in each)
        yield f"| {accuracy} | {rows:,} | {cells} |"


def run_length(rng: np.random.Generator, size: Size) -> Table:
    """Whether the theorem holds: of one detector, at the lowest rate that is good enough."""
    yield f"**The theorem.** One detector, outcomes good at just its rate, an alarm at evidence of {THRESHOLD:,}:"
    yield ""
    yield f"| rate | mean outcomes to the alarm: {THRESHOLD:,} or more | alarms within {THRESHOLD // 10}: 10% or less |"
    yield "|---|---|---|"
    for rate in (0.5, 0.8, 0.9, 0.95, 0.99):
        lengths = run_lengths(rng, rate, THRESHOLD, size.runs)
        error = lengths.std() / np.sqrt(size.runs)
        yield f"| {rate} | {lengths.mean():,.0f} ± {error:,.0f} | {(lengths <= THRESHOLD / 10).mean():.1%} |"
    yield ""
    yield f"{size.runs:,} streams a row, each to its alarm; ± is the standard error."


def first_alarms(rng: np.random.Generator, falls: Sequence[Fall], rows: int, size: Size) -> list[Floats]:
    """Of each fall: by rule, by page and rollback, by version, the labels from the change to the alarm."""
    references = [each for fall in falls for each in scored(rng, fall.accuracy, rows, size.changed)]
    rate = drawn(rng, lambda label: np.repeat([fall.rate(label) for fall in falls], size.changed))
    first = follow(rate, references, size.before, size.after, SLO).first
    return [first[:, :, place * size.changed : (place + 1) * size.changed] for place in range(len(falls))]


def cell(labels: Floats) -> str:
    """Median and 90th percentile."""
    known = labels[~np.isnan(labels)]
    if not known.size:
        return "none was healthy"
    quantiles = (np.quantile(known, level, method="higher") for level in (0.5, 0.9))
    return " / ".join("-" if np.isinf(value) else f"{value:,.0f}" for value in quantiles)


def _alarmed(labels: Floats) -> str:
    known = labels[~np.isnan(labels)]
    return f"{100 * np.isfinite(known).mean():.0f}" if known.size else "-"


def _ever_alarmed(rng: np.random.Generator, cells: Sequence[tuple[float, int]], labels: int, count: int) -> Flags:
    """By rule, by page and rollback, by cell, by version."""
    references = [each for accuracy, rows in cells for each in scored(rng, accuracy, rows, count)]
    rates = np.repeat([accuracy for accuracy, _ in cells], count)
    begun = follow(drawn(rng, lambda _: rates), references, labels, 0, SLO).begun
    return begun.reshape(2, 2, len(cells), count) > 0


def _ever_noticed(rng: np.random.Generator, peer: Callable[[], Detects], accuracy: float, size: Size) -> float:
    """Per cent of the streams."""
    streams = (rng.random(size.labels) < accuracy for _ in range(size.peers))
    return 100 * sum(next(alarms(peer, good), None) is not None for good in streams) / size.peers


def _noticed(rng: np.random.Generator, peer: Callable[[], Detects], fall: Fall, size: Size) -> Floats:
    rate = fall.rate(np.arange(1 - size.before, size.after + 1))
    streams = (rng.random(len(rate)) < rate for _ in range(size.peers))
    return np.array([first_after(alarms(peer, good), size.before)[1] for good in streams])


def _chunks(count: int) -> Iterator[int]:
    for start in range(0, count, CHUNK):
        yield min(CHUNK, count - start)
