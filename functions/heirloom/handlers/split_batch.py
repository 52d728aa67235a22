"""Batch, SplitBatch: fix the version, cut the file into parts, leave plan and manifest beside the parts to come."""

from __future__ import annotations

from typing import Any

from heirloom import wiring
from heirloom.core.batch.plan import MANIFEST, Order
from heirloom.core.batch.split import split
from heirloom.core.lineage.graph import Lineage
from heirloom.core.release.route import Routes
from heirloom.core.storage import Objects
from heirloom.handlers.edge import Event, entrypoint


def handle(event: Event, routes: Routes, lineage: Lineage, objects: Objects) -> dict[str, Any]:
    plan = split(Order.from_document(event["batch"]), routes, lineage, objects)
    manifest = plan.file(MANIFEST)
    facts = {"version": plan.version, "rows": plan.rows, "parts": plan.parts, "concurrency": plan.concurrency}
    return {"uri": plan.location.uri, "manifest": {"bucket": manifest.bucket, "key": manifest.key}, **facts}


lambda_handler = entrypoint(handle, routes=wiring.routes, lineage=wiring.lineage, objects=wiring.objects)
