"""The first stage: an uploaded file becomes a dataset, kept for good under the address of its content."""

from __future__ import annotations

import json
from dataclasses import dataclass

from heirloom.core.clock import Clock, stamp
from heirloom.core.dataset.schema import Summary, inspect
from heirloom.core.errors import InvalidData, NotFound
from heirloom.core.lineage.graph import FEEDS, Document, Edge, Node
from heirloom.core.project.reading import parse_project
from heirloom.core.run.journal import Journal
from heirloom.core.run.pipeline import event_of, has_ended, run_of
from heirloom.core.run.record import FAILED, FAILURE_TAG
from heirloom.core.run.tracked import Ending
from heirloom.core.run.upload import QUARANTINE, Upload, quarantine
from heirloom.core.storage import Location, Objects


@dataclass(frozen=True)
class Dataset:
    """``uri`` is the prefix that holds data.csv and schema.json: what the training job's channel gets."""

    id: str
    uri: str
    rows: int


def ingest(state: Document, bucket: str, journal: Journal, objects: Objects, clock: Clock) -> Dataset:
    """Check the run's upload against its project in one pass, then copy it to the artifact ``bucket``.

    Raises InvalidData once the file is in quarantine, NotFound when the run or the uploaded version is unknown.
    """
    run, lineage = state["run"], journal.lineage
    known = lineage.node("run", run["id"])
    if known is None:
        raise NotFound(f"run {run['id']} is not in the lineage: start_pipeline records a run before it starts it")
    upload = Upload(run["bucket"], run["key"], run["version_id"], run["size"])
    try:
        summary = inspect(objects.read(upload.location), parse_project(known.data["project"]).data)
    except InvalidData as error:
        at = stamp(clock())
        quarantine(upload, error, objects, at, run["id"])
        detail = {"error": "InvalidData", "reason": str(error), "moved_to": QUARANTINE + upload.key}
        event = event_of(state, "dataset", "failed", at, **detail)
        journal.end(run_of(state), event, Ending(FAILED, {FAILURE_TAG: str(error)}), has_ended)
        raise
    dataset = _keep(upload, summary, bucket, objects)
    node = _node(upload, dataset, summary, stamp(clock()))
    lineage.add(node)
    lineage.link(Edge(node.key, FEEDS, f"run#{run['id']}"))
    now = {**state, "dataset": {"id": dataset.id}}
    done = event_of(now, "dataset", "done", node.created_at, rows=summary.rows, bytes=summary.bytes)
    lineage.record(run_of(state), done)
    return dataset


def _keep(upload: Upload, summary: Summary, bucket: str, objects: Objects) -> Dataset:
    identity = summary.sha256[:16]
    folder = Location(bucket, f"datasets/{upload.model}/{identity}/")
    objects.copy(upload.location, Location(bucket, f"{folder.key}data.csv"))
    schema = json.dumps(summary.schema.to_document(), indent=2, ensure_ascii=False).encode()
    objects.write(Location(bucket, f"{folder.key}schema.json"), schema, "application/json")
    return Dataset(identity, folder.uri, summary.rows)


def _node(upload: Upload, dataset: Dataset, summary: Summary, at: str) -> Node:
    """Named with the model, since another model may have the same file."""
    data = {
        "uri": dataset.uri,
        "rows": summary.rows,
        "unlabelled": summary.unlabelled,
        "bytes": summary.bytes,
        "sha256": summary.sha256,
        "uploaded_as": upload.location.uri,
    }
    return Node("dataset", f"{upload.model}/{dataset.id}", upload.model, at, data)
