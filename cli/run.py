"""`heirloom run`: what became of an upload, stage by stage."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from cli.logs import Logs
from cli.options import connected
from cli.output import Output, clock, elapsed, seconds, size
from cli.ports import Ports
from cli.progress import Steps
from cli.session import Session
from cli.trial import try_command
from cli.waiting import Waiting, consequence, failed, newest_run, now_doing
from heirloom.core.run.runs import RunDetail, list_runs, show_run


@click.group()
def run() -> None:
    """Runs: each upload makes one."""


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


run.add_command(try_command)


def readable(text: str) -> str:
    """A line of the functions' JSON logs as level and message; any other line as it is."""
    try:
        entry = json.loads(text)
    except ValueError:
        return text
    if not isinstance(entry, dict) or "message" not in entry:
        return text
    return "\n    ".join(f"{entry.get('level', '')} {entry['message']}".strip().splitlines())


def conclude(out: Output, detail: RunDetail) -> None:
    """Print how a run ended; exit code 1 when it failed."""
    out.answer(asdict(detail), lambda: show_end(out, detail))
    if failed(detail):
        raise click.exceptions.Exit(1)


def show_end(out: Output, detail: RunDetail) -> None:
    """One line, and the scores."""
    run = detail.run
    took = seconds(elapsed(run.started_at, run.ended_at))
    if failed(detail):
        out.say(f"run {run.id} failed in the stage {run.stage} after {took}: {run.reason}")
        if consequence(detail):
            out.say(consequence(detail))
        return
    out.say(f"run {run.id} succeeded in {took}: {run.model} version {run.version}. {run.reason}".rstrip())
    show_scores(out, detail)


def show_detail(out: Output, detail: RunDetail) -> None:
    """All of it, for a person."""
    run, upload, dataset, job = detail.run, detail.upload, detail.dataset, detail.job
    out.facts(
        [
            ("run", run.id),
            ("state", f"{run.state}, {now_doing(detail)}" if run.ended_at is None else run.state),
            ("failed in", run.stage if failed(detail) else None),
            ("reason", run.reason),
            ("the file", consequence(detail)),
            ("started", clock(run.started_at)),
            ("lasted", seconds(elapsed(run.started_at, run.ended_at))),
            ("upload", f"{upload['key']}, {size(upload['size'])}"),
            ("dataset", f"{dataset['id']}, {dataset['rows']} rows" if dataset else None),
            ("training job", f"{job.name}, {job.status}" if job else None),
            ("version", run.version),
        ]
    )
    out.say()
    rows = [(event.stage, event.state, seconds(elapsed(run.started_at, event.at))) for event in detail.events]
    out.table(("stage", "state", "after"), rows)
    if detail.scores:
        out.say()
        show_scores(out, detail)


def show_scores(out: Output, detail: RunDetail) -> None:
    """The version's scores beside the baseline's, on the same held-out rows."""
    scores = detail.scores
    if not scores:
        return
    metric, wanted = scores["metric"], f"at least {scores['at_least']:g}: {'met' if scores['met'] else 'missed'}"
    names = [metric, *sorted(set(scores["test"]) - {metric})]
    rows = [
        (name, scores["test"].get(name), scores["baseline"].get(name), wanted if name == metric else "")
        for name in names
    ]
    out.table((f"of {scores['test_rows']} held-out rows", "model", "baseline", "objective"), rows)
