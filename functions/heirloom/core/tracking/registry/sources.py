"""Where a new version's artifacts come from, and whether they may: a source must not lead out of what it names.

It is a URI of a store, or names a run (``runs:/``), a logged model (``models:/<its id>``) or another version
(``models:/<name>/<version>``). A path of the server's own is refused, unless it lies within the artifacts of the run or
the logged model that the version is of.
"""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import dataclass
from urllib.parse import ParseResult, unquote, unquote_plus, urlparse

from heirloom.core.errors import Invalid, NotFound
from heirloom.core.tracking.documents import Document
from heirloom.core.tracking.ids import partition_of_model
from heirloom.core.tracking.models.model import DELETED
from heirloom.core.tracking.registry import found
from heirloom.core.tracking.run import found as run_found
from heirloom.core.tracking.tracking import Tracking

VERSIONS_TAG = "mlflow.modelVersions"
"""Of a logged model: the versions that have been made of it, as JSON."""
_VERSION = re.compile(r"models:/+([^/]+)/(\d{1,8})")
_LOGGED = re.compile(r"models:/+([^/@]+)")


@dataclass(frozen=True)
class Claim:
    """What a request says of a new version's origin; ``prompt``: it is one of a prompt, which has no artifacts."""

    source: str
    run_id: str = ""
    model_id: str = ""
    prompt: bool = False


@dataclass(frozen=True)
class Origin:
    """What is true of it: where its artifacts are, its run, and the logged model that is told of the version."""

    source: str
    location: str
    run_id: str | None
    model_id: str = ""

    def registered(self, name: str, number: int, tracking: Tracking) -> tuple[Document, ...]:
        """The logged model as it is to be written with the version. Raises NotFound."""
        if not self.model_id:
            return ()
        model = _logged(self.model_id, tracking)
        known = json.loads(model.data["tags"].get(VERSIONS_TAG, "[]"))
        tags = {**model.data["tags"], VERSIONS_TAG: json.dumps([*known, {"name": name, "version": number}])}
        return (model.with_data({**model.data, "tags": tags}),)


def origin_of(claim: Claim, tracking: Tracking) -> Origin:
    """Where the version comes from. Raises Invalid, and NotFound for a run or a logged model that is not there."""
    _check(claim, tracking)
    location, run = _resolved(claim, tracking)
    if not run and claim.model_id:
        run = _run_of(_logged(claim.model_id, tracking))
    return Origin(claim.source, location, run, "" if claim.prompt else claim.model_id)


def _resolved(claim: Claim, tracking: Tracking) -> tuple[str, str | None]:
    """Where the artifacts are, and the run. Raises Invalid."""
    if not claim.source.startswith("models:"):
        return claim.source, claim.run_id
    version, logged = _VERSION.fullmatch(claim.source), _LOGGED.fullmatch(claim.source)
    try:
        if version:
            _, other = found.version(version[1], int(version[2]), tracking)
            return other.data["storage_location"], claim.run_id
        if logged:
            model = _logged(logged[1], tracking)
            return model.data["info"]["artifact_uri"], claim.run_id or _run_of(model)
    except NotFound as error:
        raise _unable(claim.source, str(error)) from error
    raise _unable(claim.source, "expected models:/<name>/<version> or models:/<id of a logged model>")


def _unable(source: str, why: str) -> Invalid:
    return Invalid(f"Unable to fetch model from model URI source artifact location '{source}'.Error: {why}")


def _check(claim: Claim, tracking: Tracking) -> None:
    parts = _split(claim.source, claim.source)
    local = parts.scheme in ("", "file")
    if claim.prompt:
        if parts.scheme == "file" or claim.source.startswith("/"):
            raise Invalid(f"Invalid prompt source: '{claim.source}'. Local source paths are not allowed for prompts.")
        if not local:
            _check_remote(claim.source)
    elif local:
        _check_local(claim, parts, tracking)
    else:
        _check_remote(claim.source)


def _check_remote(source: str) -> None:
    """No way up in it, however often that is quoted."""
    plain = source
    while (unquoted := unquote_plus(plain)) != plain:
        plain = unquoted
    path = re.sub("/+", "/", _split(plain, source).path.rstrip("/"))
    # What its name resolves to is what it says, from the root on.
    straight = path.startswith("/") and posixpath.normpath(path) == path
    if "\x00" in path or ".." in plain.split("/") or not straight:
        raise _refused(source)


def _check_local(claim: Claim, parts: ParseResult, tracking: Tracking) -> None:
    """Within what its run or its logged model has."""
    if parts.scheme == "file" and not _here(parts):
        raise Invalid(
            f"{claim.source} is not a valid remote uri. For remote access on windows, please consider using a different"
            " scheme such as SMB (e.g. smb://<hostname>/<path>)."
        )
    home, path = _home(claim, tracking), _path(parts)
    if home is None or not f"{path}/".startswith(f"{home}/"):
        name = "model_id" if claim.model_id else "run_id"
        raise Invalid(
            f"Invalid model version source: '{claim.source}'. To use a local path as a model version source, the {name}"
            " request parameter has to be specified and the local path has to be contained within the artifact"
            f" directory of the run specified by the {name}."
        )


def _home(claim: Claim, tracking: Tracking) -> str | None:
    """The local folder with the artifacts of the run or the logged model, where they are in one."""
    if claim.model_id:
        uri = _logged(claim.model_id, tracking).data["info"]["artifact_uri"]
    elif claim.run_id:
        uri = run_found(claim.run_id, tracking).data["info"]["artifact_uri"]
    else:
        return None
    parts = _split(uri, uri)
    return _path(parts) if parts.scheme in ("", "file") and parts.path.startswith("/") else None


def _path(parts: ParseResult) -> str:
    return posixpath.normpath(unquote(parts.path))


def _here(parts: ParseResult) -> bool:
    host = parts.hostname or ""
    return host in ("", ".") or host.startswith(("localhost", "127.0.0.1"))


def _split(text: str, source: str) -> ParseResult:
    try:
        return urlparse(text)
    except ValueError as error:
        raise _refused(source) from error


def _refused(source: str) -> Invalid:
    return Invalid(
        f"Invalid model version source: '{source}'. If supplying a source as an http, https, local file path, ftp,"
        " objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references"
        " present. Please provide an absolute path."
    )


def _logged(identity: str, tracking: Tracking) -> Document:
    document = tracking.documents.get(partition_of_model(identity), identity)
    if document is None or document.data["lifecycle_stage"] == DELETED:
        raise NotFound(f"Logged model with ID '{identity}' not found.")
    return document


def _run_of(logged: Document) -> str | None:
    run: str | None = logged.data["info"]["source_run_id"] or None
    return run
