"""Paths of artifacts: none leads out of the root, however it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from heirloom.core.errors import Invalid

_PROXY = "/api/2.0/mlflow-artifacts/artifacts"
_DECODINGS = 10
# Control characters can't be in an XML listing, and lone surrogates in no key; # is where a client's URL would end.
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f\\#\ud800-\udfff]|\A/|(\A|/)\.\.(/|\Z)|\A[a-z][a-z0-9+.-]*:/|\Afile:", re.IGNORECASE
)


def safe(path: str) -> str:
    """The path as it is below the root; "" is the root itself. Raises Invalid for what may lead out of it.

    It is taken as it stands: what it would be, were it decoded again, is looked at but never used.
    """
    if any(_UNSAFE.search(each) for each in _decoded(path)):
        raise bad()
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def of_file(path: str) -> str:
    """The same of a path that names a file, not a folder. Raises Invalid."""
    found = safe(path)
    if not found or path.endswith("/"):
        raise bad()
    return found


def joined(*paths: str) -> str:
    """Safe paths, one below the other."""
    return "/".join(path for path in paths if path)


def below(uri: str, root: str) -> str:
    """Where an artifact URI is below ``root``, which is s3://..; the proxy's URIs are there, too.

    Raises Invalid for artifacts that are elsewhere: whoever chose that place can look there.
    """
    if f"{uri}/".startswith(f"{root}/"):
        return safe(uri[len(root) :].lstrip("/"))
    place = urlsplit(uri)
    if place.scheme == "mlflow-artifacts":
        return safe(place.path.lstrip("/"))
    _, proxy, path = place.path.partition(_PROXY)
    if place.scheme in ("http", "https") and proxy:
        return safe(path.lstrip("/"))
    raise Invalid(f"The artifacts are at {uri}, and this server reaches those below {root} alone: read them there")


def bad() -> Invalid:
    """What MLflow's server says of every path that it refuses."""
    return Invalid("Invalid path")


def _decoded(path: str) -> Iterator[str]:
    """The path, and what comes out when it is decoded again and again."""
    for _ in range(_DECODINGS):
        yield path
        before, path = path, unquote(path)
        if path == before:
            return
    raise bad()
