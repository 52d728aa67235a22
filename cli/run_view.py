"""What `heirloom run` and `heirloom data upload` print of a run, and the exit code of one that failed."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from cli.output import Output, clock, elapsed, seconds, size
from cli.waiting import consequence, failed, now_doing
from heirloom.core.run.runs import RunDetail


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
