"""How kept local runs are told: a document each for programs, a line each for people."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from cli.kept import Kept
from cli.output import Output, clock, elapsed, seconds
from heirloom.core.clock import stamp
from heirloom.core.project.parameters import text_of
from heirloom.core.run.record import BASELINE, FAILURE_TAG, PROJECT_FILE


def described(kept: Kept) -> dict[str, Any]:
    """A kept run for --json."""
    record = kept.record
    return {
        "run": kept.id,
        "name": record.name,
        "model": record.experiment,
        "status": record.status,
        "started_at": _moment(kept.started_at),
        "ended_at": _moment(kept.ended_at),
        "params": record.params,
        "metrics": record.metrics,
        "tags": record.tags,
        "folder": str(kept.folder),
        "synced": kept.synced_to(),
    }


def show_kept(out: Output, runs: list[Kept]) -> None:
    """A table, oldest first."""
    rows = []
    for kept in runs:
        began, ended = _moment(kept.started_at), _moment(kept.ended_at)
        name = kept.id if kept.record.name == kept.id else f"{kept.id} {kept.record.name}"
        lasted, synced = seconds(elapsed(began, ended)), bool(kept.synced_to())
        rows.append((name, kept.record.status.lower(), score(kept), clock(began), lasted, _changed(kept), synced))
    out.table(("run", "status", "score", "started", "lasted", "parameters", "synced"), rows)
    if not rows:
        out.note("no local run is kept here: heirloom run local FOLDER makes one")


def score(kept: Kept) -> float | None:
    """The objective's metric on the test rows; None of a training that failed."""
    return kept.record.metrics.get(_project(kept)["objective"]["metric"])


def show_scores(out: Output, kept: Kept) -> None:
    """The model's scores beside the baseline's, on the same held-out rows; the objective's first."""
    metrics, objective = kept.record.metrics, _project(kept)["objective"]
    scores = [name for name in metrics if f"{BASELINE}{name}" in metrics and name != objective["metric"]]
    wanted = f"at least {objective['at_least']:g}: {'met' if metrics['objective_met'] else 'missed'}"
    rows = [
        (name, metrics[name], metrics.get(f"{BASELINE}{name}"), wanted if name == objective["metric"] else "")
        for name in (objective["metric"], *sorted(scores))
    ]
    out.table((f"of {metrics['test_rows']:.0f} held-out rows", "model", "baseline", "objective"), rows)


def why(kept: Kept) -> str:
    """The reason of a training that failed."""
    return kept.record.tags.get(FAILURE_TAG, "")


def _changed(kept: Kept) -> str:
    """The parameters that were not those of model.yaml."""
    declared = {name: text_of(value) for name, value in _project(kept)["training"]["parameters"].items()}
    used = kept.record.params
    return " ".join(f"{name}={used[name]}" for name in declared if used[name] != declared[name])


def _project(kept: Kept) -> Any:
    return json.loads(kept.artifacts[PROJECT_FILE].read_text(encoding="utf-8"))


def _moment(milliseconds: int) -> str:
    return stamp(datetime.fromtimestamp(milliseconds / 1000, UTC))
