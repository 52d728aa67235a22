"""Files that the UI reads, of a run, of a logged model or of a registered version, and those that it adds to a run."""

from __future__ import annotations

from collections.abc import Callable

from heirloom.core.errors import Invalid
from heirloom.core.tracking import run, runs
from heirloom.core.tracking.artifacts import media
from heirloom.core.tracking.artifacts import path as paths
from heirloom.core.tracking.artifacts.port import Artifacts
from heirloom.core.tracking.artifacts.proxy import Sent
from heirloom.core.tracking.artifacts.reply import Reply, of_file, of_json
from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.models import model
from heirloom.core.tracking.registry import found as registered
from heirloom.core.tracking.roles import ByRole, Role
from heirloom.core.tracking.tracking import Tracking

File = Callable[[Asked, Tracking, Artifacts], Reply]
"""Answers a request for a file. Raises Invalid, NotFound, Denied or Unavailable."""
Upload = Callable[[Sent, Tracking, Artifacts], Reply]
"""Takes a file, which is the body; the query says whose it is. Raises the same."""


def of_run(asked: Asked, tracking: Tracking, artifacts: Artifacts) -> Reply:
    """GET get-artifact."""
    identity, path = runs.named(asked), _path(asked, "path")
    return at(run.found(identity, tracking).data["info"]["artifact_uri"], path, artifacts)


def of_model(asked: Asked, tracking: Tracking, artifacts: Artifacts) -> Reply:
    """GET logged-models/{model_id}/artifacts/files."""
    path = _path(asked, "artifact_file_path")
    return at(model.found(asked.needed("model_id"), tracking)["info"]["artifact_uri"], path, artifacts)


def of_version(asked: Asked, tracking: Tracking, artifacts: Artifacts) -> Reply:
    """GET model-versions/get-artifact."""
    path = _path(asked, "path")
    _, version = registered.version(asked.needed("name"), asked.whole("version"), tracking)
    return at(version.data["storage_location"], path, artifacts)


def to_run(sent: Sent, tracking: Tracking, artifacts: Artifacts) -> Reply:
    """POST upload-artifact: of any size that API Gateway lets through."""
    asked = sent.asked
    for name in ("run_uuid", "path"):
        if not asked.text(name):
            raise Invalid(f"Request must specify {name}.")
    path = paths.of_file(asked.text("path"))
    if not sent.body:
        raise Invalid("Request must specify data.")
    uri = run.found(asked.text("run_uuid"), tracking).data["info"]["artifact_uri"]
    artifacts.write(paths.joined(paths.below(uri, artifacts.uri), path), sent.body, media.content_type(path))
    return of_json({})


def at(uri: str, path: str, artifacts: Artifacts) -> Reply:
    """The file at ``path`` below an artifact URI. Raises Invalid and NotFound."""
    return of_file(paths.joined(paths.below(uri, artifacts.uri), paths.of_file(path)), artifacts)


def _path(asked: Asked, name: str) -> str:
    path = asked.text(name)
    if not path:
        raise Invalid(f'Request must include the "{name}" query parameter.')
    return paths.of_file(path)


FILES: ByRole[File] = {
    Role.VIEWER: {
        ("GET", "get-artifact"): of_run,
        ("GET", "model-versions/get-artifact"): of_version,
        ("GET", "logged-models/{model_id}/artifacts/files"): of_model,
    }
}
"""By the least role, then by method and path below /ajax-api/2.0/mlflow/; the first two are below / as well."""
UPLOADS: ByRole[Upload] = {Role.DATA_SCIENTIST: {("POST", "upload-artifact"): to_run}}
"""The same of what is uploaded."""
