"""An upload as the CLI sees it through: sent to S3, then a run or quarantine. For `data upload` and `run cloud`."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

from botocore.exceptions import ClientError

from cli.output import Output, size
from cli.ports import Ports
from cli.progress import transfer
from cli.session import Session
from cli.upload import send
from heirloom.core.errors import InvalidData, NotFound, Unavailable
from heirloom.core.run.upload import QUARANTINE, Upload

# How long an upload's event may take to become a run, in seconds; it takes one or two.
PATIENCE = 60.0


def refuse_early(ports: Ports, model: str, file: Path | None) -> None:
    """Refuse what the pipeline would only send to quarantine. Raises NotFound, InvalidData."""
    models = [entry.id for entry in ports.lineage.projects()]
    if model not in models:
        there = ", ".join(models) or "none yet"
        raise NotFound(f"there is no model {model!r} in {ports.session.place}, which has: {there}")
    if file is None:
        return
    if file.suffix.lower() != ".csv":
        raise InvalidData(f"{file}: expected a CSV file, whose name ends in .csv")
    if file.stat().st_size == 0:
        raise InvalidData(f"{file} is empty: expected a header line and rows")


def upload_file(
    out: Output, session: Session, model: str, file: Path, metadata: Mapping[str, str] | None = None
) -> Upload:
    """Send the file as ``<model>/<its name>`` to the data bucket."""
    bucket, key, bytes_ = session.output("DataBucket"), f"{model}/{file.name}", file.stat().st_size
    with transfer(out.notes, file.name, bytes_) as arrived:
        version = send(session.client("s3"), bucket, key, file, arrived, metadata)
    return Upload(bucket, key, version, bytes_)


def await_start(ports: Ports, upload: Upload) -> None:
    """Return once the run is there. Raises InvalidData with the reason when the file went to quarantine instead."""
    deadline = time.monotonic() + PATIENCE
    while ports.lineage.node("run", upload.run_id) is None:
        reason = _refusal(ports.session, upload)
        if reason:
            raise InvalidData(f"refused and moved to {QUARANTINE}{upload.key}: {reason}")
        if time.monotonic() > deadline:
            raise Unavailable(f"no run began within {PATIENCE:.0f} s: see the log of the function start_pipeline")
        time.sleep(0.3)


def _refusal(session: Session, upload: Upload) -> str:
    """Why this version of the object was refused; "" when it was not, or not yet."""
    s3 = session.client("s3")
    try:
        found = s3.get_object(Bucket=upload.bucket, Key=f"{QUARANTINE}{upload.key}.reason.json")
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchKey", "404"):
            raise
        return ""
    reason = json.load(found["Body"])
    return str(reason["reason"]) if reason["version_id"] == upload.version_id else ""


def show_upload(out: Output, upload: Upload) -> None:
    """Where the file is and which run it has started."""

    def show() -> None:
        out.say(f"uploaded {upload.location.uri} ({size(upload.size)}); run {upload.run_id} has started")
        out.note("next: heirloom run wait")

    document = {"run": upload.run_id, "bucket": upload.bucket, "key": upload.key, "version_id": upload.version_id}
    out.answer(document, show)
