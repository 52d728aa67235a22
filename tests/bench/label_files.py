"""What a file of labels takes: its reader, and the function's own code and clients over the embedded AWS.

`python -m tests.bench.label_files`. The embedded AWS is a process beside this one, on the same cores. Each measurement
is a process of its own, so that its memory is its own as well.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from heirloom.adapters.dynamodb.predictions import DynamoPredictions
from heirloom.adapters.label_files import StoredLabelFiles, csv_rows, parquet_rows
from heirloom.adapters.memory import MemoryAnswers, MemoryObjects, MemoryTrials
from heirloom.core.clock import utc_now
from heirloom.core.prediction.label_file import LabelRow, csv_of, rows_of
from heirloom.core.prediction.label_reading import MOST_ROWS, Reading, Taking
from heirloom.core.prediction.label_report import Drop
from heirloom.core.prediction.records import Record
from heirloom.core.project.recent import RecentProjects
from heirloom.core.run.upload import Upload
from local.connection import Connection
from local.launcher import EmbeddedAws
from tests.contract.test_predictions import table as predictions_table
from tests.embedded import free_port
from tests.parquet import arrow, parquet_of
from tests.unit.world import World

MILLION, TAKEN = 1_000_000, 20_000
AT = "2026-11-28T09:30:00.000Z"


def _ids(count: int) -> Iterator[str]:
    """Ids such as predictions have; the same for each measurement."""
    return (str(UUID(int=(number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128)) for number in range(count))


def _csv(count: int) -> bytes:
    return ("id,label\n" + "".join(f"{each},yes\n" for each in _ids(count))).encode()


def look_through_csv(folder: Path) -> dict[str, Any]:
    """A million rows, as a first pass finds out how many there are."""
    with (folder / "labels.csv").open("w") as text:
        text.write("id,label\n")
        text.writelines(f"{each},yes\n" for each in _ids(MILLION))
    with (folder / "labels.csv").open("rb") as file:
        return _timed(lambda: sum(1 for _ in csv_rows(iter(lambda: file.read(2**20), b""))))


def look_through_parquet(folder: Path) -> dict[str, Any]:
    """The same as Parquet, which another process has written."""
    written = f"tests.bench.label_files.write_parquet({str(folder)!r})"
    subprocess.run([sys.executable, "-c", f"import tests.bench.label_files; {written}"], check=True)
    arrow()
    with (folder / "labels.parquet").open("rb") as file:
        return _timed(lambda: sum(1 for _ in parquet_rows(file)))


def write_parquet(folder: str) -> None:
    body = parquet_of({"id": list(_ids(MILLION)), "label": ["yes"] * MILLION})
    (Path(folder) / "labels.parquet").write_bytes(body)


def put_aside(folder: Path) -> dict[str, Any]:
    """The most rows that a file may have, all unknown, and tried again."""
    rows = [LabelRow(number, each, "yes", AT) for number, each in enumerate(_ids(MOST_ROWS))]
    return _timed(lambda: len(csv_of(rows_of(csv_of(rows)))))


def take(folder: Path) -> dict[str, Any]:
    """Labels of predictions in the table."""
    return _taken(folder, known=True)


def take_unknown(folder: Path) -> dict[str, Any]:
    """Labels of predictions that nobody knows."""
    return _taken(folder, known=False)


def _taken(folder: Path, *, known: bool) -> dict[str, Any]:
    embedded = EmbeddedAws(folder / "state", free_port())
    try:
        return _read(embedded.start(die_with_parent=True), known=known)
    finally:
        embedded.stop()


def _read(aws: Connection, *, known: bool) -> dict[str, Any]:
    client, calls = aws.client("dynamodb"), Counter[str]()
    client.meta.events.register("before-call", lambda model, **_: calls.update([model.name]))
    predictions, world, objects = DynamoPredictions(client, predictions_table(aws)), World(), MemoryObjects()
    world.deploy("bench")
    told = {"release": None, "arm": None, "fallback": False, "input": {f"feature_{n}": n / 7 for n in range(20)}}
    data = {**told, "answer": {"label": "yes", "probability": 0.75}}
    predictions.put([Record(each, "prediction", "bench", 1, AT, data) for each in _ids(TAKEN) if known])
    calls.clear()
    body = _csv(TAKEN)
    objects.put("data", "labels/bench/labels.csv", body, "v1")
    drop = Drop(Upload("data", "labels/bench/labels.csv", "v1", len(body)), AT)
    projects = RecentProjects(world.lineage, 60, time.monotonic)
    taking = Taking(projects, predictions, MemoryTrials(), MemoryAnswers())
    reading = Reading(drop, taking, StoredLabelFiles(objects), objects, utc_now)

    def read() -> int:
        report = reading.go_on(None)
        while report and report.read < report.rows:
            report = reading.go_on(report)
        return report.share.accepted + report.share.unknown if report else 0

    return {**_timed(read), "calls": sum(calls.values())}


def _timed(work: Callable[[], int]) -> dict[str, Any]:
    """What it came to, seconds on the clock and of this process's processor, and the most memory so far in MB."""
    wall, own = time.perf_counter(), time.process_time()
    count = work()
    seconds = {"seconds": time.perf_counter() - wall, "own": time.process_time() - own}
    return {"count": count, **seconds, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


MEASURED = {
    "a CSV of 1,000,000 rows, looked through": look_through_csv,
    "the same as Parquet": look_through_parquet,
    "2,000,000 unknown rows put aside, read again and put aside": put_aside,
    "20,000 labels, taken": take,
    "20,000 labels of unknown predictions": take_unknown,
}


def table() -> list[str]:
    """The rows of a Markdown table."""
    rows = ["| | s | processor s of the function | MB at most | calls of DynamoDB |", "|---|---|---|---|---|"]
    for name, measure in MEASURED.items():
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "tests.bench.label_files", measure.__name__, folder]
            done = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found = json.loads(done.splitlines()[-1])
        calls = found.get("calls", "")
        rows.append(f"| {name} | {found['seconds']:.1f} | {found['own']:.1f} | {found['memory']:.0f} | {calls} |")
    return rows


def main() -> None:
    """All of it, or one measurement, for the process that does all."""
    if len(sys.argv) > 1:
        name, folder = sys.argv[1:]
        click.echo(json.dumps(globals()[name](Path(folder))))
        return
    click.echo(f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores")
    click.echo("\n".join(table()))


if __name__ == "__main__":
    main()
