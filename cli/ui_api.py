"""What the pages of MLflow's UI ask, sent on to the stack's API with the caller's signature."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import BotoCoreError

from cli.api import Signed, parsed, problem
from cli.edge import explain
from cli.session import Session
from heirloom.core.errors import HeirloomError

_CHUNK = 2**16
_BARE = ("/graphql", "/get-artifact", "/model-versions/get-artifact")
_TOLD = ("Content-Type", "Content-Disposition", "Content-Length")


@dataclass(frozen=True)
class Asked:
    """``target`` is the path with the query, as the browser sends them."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Answered:
    """The body comes in pieces, since a file may be large."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Iterable[bytes] = ()


class TrackingApi:
    """``note`` is told what could not be asked, as people see an empty page only."""

    def __init__(self, session: Session, note: Callable[[str], None]) -> None:
        self._session, self._note = session, note
        self._signed = Signed(session)

    def check(self) -> None:
        """Raises NotFound where there is no stack, Denied without credentials."""
        _ = self._session.api_url, self._session.credentials

    def answer(self, asked: Asked) -> Answered:
        """The API's own answer; a file that is elsewhere is brought from there, which pages may not do themselves."""
        try:
            response = self._signed.send(
                asked.method, _as_a_program_asks(asked.target), asked.body or None, asked.headers
            )
            if response.status_code in (HTTPStatus.FOUND, HTTPStatus.TEMPORARY_REDIRECT):
                return _streamed(self._signed.fetch(response.headers["Location"]))
        except (HeirloomError, BotoCoreError) as error:
            message, _ = explain(error)
            self._note(f"{asked.method} {asked.target}: {message}")
            return refused(HTTPStatus.BAD_GATEWAY, "TEMPORARILY_UNAVAILABLE", message)
        return self._whole(asked, response)

    def _whole(self, asked: Asked, response: AWSResponse) -> Answered:
        status, content = response.status_code, response.content
        if status >= 400 and "error_code" not in _document(content):  # of the gateway, which is not MLflow's protocol
            message = str(problem(status, parsed(content)))
            self._note(f"{asked.method} {asked.target}: {message}")
            return refused(HTTPStatus(status), "PERMISSION_DENIED" if status == 403 else "INTERNAL_ERROR", message)
        told = {name: response.headers[name] for name in _TOLD if name in response.headers}
        return Answered(status, {**told, "Content-Length": str(len(content))}, (content,))


def _as_a_program_asks(target: str) -> str:
    """The pages' paths by the names under which the policies of programs know them: infra/program_roles.py."""
    if target.startswith("/ajax-api/"):
        return target.replace("/ajax-api/", "/api/", 1)
    return f"/api/2.0/mlflow{target}" if target.startswith(_BARE) else target


def refused(status: HTTPStatus, code: str, message: str) -> Answered:
    """An error as MLflow's server words it: the pages show the message."""
    body = json.dumps({"error_code": code, "message": message}).encode()
    return Answered(status, {"Content-Type": "application/json", "Content-Length": str(len(body))}, (body,))


def _streamed(response: AWSResponse) -> Answered:
    told = {name: response.headers[name] for name in _TOLD if name in response.headers}
    return Answered(response.status_code, told, response.raw.stream(_CHUNK))


def _document(content: bytes) -> dict[str, Any]:
    found = parsed(content)
    return found if isinstance(found, dict) else {}
