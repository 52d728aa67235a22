"""Open an MLflow as a source: find out what a URI means, and load MLflow's client, which is an extra."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from cli.importing.records import Source
from heirloom.core.errors import Invalid, NotFound

MISSING = "this needs MLflow's client: pip install mlflow"
SETTINGS = {
    "MLFLOW_ALLOW_FILE_STORE": "true",  # folders of runs are in maintenance, which is why they are imported
    "MLFLOW_DISABLE_TELEMETRY": "true",  # whoever imports has not asked for it
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",  # there is one already, over the runs
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",  # of a server that is down MLflow tells after minutes
    "GIT_PYTHON_REFRESH": "quiet",
}
"""Of MLflow's client, where nobody has said otherwise."""


def open_mlflow(uri: str, deleted: bool) -> Source:
    """The source at a URI. Raises Invalid without MLflow's client, NotFound for files that are not there."""
    where, name = located(uri)
    if importlib.util.find_spec("mlflow") is None:
        raise Invalid(MISSING)
    for variable, value in SETTINGS.items():
        os.environ.setdefault(variable, value)
    from cli.importing.mlflow_source import MlflowSource  # noqa: PLC0415 - two seconds, and not in every installation

    return MlflowSource(where, name, deleted)


def located(uri: str) -> tuple[str, str]:
    """Where MLflow's client is to go, and what the place is called for good: absolute, and without credentials.

    Raises NotFound for a folder or a SQLite file that is not there: the client would make an empty one.
    """
    parts = urlsplit(uri)
    if parts.scheme in ("http", "https"):
        return uri, urlunsplit((parts.scheme, _host(uri), parts.path.rstrip("/"), "", ""))
    if parts.scheme == "sqlite":
        file = _existing(Path(parts.path[1:]), uri)
        return f"sqlite:///{file}", f"sqlite:///{file}"
    if parts.scheme in ("", "file"):
        folder = _existing(Path(parts.path if parts.scheme else uri), uri)
        return folder.as_uri(), folder.as_uri()
    return uri, f"{parts.scheme}://{_host(uri)}{parts.path}"


def _host(uri: str) -> str:
    """Without who asks."""
    return urlsplit(uri).netloc.rpartition("@")[2].lower()


def _existing(path: Path, uri: str) -> Path:
    if not path.exists():
        raise NotFound(f"{uri}: there is no such file or folder")
    return path.resolve()
