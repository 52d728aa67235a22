"""`heirloom data`: upload a file; its run starts by itself."""

from __future__ import annotations

from pathlib import Path

import click

from cli.checks import check_data
from cli.intake import await_start, refuse_early, show_upload, upload_file
from cli.options import connected
from cli.output import Output
from cli.ports import Ports
from cli.progress import Steps
from cli.run_view import conclude
from cli.session import Session
from cli.waiting import Waiting
from cli.workspace import workspace
from heirloom.adapters.project_folder import read_project


@click.group()
def data() -> None:
    """Data: what models learn from."""


@data.command("upload")
@click.argument("model")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="First look through the file here, as the pipeline will.")
@click.option("--wait", is_flag=True, help="Wait until the run has ended; exit code 1 when it failed.")
@connected
def upload_command(out: Output, session: Session, *, model: str, file: Path, check: bool, wait: bool) -> None:
    """Upload FILE, a CSV, for MODEL: that starts a run, which ends in a version that serves.

    Prints the run's id, which is made of the object's version: the same upload never runs twice.
    """
    ports = Ports(session)
    refuse_early(ports, model, file)
    if check:
        check_data(file, read_project(workspace().models / model).data)
    upload = upload_file(out, session, model, file)
    with Steps(out.notes).spinner("waiting for the run to start"):
        await_start(ports, upload)
    if wait:
        conclude(out, Waiting(ports, Steps(out.notes), 3600).until_done(upload.run_id))
        return
    show_upload(out, upload)
