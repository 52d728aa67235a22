"""The endpoints of artifacts that answer JSON: what a run and a logged model have, and what this server can do."""

from __future__ import annotations

from functools import partial

from heirloom.core.tracking import run, runs
from heirloom.core.tracking.artifacts import folder
from heirloom.core.tracking.artifacts.path import safe
from heirloom.core.tracking.artifacts.port import Artifacts
from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.models import model
from heirloom.core.tracking.roles import ByRole, Role
from heirloom.core.tracking.tracking import Answer, Endpoint, Tracking


def list_run(asked: Asked, tracking: Tracking, *, artifacts: Artifacts) -> Answer:
    """GET artifacts/list."""
    identity, below = runs.named(asked), safe(asked.text("path"))
    uri = run.found(identity, tracking).data["info"]["artifact_uri"]
    return folder.answer(uri, below, asked.text("page_token"), artifacts)


def list_model(asked: Asked, tracking: Tracking, *, artifacts: Artifacts) -> Answer:
    """GET logged-models/{model_id}/artifacts/directories."""
    below = safe(asked.text("artifact_directory_path"))
    uri = model.found(asked.needed("model_id"), tracking)["info"]["artifact_uri"]
    return folder.answer(uri, below, asked.text("page_token"), artifacts)


def server_info(_asked: Asked, _tracking: Tracking) -> Answer:
    """GET server-info, version 3.0: clients since MLflow 3.15 up- and download large files directly where they can."""
    return {
        "store_type": None,
        "workspaces_enabled": False,
        "trace_archival_enabled": False,
        "multipart_uploads_enabled": True,
        "multipart_downloads_enabled": True,
    }


def endpoints(artifacts: Artifacts) -> ByRole[Endpoint]:
    """By the least role, then by method and path below mlflow/."""
    return {
        Role.VIEWER: {
            ("GET", "artifacts/list"): partial(list_run, artifacts=artifacts),
            ("GET", "logged-models/{model_id}/artifacts/directories"): partial(list_model, artifacts=artifacts),
            ("GET", "server-info"): server_info,
        }
    }
