"""What a request of labels takes: the function's own code and clients, over DynamoDB of the embedded AWS.

`python -m tests.bench.labels`. The embedded AWS is a process beside this one, on the same cores.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from heirloom.adapters.dynamodb.predictions import DynamoPredictions
from heirloom.adapters.memory import MemoryAnswers, MemoryTrials
from heirloom.core.clock import stamp
from heirloom.core.prediction.labels import take_labels
from heirloom.core.prediction.records import LABEL, PREDICTION, Record
from heirloom.core.release.trial import Rules, Trial
from local.connection import Connection
from local.launcher import EmbeddedAws
from tests.embedded import free_port, unique

ROUNDS = 5
RELEASE = "bench-1"
ROW = {f"feature_{n}": n / 7 for n in range(20)}


def table(aws: Connection) -> list[str]:
    """The rows of a Markdown table."""
    predictions = _predictions(aws)
    rows = ["| one request | s, median of 5 | processor s of the function |", "|---|---|---|"]
    for count in (1, 100, 1000):
        times: dict[str, list[tuple[float, float]]] = {}
        for _ in range(ROUNDS):
            for name, taken in _round(predictions, count).items():
                times.setdefault(name, []).append(taken)
        for name, taken in times.items():
            wall, own = (statistics.median(each) for each in zip(*taken, strict=True))
            rows.append(f"| {name.format(count)} | {wall:.2f} | {own:.2f} |")
    return rows


def _round(predictions: DynamoPredictions, count: int) -> dict[str, tuple[float, float]]:
    """The times of some labels of new predictions: told, told again, corrected; and of one write after the other."""
    now = datetime.now(UTC)
    ids = [unique("prediction") for _ in range(count)]
    told = {"release": RELEASE, "arm": "canary", "fallback": False, "entity": None, "input": ROW}
    data = {**told, "answer": {"label": "yes", "probability": 0.75}}
    predictions.put([Record(each, PREDICTION, "bench", 1, stamp(now), data) for each in ids])
    trials, answers = MemoryTrials(), MemoryAnswers()
    trials.open(Trial(RELEASE, "bench", 0, 1, Rules(), "token", stamp(now)))

    def tell(label: str, seconds: int) -> Callable[[], object]:
        at = stamp(now - timedelta(days=1, seconds=-seconds))
        document = {"labels": [{"id": each, "label": label, "at": at} for each in ids]}
        return lambda: take_labels("bench", document, None, predictions, trials, answers, now)

    alone = [Record(each, f"{LABEL}-alone", "bench", 1, stamp(now), {"label": "yes", "batch": "b"}) for each in ids]
    return {
        "{} labels": _timed(tell("yes", 0)),
        "the same {} again": _timed(tell("yes", 0)),
        "{} corrections": _timed(tell("no", 1)),
        "for comparison: {} conditional writes, one after the other": _timed(lambda: list(map(predictions.add, alone))),
    }


def _timed(call: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and of this process's processor."""
    wall, own = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - own


def _predictions(aws: Connection) -> DynamoPredictions:
    name, keys = unique("predictions"), ("id", "part")
    aws.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=True)],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    return DynamoPredictions(aws.client("dynamodb"), name)


def main() -> None:
    """Start what is needed, and measure."""
    with tempfile.TemporaryDirectory() as folder:
        embedded = EmbeddedAws(Path(folder) / "state", free_port())
        aws = embedded.start(die_with_parent=True)
        try:
            click.echo(f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores")
            click.echo("\n".join(table(aws)))
        finally:
            embedded.stop()


if __name__ == "__main__":
    main()
