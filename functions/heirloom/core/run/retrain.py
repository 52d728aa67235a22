"""Training again on the newest dataset, because the world has changed: a run like any other, without an upload."""

from __future__ import annotations

import hashlib

from heirloom.core.lineage.graph import Lineage
from heirloom.core.project.registration import registered
from heirloom.core.run.journal import Journal
from heirloom.core.run.upload import Executions, Upload, start_run

LOOKED_BACK = 50
"""Runs; those that failed before they had a dataset are passed over."""


def retrain(model: str, cause: str, journal: Journal, executions: Executions, at: str) -> str | None:
    """Start a run on the data of the newest run that had a dataset; its id, None where there is no such run.

    ``cause`` is what it is for, such as a breach's id: asked again for the same cause, it is the same run.
    """
    registration, upload = registered(model, journal.lineage), newest_upload(model, journal.lineage)
    if registration is None or upload is None:
        return None
    identity = f"{model}-{hashlib.sha256(cause.encode()).hexdigest()[:12]}"
    start_run(identity, upload, registration, journal, executions, at)
    return identity


def newest_upload(model: str, lineage: Lineage) -> Upload | None:
    """What the newest run that had a dataset learnt from; None where there is no such run."""
    for entry in lineage.runs(model, LOOKED_BACK).entries:
        node = lineage.node("run", entry.id) if entry.last and entry.last.detail.get("dataset") else None
        if node is not None:
            run = node.data["input"]["run"]
            return Upload(run["bucket"], run["key"], run["version_id"], run["size"])
    return None
