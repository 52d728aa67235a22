"""`heirloom run local`: what SageMaker would run, on this machine; the run is kept here, and synced when it can be."""

from __future__ import annotations

import getpass
import platform
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from cli.checks import check_data
from cli.edge import explain
from cli.folders import checked_project, find_folder
from cli.kept import Beginning, Kept, KeptRuns
from cli.kept_view import described, show_scores, why
from cli.newest_data import newest_data
from cli.options import Opens, connectable
from cli.output import Output, seconds
from cli.parameters import given
from cli.progress import Steps
from cli.project import CSV_FILE
from cli.sync import send_one
from cli.training import Job, Training
from cli.workspace import Workspace, workspace
from heirloom.adapters.project_folder import git_commit
from heirloom.core.errors import HeirloomError, Invalid, Unavailable
from heirloom.core.project.parameters import overlaid
from heirloom.core.run.record import FAILED, LOCAL, Attempt, Code, Data, Place, failed, succeeded

Doing = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """A kept run, its id in the tracking store, or why it is in none yet."""

    kept: Kept
    tracked: str | None
    waits: str = ""


@click.command("local")
@click.argument("folder")
@click.option("--data", type=CSV_FILE, help="The CSV to learn from.  [default: what the newest run learnt from]")
@click.option("--set", "changes", multiple=True, metavar="PARAMETER=VALUE", help="Another value; may be repeated.")
@click.option("--name", help="What lists call the run.  [default: its id]")
@connectable
def local_command(
    out: Output, opens: Opens, *, folder: str, data: Path | None, changes: tuple[str, ...], name: str | None
) -> None:
    """Train the model project in FOLDER on this machine, as SageMaker would: same programs, same checks, same record.

    The run is kept in .heirloom-runs/ and sent to the stack's tracking store. Without a network it waits there for
    `heirloom run sync`. A training that fails is kept, too; exit code 1.
    """
    here, texts, steps = workspace(), given(changes), Steps(out.notes)
    place = find_folder(folder, here)
    with steps.spinner(f"checking {place}"):
        project = checked_project(place)
        overlaid(project.training.parameters, texts)
        file, source = (data, str(data.resolve())) if data else newest_data(opens, project.name, here)
        summary = check_data(file, project.data)
    job = Job(_new_id(project.name), place, project, texts, file, summary, git_commit(place))
    with steps.step(f"training {project.name} on {file.name}, {job.summary.rows} rows") as doing:
        kept = train(job, source, name or job.id, here, doing)
    outcome = sync(kept, opens, here)
    out.answer(_document(outcome), lambda: _show(out, outcome))
    if kept.record.status == FAILED:
        raise click.exceptions.Exit(1)


def train(job: Job, source: str, name: str, here: Workspace, doing: Doing) -> Kept:
    """Train, and keep what came of it."""
    with KeptRuns(here.root).beginning(job.id) as beginning, tempfile.TemporaryDirectory() as work:
        training, started_at = Training(job, Path(work)), _now()
        attempt = Attempt(
            id=job.id,
            name=name,
            project=job.project,
            parameters=overlaid(job.project.training.parameters, job.given),
            data=Data(job.file.name, job.summary.sha256, source, job.summary.rows),
            code=Code(training.code, job.git_commit),
            place=Place(LOCAL, platform.node(), getpass.getuser()),
        )
        try:
            training.run(_told(beginning, doing))
            record = succeeded(attempt, training.evidence())
            training.pack_model(beginning.model)
        except (Unavailable, Invalid) as failure:
            record = failed(attempt, str(failure))
        return beginning.keep(record, started_at, _now())


def sync(kept: Kept, opens: Opens, here: Workspace) -> Outcome:
    """Send the run if a stack answers; if none does, it waits."""
    try:
        return Outcome(kept, send_one(kept, KeptRuns(here.root), opens().hasty()))
    except (HeirloomError, BotoCoreError, ClientError, OSError) as error:
        return Outcome(kept, None, explain(error)[0])


def _told(beginning: Beginning, doing: Doing) -> Doing:
    """Each line of the program goes into the log, and is shown as what goes on."""

    def on_line(line: str) -> None:
        with beginning.log.open("a", encoding="utf-8") as log:
            log.write(f"{line}\n")
        doing(line.removeprefix("[heirloom] "))

    return on_line


def _document(outcome: Outcome) -> Mapping[str, Any]:
    return {**described(outcome.kept), "reason": why(outcome.kept), "tracked": outcome.tracked, "waits": outcome.waits}


def _show(out: Output, outcome: Outcome) -> None:
    kept = outcome.kept
    took = seconds((kept.ended_at - kept.started_at) / 1000)
    if kept.record.status == FAILED:
        out.say(f"run {kept.id} failed after {took}: {why(kept)}")
        out.say(f"what it printed is in {workspace().shown(kept.log)}")
    else:
        out.say(f"run {kept.id} succeeded in {took}")
        show_scores(out, kept)
    if outcome.tracked is None:
        out.note(f"kept here, not synced ({outcome.waits.partition(chr(10))[0]}); later: heirloom run sync")
    else:
        out.say(f"synced to experiment {kept.record.experiment} as run {outcome.tracked}")


def _new_id(model: str) -> str:
    """In the form of the pipeline's: core/run/upload.py."""
    return f"{model}-{uuid.uuid4().hex[:12]}"


def _now() -> int:
    return int(time.time() * 1000)
