"""`heirloom local`: the embedded AWS of this repository, with the stack and its models deployed to it by the CDK."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path

import click

from cli.embedded import connection
from cli.options import answers
from cli.output import Output, seconds, size
from cli.progress import Steps
from cli.workspace import Workspace, workspace
from heirloom.adapters.project_folder import read_projects
from local.connection import Connection
from local.deploy import deploy
from local.launcher import DEFAULT_PORT, EmbeddedAws


@click.group()
def local() -> None:
    """The embedded AWS on this machine."""


def embedded_aws(here: Workspace, port: int | None = None) -> EmbeddedAws:
    """The one of this repository, on ``port``, or on the port where it already runs."""
    running = EmbeddedAws(here.state).state.running()
    return EmbeddedAws(here.state, port or (running.port if running else DEFAULT_PORT))


def bring_up(steps: Steps, here: Workspace, port: int | None = None) -> dict[str, dict[str, str]]:
    """Start the embedded AWS unless it runs, and deploy the stacks with the models of ``here``; their outputs.

    Raises Invalid with the problems of all projects before anything starts.
    """
    read_projects(Path(here.shown(here.models)))
    with steps.step("starting the embedded AWS"):
        started = embedded_aws(here, port).start()
    steps.line(f"it answers at {started.endpoint_url}, its state is in {here.shown(here.state)}")
    with steps.step("deploying the stack with the CDK") as detail:
        return deploy(started, here.app, here.state, detail, models=str(here.models.resolve()))


@local.command("up")
@click.option(
    "--port", type=click.IntRange(1, 65535), help=f"Where it listens, on 127.0.0.1.  [default: {DEFAULT_PORT}]"
)
@answers
def up(out: Output, port: int | None) -> None:
    """Start it unless it runs, and deploy the stack with models/; again: deploy what changed.

    The stack is deployed by `cdk deploy`, from the templates that AWS gets.
    """
    here, steps = workspace(), Steps(out.notes)
    outputs = bring_up(steps, here, port)
    models = sorted(file.parent.name for file in here.models.glob("*/model.yaml"))
    endpoint = Connection.load(here.state).endpoint_url
    document = {"endpoint_url": endpoint, "models": models, "seconds": round(steps.elapsed, 1), "outputs": outputs}

    def show() -> None:
        out.say(f"Up in {seconds(steps.elapsed)}: {', '.join(models) or 'no models yet'}, at {endpoint}.")
        out.note("next: heirloom data upload MODEL FILE.csv")

    out.answer(document, show)


@local.command("down")
@answers
def down(out: Output) -> None:
    """Stop it; its state stays for the next `up`."""
    stopped = embedded_aws(workspace()).stop()
    out.answer({"stopped": stopped}, lambda: out.say("stopped" if stopped else "it was not running"))


@local.command("status")
@answers
def status(out: Output) -> None:
    """Say whether it runs, where, and since when. Exit code 1 when it does not."""
    found = embedded_aws(workspace()).status()

    def show() -> None:
        out.say("running" if found.healthy else "it runs but does not answer" if found.running else "not running")
        out.facts(
            [
                ("endpoint", found.endpoint_url),
                ("for", seconds(found.uptime) if found.running else None),
                ("process", found.pid or None),
                ("MiniStack", found.version),
                ("state", f"{found.state_dir} ({size(found.state_bytes)})"),
            ]
        )

    out.answer(asdict(found), show)
    if not found.healthy:
        raise click.exceptions.Exit(1)


@local.command("reset")
@click.option("--yes", is_flag=True, help="Do not ask.")
@answers
def reset(out: Output, yes: bool) -> None:
    """Stop it and wipe all that it knows: data, models, runs, logs."""
    here = workspace()
    question = f"Wipe {here.shown(here.state)}, with every upload, run and model in it?"
    if not yes and not click.confirm(question, err=True):
        out.note("nothing was removed")
        raise click.exceptions.Exit(1)
    embedded_aws(here).reset()
    out.answer({"removed": str(here.state)}, lambda: out.say(f"removed {here.shown(here.state)}"))


@local.command("env")
@answers
def env(out: Output) -> None:
    """Print the environment that leads any AWS SDK here: eval "$(heirloom local env)"."""
    variables = connection(workspace().state).environment()

    def show() -> None:
        for name, value in variables.items():
            out.say(f"export {name}={shlex.quote(value)}")

    out.answer(variables, show)
