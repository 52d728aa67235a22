"""`heirloom project`: describe a model in a folder, and find out what is wrong with it before anything is deployed."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import click

from cli.checks import Checked, check_baseline, check_data, check_folder
from cli.options import answers
from cli.output import Output, size
from cli.sample import look
from cli.scaffold import write_project
from cli.workspace import Workspace, workspace
from heirloom.core.dataset.schema import Summary
from heirloom.core.errors import NotFound
from heirloom.core.project.definition import Project

CSV_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def project() -> None:
    """Model projects: the folders below models/."""


@project.command("init")
@click.argument("name")
@click.option("--data", type=CSV_FILE, help="A CSV of examples: its columns are listed as comments.")
@answers
def init(out: Output, name: str, data: Path | None) -> None:
    """Write models/NAME, a project that lacks three lines of model.yaml."""
    here = workspace()
    folder = write_project(here.models, name, look(data) if data else None)
    files = [here.shown(file) for file in sorted(folder.iterdir())]

    def show() -> None:
        for file in files:
            out.say(f"wrote {file}")
        out.say(f"Now fill in the 3 lines of {files[-1]} that say FILL IN, then: heirloom project check {name}")

    out.answer({"name": name, "files": files}, show)


@project.command("check")
@click.argument("name", required=False)
@click.option(
    "--data", type=CSV_FILE, help="Look through this CSV too, as the pipeline would, and ask baseline.py; needs NAME."
)
@answers
def check(out: Output, name: str | None, data: Path | None) -> None:
    """Say all that is wrong with models/NAME, or with every project.

    Exit code 2 when anything is wrong. model.py and baseline.py are imported, in a process of their own.
    """
    if data and not name:
        raise click.UsageError("--data needs the NAME of the project whose data it is")
    checked = [check_folder(folder) for folder in _folders(workspace(), name)]
    first = checked[0].project
    summary = check_data(data, first.data) if data and first else None
    if data and summary and not checked[0].problems:
        wrong = check_baseline(checked[0].folder, data, summary.schema)
        checked = [replace(checked[0], problems=(wrong,) if wrong else ())]
    out.answer(_document(checked, summary), lambda: _show(out, checked, summary))
    if any(each.problems for each in checked):
        raise click.exceptions.Exit(2)


def _folders(here: Workspace, name: str | None) -> list[Path]:
    """The folders to check, as the reader would type them."""
    models = Path(here.shown(here.models))
    if name:
        return [models / name]
    found = sorted(file.parent for file in models.glob("*/model.yaml"))
    if not found:
        raise NotFound(f"there is no project in {models}: `heirloom project init NAME` writes one")
    return found


def _document(checked: list[Checked], summary: Summary | None) -> dict[str, object]:
    projects = [
        {
            "folder": str(each.folder),
            "project": each.project.to_document() if each.project else None,
            "problems": [asdict(problem) for problem in each.problems],
        }
        for each in checked
    ]
    data = summary and {"rows": summary.rows, "sha256": summary.sha256, "schema": summary.schema.to_document()}
    return {"projects": projects, "data": data}


def _show(out: Output, checked: list[Checked], summary: Summary | None) -> None:
    for each in checked:
        for problem in each.problems:
            out.say(str(problem))
        if each.project and not each.problems:
            wanted = f"{each.project.objective.metric} of at least {each.project.objective.at_least:g}"
            out.say(f"{each.folder}: right. Predicts {each.project.data.label}; wants {wanted}.")
            out.facts(_promises(each.project))
    if summary:
        kinds = ", ".join(f"{name} ({kind})" for name, kind in summary.schema.features.items())
        out.say(f"data: {summary.rows} rows, {size(summary.bytes)}, labels {_labels(summary)}; features: {kinds}")


def _promises(project: Project) -> list[tuple[str, str | None]]:
    """What callers are promised, and what else is watched, a line each."""
    rule = project.slo.rolling_accuracy
    limits = f"below {rule.alert_below:g} people are paged, below {rule.rollback_below:g} it is rolled back"
    accuracy = f"on the last {rule.window} labels, over that of its test: {limits} ({rule.rule} rule)"
    right = "" if rule.tolerance is None else f"; right is at most {rule.tolerance:g} off"
    unwatched = "not watched: slo.rolling_accuracy.tolerance says how far off is right"
    retrain = ", which starts a training" if project.drift.retrain else ""
    return [
        ("  latency", f"95% of the answers within {project.slo.latency_p95_ms} ms"),
        ("  accuracy", f"{accuracy}{right}" if project.watches_accuracy else unwatched),
        ("  errors by", ", ".join(project.slices)),
        ("  drift", f"from a PSI of {project.drift.psi:g}{retrain}"),
    ]


def _labels(summary: Summary) -> str:
    classes = summary.schema.classes
    shown = ", ".join(map(str, classes[:8])) + (", ..." if len(classes) > 8 else "")
    return shown or "are numbers"
