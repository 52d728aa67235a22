"""`heirloom run`: what became of an upload, stage by stage."""

from __future__ import annotations

from dataclasses import asdict

import click

from cli.cloud_run import cloud_command
from cli.gc import gc_command
from cli.kept import KeptRuns
from cli.local_run import local_command
from cli.logs import Logs
from cli.options import connected
from cli.output import Output, clock
from cli.ports import Ports
from cli.progress import Steps
from cli.run_view import conclude, readable, show_detail
from cli.session import Session
from cli.sync import kept_command, sync_command
from cli.trial import try_command
from cli.waiting import Waiting, newest_run
from cli.workspace import workspace
from heirloom.core.run.runs import list_runs, show_run


@click.group()
def run() -> None:
    """Runs: each upload makes one; `run local` makes one here."""


@run.command("list")
@click.argument("model", required=False)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many, newest first.")
@connected
def list_command(out: Output, session: Session, model: str | None, limit: int) -> None:
    """List the newest runs, of MODEL or of all models."""
    ports = Ports(session)
    runs = list_runs(ports.lineage, ports.executions, model, limit).runs
    rows = [
        (each.id, each.state, each.stage, clock(each.started_at), each.version, each.reason.partition("\n")[0][:60])
        for each in runs
    ]

    def show() -> None:
        out.table(("run", "state", "stage", "started", "version", "reason"), rows)
        if not rows:
            out.note("no run yet: heirloom data upload MODEL FILE.csv starts one")
        if waiting := sum(not kept.synced_to() for kept in KeptRuns(workspace().root).all()):
            out.note(f"local runs that are kept here and not synced: {waiting}; see heirloom run kept")

    out.answer({"runs": [asdict(each) for each in runs]}, show)


@run.command("show")
@click.argument("run_id", metavar="[RUN]", required=False)
@connected
def show_command(out: Output, session: Session, run_id: str | None) -> None:
    """Show RUN, or the newest run: its stages, its data, its scores, why it failed."""
    ports = Ports(session)
    detail = show_run(run_id or newest_run(ports), ports.lineage, ports.executions, ports.jobs)
    out.answer(asdict(detail), lambda: show_detail(out, detail))


@run.command("wait")
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("--timeout", type=click.FloatRange(0), default=3600, show_default=True, help="Seconds to wait at most.")
@connected
def wait_command(out: Output, session: Session, run_id: str | None, timeout: float) -> None:
    """Wait until RUN, or the newest run, has ended. Exit code 1 when it failed."""
    ports = Ports(session)
    detail = Waiting(ports, Steps(out.notes), timeout).until_done(run_id or newest_run(ports))
    conclude(out, detail)


@run.command("logs")
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("--follow", is_flag=True, help="Go on until the run has ended.")
@connected
def logs_command(out: Output, session: Session, run_id: str | None, follow: bool) -> None:
    """Print the log of RUN, or of the newest run: its training job's and, of the functions', what concerns it."""
    ports = Ports(session)
    logs = Logs(session, show_run(run_id or newest_run(ports), ports.lineage, ports.executions, ports.jobs).run)
    lines = logs.follow(ports) if follow else logs.read()
    out.lines(map(asdict, lines), lambda line: f"{clock(line['at'])}  {line['source']:<16}  {readable(line['text'])}")


for command in (local_command, kept_command, sync_command, cloud_command, try_command, gc_command):
    run.add_command(command)
