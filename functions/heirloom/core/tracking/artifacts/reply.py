"""An answer that need not be JSON: a file, or where the file is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from heirloom.core.errors import NotFound
from heirloom.core.tracking.artifacts import media
from heirloom.core.tracking.artifacts.port import Artifacts
from heirloom.core.tracking.tracking import Answer

LARGEST_ANSWER = 4 * 2**20
"""Bytes of a file that is sent from here: a Lambda answers 6 MB, of which base64 leaves three quarters."""
SECONDS_TO_READ = 300
"""That a link to a file is good for; less where the credentials that signed it end before."""


@dataclass(frozen=True)
class Reply:
    """What goes over the wire, as it is."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def of_json(answer: Answer, status: int = 200) -> Reply:
    """A JSON answer."""
    return Reply(status, json.dumps(answer).encode(), {"Content-Type": "application/json"})


def of_file(path: str, artifacts: Artifacts) -> Reply:
    """The file, or a redirect to it where it is large: MLflow's client follows it. Raises NotFound."""
    headers = media.headers(path)
    try:
        body = artifacts.read(path, LARGEST_ANSWER)
    except NotFound as error:
        raise missing(path) from error
    if body is not None:
        return Reply(200, body, headers)
    return Reply(307, b"", {"Location": link(path, artifacts)})


def link(path: str, artifacts: Artifacts) -> str:
    """Where the file can be read for some minutes."""
    return artifacts.link(path, SECONDS_TO_READ, (media.content_type(path), media.disposition(path)))


def missing(path: str) -> NotFound:
    """What is said of a file that is not there."""
    return NotFound(f"No such artifact: '{path}'")
