"""`heirloom slo`: what a model promises, how it stands, and whether it could be kept."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from cli.grafana import grafana_dashboard
from cli.options import answers, connected
from cli.output import Output
from cli.ports import Ports
from cli.progress import Steps
from cli.session import STACK, Session
from cli.slo_view import alarm_states, show_check, show_slo
from cli.workspace import Workspace, workspace
from heirloom.adapters.project_folder import read_project
from heirloom.core.errors import NotFound
from heirloom.core.monitoring import check, view
from heirloom.core.monitoring.accuracy import Reference
from heirloom.core.project.definition import Project

ACCURACIES = (0.8, 0.9, 0.95)
"""Of which a promise is checked where nobody says how good the model is."""


@click.group()
def slo() -> None:
    """Promises: what a model is held to, and how it stands."""


@slo.command("show")
@click.argument("model")
@click.option("--version", type=click.IntRange(0), help="Of this version; else of the champion.")
@connected
def show_command(out: Output, session: Session, model: str, version: int | None) -> None:
    """Show each promise of MODEL: target, value, error budget left, alarm; its labels, and where it is wrong most.

    The budget is how many more bad outcomes the last window may hold before its share falls below the target.
    """
    ports = Ports(session)
    document = view.show_slo(model, version, ports.routes, ports.standards, ports.watches)
    document["alarms"] = alarm_states(session, model, document["alarms"])
    out.answer(document, lambda: show_slo(out, document))


@slo.command("check")
@click.argument("project", metavar="[FOLDER|MODEL]", required=False)
@click.option(
    "--accuracy",
    "accuracies",
    type=click.FloatRange(0, 1, min_open=True),
    multiple=True,
    help="The test accuracy that the model has, or may have; may be repeated.  [default: 0.8, 0.9, 0.95]",
)
@click.option("--rows", type=click.IntRange(1), default=2000, show_default=True, help="The test rows that it is of.")
@answers
def check_command(out: Output, project: str | None, accuracies: tuple[float, ...], rows: int) -> None:
    """Say whether a promise of accuracy can be both quick and sure, before it is deployed; of every project by default.

    How many labels after a drop of the accuracy people are paged, and the version is rolled back.
    """
    here = workspace()
    found = [(here.shown(folder), read_project(folder)) for folder in _folders(here, project)]
    promised = [(folder, each) for folder, each in found if each.watches_accuracy]
    for folder, _ in (each for each in found if each not in promised):
        out.note(f"{folder} promises no accuracy: slo.rolling_accuracy.tolerance says how far off is right")
    references = [Reference(accuracy, rows) for accuracy in accuracies or ACCURACIES]
    with Steps(out.notes).spinner("dropping the accuracy, and counting labels"):
        checked = [_checked(folder, each, reference) for folder, each in promised for reference in references]
    out.answer({"checked": checked}, lambda: show_check(out, checked))


def _folders(here: Workspace, project: str | None) -> list[Path]:
    """A project's folder or its name in models/; all of models/ by default."""
    if project is None:
        found = sorted(file.parent for file in here.models.glob("*/model.yaml"))
        if not found:
            raise NotFound(f"there is no project in {here.models}: `heirloom project init NAME` writes one")
        return found
    return [Path(project) if (Path(project) / "model.yaml").exists() else here.models / project]


def _checked(folder: str, project: Project, reference: Reference) -> dict[str, object]:
    rule = project.slo.rolling_accuracy
    tested = {"accuracy": reference.accuracy, "test_rows": reference.rows}
    found = asdict(check.check(rule, reference))
    return {"folder": folder, "rule": rule.rule, "window": rule.window, **tested, **found}


@slo.command("grafana")
@click.argument("model")
@click.option(
    "--prefix",
    envvar="HEIRLOOM_STACK",
    default=STACK,
    show_default=True,
    help="The prefix of the deployment that is watched.",
)
@answers
def grafana_command(out: Output, model: str, prefix: str) -> None:
    """Print a Grafana dashboard of MODEL over CloudWatch, as JSON for Grafana's import, with or without --json."""
    dashboard = grafana_dashboard(read_project(workspace().models / model), prefix)
    out.answer(dashboard, lambda: out.say(json.dumps(dashboard, indent=2)))
