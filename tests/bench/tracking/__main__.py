"""`make bench-tracking`: the tables of docs/benchmarks.md on experiments, measured now, on this machine.

Each server is started, filled, measured and stopped before the next: they share the cores with their caller.
"""

from __future__ import annotations

import functools
import itertools
import os
import platform
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from heirloom.adapters.dynamodb.documents import DynamoDocuments
from heirloom.core.tracking.tracking import Tracking
from local.deploy import Deployment
from local.launcher import EmbeddedAws
from tests.bench.tracking import ours, theirs, units
from tests.bench.tracking.client import PATIENCE, Server, Times, measure
from tests.bench.tracking.runs import SEARCHES, SIZES, Search
from tests.embedded import free_port
from tests.local.stack.client import Stack

ROOT = Path(__file__).parents[3]
CLIENTS, REQUESTS, SEARCHED, PAGE = (1, 8), 60, 15, 100
Measured = dict[str, Times]
"""By what was asked."""


@click.command()
@click.option("--sizes", default=",".join(map(str, SIZES)), help="Runs of the experiments that are searched.")
def main(sizes: str) -> None:
    """Measure, and print Markdown; progress goes to stderr."""
    wanted = [int(size) for size in sizes.split(",")]
    click.echo(
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}, mlflow 3.17.2"
    )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as a user of its own
        measured, costs = _ours(folder / "ours", wanted)
        found = {"heirloom": measured, "mlflow, SQLite": _sqlite(folder / "sqlite", wanted)}
        try:
            with theirs.postgres(folder / "postgres") as uri:
                found["mlflow, PostgreSQL"] = _mlflow(uri, folder / "on-postgres", wanted)
        except RuntimeError as missing:
            click.echo(str(missing), err=True)
    click.echo("\n".join(["", *_table(found), "", *costs]))


def _ours(folder: Path, sizes: list[int]) -> tuple[Measured, list[str]]:
    embedded = EmbeddedAws(folder, free_port())
    aws = embedded.start(die_with_parent=True)
    try:
        outputs = Deployment(aws, ROOT, folder, functools.partial(click.echo, err=True)).deploy()
        stack = Stack(aws, outputs["heirloom"], Deployment(aws, ROOT, folder, click.echo))
        table = next(value for name, value in outputs["heirloom-data"].items() if name.endswith("TrackingName"))
        client = aws.client("dynamodb")
        kept, server = DynamoDocuments(client, table), ours.server(stack)
        written = _writes(server)
        experiments = {size: _said(f"heirloom: {size:,} runs", ours.fill, server, kept, size) for size in sizes}
        searched = _searches(server, experiments)
        meter = units.Meter(client)
        tracking = Tracking(kept, "s3://bench", lambda: datetime.now(UTC), lambda: uuid.uuid4().hex)
        return written | searched, units.table(meter, tracking, experiments)
    finally:
        embedded.stop()


def _sqlite(folder: Path, sizes: list[int]) -> Measured:
    folder.mkdir()
    return _mlflow(f"sqlite:///{folder}/mlflow.db", folder, sizes)


def _mlflow(uri: str, folder: Path, sizes: list[int]) -> Measured:
    name = uri.partition(":")[0]
    with theirs.served(name, uri, folder) as server:
        written = _writes(server)
        experiments = {size: _said(f"{name}: {size:,} runs", theirs.fill, server, uri, size) for size in sizes}
        return written | _searches(server, experiments)


def _writes(server: Server) -> Measured:
    experiment = str(server.connect()("experiments/create", {"name": "written"})["experiment_id"])
    steps = itertools.count(1)

    def created() -> Iterator[tuple[str, Any]]:
        while True:
            yield "runs/create", {"experiment_id": experiment, "start_time": int(time.time() * 1000)}

    def batches() -> Iterator[tuple[str, Any]]:
        run = server.connect()("runs/create", {"experiment_id": experiment, "start_time": 1})["run"]["info"]["run_id"]
        for step in steps:
            yield "runs/log-batch", units.batch(run, step)

    kinds = {"create a run": created, f"log-batch of {units.BATCH} metrics": batches}
    return {
        f"{name}, {clients} client{'s' * (clients > 1)}": _said(
            f"{server.name}: {name}, {clients}", measure, server, clients, REQUESTS, bodies
        )
        for name, bodies in kinds.items()
        for clients in CLIENTS
    }


def _searches(server: Server, experiments: dict[int, str]) -> Measured:
    return {
        f"{search.name}, {size:,} runs": _said(
            f"{server.name}: {search.name}, {size:,}", measure, server, 1, SEARCHED, _asking(experiment, search)
        )
        for search in SEARCHES
        for size, experiment in experiments.items()
    }


def _asking(experiment: str, search: Search) -> Any:
    body = {"experiment_ids": [experiment], "filter": search.filter, "order_by": search.order_by, "max_results": PAGE}
    return lambda: itertools.repeat(("runs/search", body))


def _said(what: str, act: Any, *arguments: Any) -> Any:
    began = time.monotonic()
    done = act(*arguments)
    click.echo(f"{what}: {time.monotonic() - began:.1f} s {done if isinstance(done, Times) else ''}", err=True)
    return done


def _table(found: dict[str, Measured]) -> list[str]:
    """Requests a second of writes, the p50 and p95 of all, in ms, and how long the first search took; in the end ours
    beside the best of the others."""
    names = list(found)
    lines = [f"| | {' | '.join(names)} | ours to the best other |", f"|---|{'---|' * (len(names) + 1)}"]
    for what, mine in found["heirloom"].items():
        writes = "client" in what
        others = [found[name][what] for name in names[1:]]
        best = (
            mine.rate / max(other.rate for other in others) if writes else min(other.p50 for other in others) / mine.p50
        )
        cells = [_cell(found[name][what], writes=writes) for name in names]
        lines.append(f"| {what} | {' | '.join(cells)} | {best:.1f}x |")
    return lines


def _cell(times: Times, *, writes: bool) -> str:
    if times == Times.late():
        return f"over {PATIENCE} s"
    latency = f"{times.p50:,.0f} / {times.p95:,.0f} ms"
    return f"{times.rate:,.0f}/s, {latency}" if writes else f"{latency}, first {times.first:,.0f}"


if __name__ == "__main__":
    main()
