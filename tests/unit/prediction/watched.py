"""A project whose answers are watched, and who observes them, for the tests of predictions and labels."""

from __future__ import annotations

import json
from typing import Any

from heirloom.adapters.memory import MemoryLineage, MemoryObjects
from heirloom.core.drift.profiles import Profiles
from heirloom.core.lineage.graph import Node, version_id
from heirloom.core.prediction.answered import Observer
from heirloom.core.project.definition import Data, Objective, Project, RollingAccuracy, Slo
from heirloom.core.project.recent import RecentProjects
from heirloom.core.project.registration import Registration

AT = "2026-11-23T15:10:09.123Z"
BUCKET = "artifacts"
PROFILE = {
    "rows": 4,
    "features": {
        "n": {"type": "number", "missing": 0, "edges": [1.0], "counts": [2, 2], "least": 0.0, "most": 3.0},
        "text": {"type": "category", "missing": 0, "distinct": 1, "counts": {"x": 4}, "other": 0},
    },
    "label": {"name": "colour", "type": "category", "missing": 0, "distinct": 1, "counts": {"red": 4}, "other": 0},
}


def project(tolerance: float | None = None, slices: tuple[str, ...] = (), latency: int = 2000) -> Project:
    """A model of wine: of its colour, or, with a tolerance, of its price."""
    data = Data("colour", "classification") if tolerance is None else Data("price", "regression")
    objective = Objective("Few wines are mistaken.", "accuracy" if tolerance is None else "r2", 0.5)
    slo = Slo(latency, RollingAccuracy(tolerance=tolerance))
    return Project("wine", "Says what a wine is like.", "cellar", data, objective, slo=slo, slices=slices)


def keep_project(lineage: MemoryLineage, kept: Project) -> None:
    """Deploy it."""
    registration = Registration(kept, "s3://code", "hash", "image", "pipeline", "release", "heirloom-wine-v0", "")
    lineage.put_project(Node("project", kept.name, kept.name, AT, registration.to_document()))


def keep_profile(lineage: MemoryLineage, objects: MemoryObjects, version: int, document: Any = PROFILE) -> None:
    """What register_version leaves of a version; with ``document`` None, without a profile."""
    folder = f"versions/wine/{version}/"
    data = {"evidence_uri": f"s3://{BUCKET}/{folder}"}
    lineage.add(Node("version", version_id("wine", version), "wine", AT, data, {"number": version}))
    if document is not None:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        objects.put(BUCKET, f"{folder}profile.json", body)


def observer(lineage: MemoryLineage, objects: MemoryObjects | None = None) -> Observer:
    """Who observes, with a clock that stands still."""
    return Observer(RecentProjects(lineage, 60, lambda: 0), Profiles(lineage, objects or MemoryObjects()))
