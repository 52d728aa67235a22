"""Releases in figures: 1,000 changes of a route under load, and how long a rollback takes to reach every caller."""

from __future__ import annotations

import itertools
import random
import statistics
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

import click

from tests.local.stack.client import Stack
from tests.local.stack.load import Champions, last_of, load

FLIPS = 1000
ROLLBACKS = 50
LATE = 1.5
CALLERS = 4
Row = dict[str, object]
Item = TypeVar("Item")


def flips_table(stack: Stack, model: str, row: Row, versions: list[int]) -> list[str]:
    """Promote the versions in turn, FLIPS times, at uneven distances, while CALLERS ask."""
    dwell = random.Random(1)
    champions = Champions(champion(stack, model))
    with load(stack, model, row, CALLERS) as asked:
        for version in _progress(itertools.islice(itertools.cycle(versions), FLIPS), FLIPS, "flips"):
            with champions.change(version):
                stack.moved(model, "promote", version=version)
            # Most stay for moments; one of twenty for longer than it may take to be seen everywhere.
            time.sleep(2 if dwell.random() < 0.05 else dwell.uniform(0, 0.1))
    failed = sum(one.status >= 500 for one in asked)
    wrong = sum(one.version not in champions.allowed(one, LATE) for one in asked if one.status == 200)
    return [
        f"| {FLIPS:,} changes of a route under load | |",
        "|---|---|",
        f"| answers to {CALLERS} callers | {len(asked):,} |",
        f"| answers of 5xx | {failed} |",
        f"| answers by a version that was no champion in the {LATE} s before | {wrong} |",
    ]


def rollback_table(stack: Stack, model: str, row: Row, good: int, bad: int) -> list[str]:
    """From the call to the last request that the bad version answered, ROLLBACKS times, in seconds."""
    calls, spreads = [], []
    stack.moved(model, "promote", version=good)
    for _ in _progress(range(ROLLBACKS), ROLLBACKS, "rollbacks"):
        stack.moved(model, "promote", version=bad)
        time.sleep(LATE)
        with load(stack, model, row, CALLERS) as asked:
            time.sleep(0.5 + random.random())  # anywhere in the second for which routes are kept
            called = time.monotonic()
            stack.moved(model, "rollback")
            calls.append(time.monotonic() - called)
            time.sleep(LATE)
        spreads.append(last_of(asked, bad) - called)
        stack.moved(model, "clear", version=bad)
    return [
        f"| rollback of a bad release, {ROLLBACKS} times, {CALLERS} callers | p50 s | p99 s |",
        "|---|---|---|",
        _percentiles("the call itself", calls),
        _percentiles("from the call to all traffic on the good version", spreads),
    ]


def champion(stack: Stack, model: str) -> int:
    """The version that answers now."""
    return int(stack.release(model)["route"]["champion"])


def _percentiles(name: str, seconds: list[float]) -> str:
    p99 = statistics.quantiles(seconds, n=100, method="inclusive")[98]
    return f"| {name} | {statistics.median(seconds):.3f} | {p99:.3f} |"


def _progress(items: Iterable[Item], count: int, label: str) -> Iterator[Item]:
    with click.progressbar(items, length=count, label=label, file=click.get_text_stream("stderr")) as bar:
        yield from bar
