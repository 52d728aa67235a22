"""The flights of the demo: real ones, of a month to learn from and of the week after it."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from cli.rows import Row, value_of
from cli.workspace import Workspace
from heirloom.core.project.definition import Data

MODEL = "flight-delay"
# A month to learn from; the day after it is predicted first, then the days until the last.
FIRST, NEXT_DAY, LAST = "2013-01-01", "2013-02-01", "2013-02-07"
_SECONDS = 60  # in a minute


@dataclass(frozen=True)
class Flight:
    """A flight: what is known of it as it departs, and what the model could not know."""

    name: str
    inputs: Row
    late: bool


@dataclass(frozen=True)
class Files:
    """``month`` is uploaded, and once more ``in_seconds``: with delays in another unit. ``week`` is what comes then."""

    month: Path
    in_seconds: Path
    week: Path


def write_files(here: Workspace) -> Files:
    """The files of the demo below build/demo; written once."""
    folder = here.root / "build" / "demo"
    names = ("flights-2013-01.csv", "flights-2013-01-resent.csv", "flights-2013-02-week-1.csv")
    files = Files(*(folder / name for name in names))
    if all((folder / name).exists() for name in names):
        return files
    folder.mkdir(parents=True, exist_ok=True)
    both = folder / "flights.csv"
    command = [sys.executable, str(here.models / MODEL / "make_data.py"), str(both), "--from", FIRST, "--to", LAST]
    subprocess.run(command, check=True)
    header, *lines = both.read_text(encoding="utf-8").splitlines(keepends=True)
    later = next(place for place, line in enumerate(lines) if line.startswith(NEXT_DAY))
    files.week.write_text("".join([header, *lines[later:]]), encoding="utf-8")
    files.month.write_text("".join([header, *lines[:later]]), encoding="utf-8")
    _write_in_seconds(files)
    return files


def _write_in_seconds(files: Files) -> None:
    with files.month.open(encoding="utf-8", newline="") as source:
        rows = [{**row, "departure_delay": _SECONDS * int(row["departure_delay"])} for row in csv.DictReader(source)]
    with files.in_seconds.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def read_flights(file: Path, data: Data) -> list[Flight]:
    """The flights of a file, in the order of their departure."""
    with file.open(encoding="utf-8", newline="") as lines:
        return [
            Flight(
                f"{row['carrier']}{row['flight']} {row['origin']}-{row['dest']}, {_left(int(row['departure_delay']))}",
                {name: value_of(row[name]) for name in data.features or {}},
                row[data.label] == "true",
            )
            for row in csv.DictReader(lines)
        ]


def first_day(flights: list[Flight], file: Path) -> int:
    """How many of the flights of the file are of NEXT_DAY."""
    lines = file.read_text(encoding="utf-8").splitlines()[1 : len(flights) + 1]
    return sum(line.startswith(NEXT_DAY) for line in lines)


def _left(minutes: int) -> str:
    return f"left {abs(minutes)} min {'late' if minutes > 0 else 'early'}" if minutes else "left on time"
