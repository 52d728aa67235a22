"""The commands of `heirloom import`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from cli.importing.destination import Destination
from cli.importing.dvc_source import DvcSource
from cli.importing.git import Git
from cli.importing.mlflow_opening import open_mlflow
from cli.importing.options import Names, Options
from cli.importing.plan import Planner
from cli.importing.records import Source
from cli.importing.registry import Registry
from cli.importing.report import tell, tell_plan
from cli.importing.stack import S3Files, api_of
from cli.importing.tally import Tally
from cli.importing.transfer import Transfer
from cli.importing.versions import Versions
from cli.options import connected
from cli.output import Output
from cli.progress import bar
from cli.session import Session
from heirloom.core.errors import NotFound


@click.group("import")
def importing() -> None:
    """Bring what you have logged elsewhere: from MLflow, or from a Git repository with DVC."""


@importing.command("mlflow")
@click.argument("uri")
@click.option("--experiment", "patterns", multiple=True, metavar="NAME", help="Only this one; * for any letters.")
@click.option("--rename", "renamed", multiple=True, metavar="OLD=NEW", help="Another name here.")
@click.option("--prefix", default="", metavar="TEXT", help="What all other names begin with here.")
@click.option("--only-registry", is_flag=True, help="Registered models alone, and no runs.")
@click.option("--no-registry", is_flag=True, help="No registered models.")
@click.option("--no-artifacts", is_flag=True, help="No files.")
@click.option("--deleted", is_flag=True, help="Experiments and runs that are deleted, too.")
@click.option("--dry-run", is_flag=True, help="Say what there is to import; import nothing.")
@connected
def mlflow_command(  # noqa: PLR0913 - click passes each option
    out: Output,
    session: Session,
    *,
    uri: str,
    patterns: tuple[str, ...],
    renamed: tuple[str, ...],
    prefix: str,
    only_registry: bool,
    no_registry: bool,
    no_artifacts: bool,
    deleted: bool,
    dry_run: bool,
) -> None:
    """Import all of the MLflow at URI: experiments, runs, logged models, artifacts, the registry.

    \b
    heirloom import mlflow http://mlflow.example.com
    heirloom import mlflow sqlite:///mlflow.db --experiment 'churn*'
    heirloom import mlflow ./mlruns --prefix old-

    Given again, it takes up what is missing, has failed or has changed since; nothing comes twice. Exit code 1 when
    something failed. Needs MLflow's client: pip install mlflow.
    """
    if only_registry and no_registry:
        raise click.UsageError("--only-registry and --no-registry leave nothing to import")
    names = Names.from_words(prefix, renamed)
    options = Options(patterns, names, not only_registry, not no_registry, not no_artifacts)
    carry_over(out, session, open_mlflow(uri, deleted), options, dry_run)


@importing.command("dvc")
@click.argument("path", default=".")
@click.option("--rev-range", default="HEAD", metavar="A..B", help="Which commits.  [default: all before HEAD]")
@click.option("--experiment", "name", default="", metavar="NAME", help="The experiment.  [default: the folder's name]")
@click.option("--no-artifacts", is_flag=True, help="No files.")
@click.option("--dry-run", is_flag=True, help="Say what there is to import; import nothing.")
@connected
def dvc_command(
    out: Output, session: Session, *, path: str, rev_range: str, name: str, no_artifacts: bool, dry_run: bool
) -> None:
    """Import the history of the Git repository with DVC at PATH: a run for each commit that changed what DVC pins.

    \b
    heirloom import dvc
    heirloom import dvc ~/churn --rev-range v1.0..main --experiment churn

    A run has the parameters, the metrics and the data of its commit; those of `dvc exp` come, too. Given again, it
    takes up what is missing. DVC need not be installed. Exit code 1 when something failed.
    """
    if not Path(path).is_dir():
        raise NotFound(f"{path}: there is no such folder")
    with closing(Git(Path(path))) as git:
        source = DvcSource(git, Path(path), rev_range, name)
        carry_over(out, session, source, Options(registry=False, artifacts=not no_artifacts), dry_run)


def carry_over(out: Output, session: Session, source: Source, options: Options, dry_run: bool) -> None:
    """Import what is asked for of a source, or say what there is to import."""
    destination = Destination(api_of(session))
    registry = Registry(destination)
    with out.notes.status(f"looking at {source.uri}"):
        plan = Planner(source, destination, registry, options).plan()
    if dry_run:
        tell_plan(out, source.uri, plan, options)
        return
    tally = Tally()
    with bar(out.notes, "runs and models", len(list(plan.runs)) + len(list(plan.models))) as arrived:
        transfer = Transfer(source, destination, S3Files(session), options, tally, arrived)
        transfer.carry_out(plan)
    versions = Versions(registry, destination, plan.known, tally, transfer.copy if options.artifacts else None)
    with bar(out.notes, "registered models", len(plan.registry)) as arrived:
        for target in plan.registry:
            versions.carry_out(target)
            arrived(1)
    tell(out, source.uri, tally)
