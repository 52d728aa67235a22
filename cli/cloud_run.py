"""`heirloom run cloud`: the same training as `heirloom run local`, by the deployed stack's pipeline."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import click

from cli.folders import checked_project, find_folder
from cli.intake import await_start, refuse_early, show_upload, upload_file
from cli.options import connected
from cli.output import Output
from cli.parameters import given
from cli.ports import Ports
from cli.progress import Steps
from cli.project import CSV_FILE
from cli.run_view import conclude
from cli.session import Session
from cli.waiting import Waiting
from cli.workspace import workspace
from heirloom.adapters.project_folder import bundle
from heirloom.core.errors import Conflict, Invalid, NotFound
from heirloom.core.project.parameters import overlaid
from heirloom.core.project.registration import Registration, registered
from heirloom.core.run.retrain import newest_upload
from heirloom.core.run.upload import PARAMETERS, Upload

# S3 takes 2 KB of user-defined metadata, names included.
LARGEST_PARAMETERS = 1900


@click.command("cloud")
@click.argument("folder")
@click.option("--data", type=CSV_FILE, help="The CSV to learn from.  [default: what the newest run learnt from]")
@click.option("--set", "changes", multiple=True, metavar="PARAMETER=VALUE", help="Another value; may be repeated.")
@click.option("--deployed", is_flag=True, help="Train the deployed code, even where FOLDER has another.")
@click.option("--wait", is_flag=True, help="Wait until the run has ended; exit code 1 when it failed.")
@connected
def cloud_command(
    out: Output,
    session: Session,
    *,
    folder: str,
    data: Path | None,
    changes: tuple[str, ...],
    deployed: bool,
    wait: bool,
) -> None:
    """Have the deployed stack train the model project in FOLDER: the run of an upload, which ends in a version.

    The parameters that you --set are this run's alone. Put those that you like into model.yaml.
    """
    ports, texts, place = Ports(session), given(changes), find_folder(folder, workspace())
    project = checked_project(place)
    refuse_early(ports, project.name, data)
    registration = _deployed(ports, project.name)
    if not deployed:
        _refuse_other_code(place, registration)
    overlaid(registration.project.training.parameters, texts)
    upload = submit(out, ports, project.name, data, _metadata(texts))
    with Steps(out.notes).spinner("waiting for the run to start"):
        await_start(ports, upload)
    if wait:
        conclude(out, Waiting(ports, Steps(out.notes), 3600).until_done(upload.run_id))
    else:
        show_upload(out, upload)


def submit(out: Output, ports: Ports, model: str, data: Path | None, metadata: Mapping[str, str]) -> Upload:
    """Make a new object version in the data bucket, whose event starts the run. Raises NotFound without any data."""
    if data is not None:
        return upload_file(out, ports.session, model, data, metadata)
    newest = newest_upload(model, ports.lineage)
    if newest is None:
        raise NotFound(f"no run of {model} has had data yet in {ports.session.place}: name a file, --data FILE.csv")
    copied = ports.session.client("s3").copy_object(
        Bucket=newest.bucket,
        Key=newest.key,
        CopySource={"Bucket": newest.bucket, "Key": newest.key, "VersionId": newest.version_id},
        ContentType="text/csv",
        MetadataDirective="REPLACE",
        Metadata=dict(metadata),
    )
    return Upload(newest.bucket, newest.key, copied["VersionId"], newest.size)


def _deployed(ports: Ports, model: str) -> Registration:
    registration = registered(model, ports.lineage)
    if registration is None:
        raise NotFound(f"the project {model} is not deployed in {ports.session.place}")
    return registration


def _refuse_other_code(folder: Path, registration: Registration) -> None:
    """The pipeline trains what is deployed. Raises Conflict where the folder has something else."""
    with tempfile.TemporaryDirectory() as work:
        same = bundle(folder, Path(work) / "project.tar.gz") == registration.code_hash
    if not same:
        raise Conflict(
            f"{folder} differs from what is deployed, which is what would train: deploy it first "
            "(`heirloom local up` or `make deploy`), or train the deployed code: --deployed"
        )


def _metadata(texts: Mapping[str, str]) -> dict[str, str]:
    if not texts:
        return {}
    told = json.dumps(texts)
    if len(told) > LARGEST_PARAMETERS:
        raise Invalid(f"--set: expected at most {LARGEST_PARAMETERS} characters in all, got {len(told)}")
    return {PARAMETERS: told}
