"""The HTTP API of the stack, called as an application would: JSON over HTTPS, signed with SigV4.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html; the service is named execute-api. Problems come
back as application/problem+json (RFC 9457) and leave here as the errors of heirloom.core.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.httpsession import URLLib3Session

from cli.session import Session
from heirloom.core.errors import Conflict, Denied, HeirloomError, Invalid, NotFound, Problem, Unavailable

# The longest that API Gateway waits for a function (29 s), and a little.
SECONDS = 35
# An endpoint names this many problems of a request at most.
MOST_ERRORS = 20
# Head and body are two packets: the second must not wait until the first is acknowledged, 40 ms later.
AT_ONCE = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]


def connections(most: int = 1) -> URLLib3Session:
    """What keeps connections open from one request to the next, ``most`` at once; safe for threads."""
    options: Any = AT_ONCE  # the stubs are wrong
    return URLLib3Session(timeout=SECONDS, max_pool_connections=most, socket_options=options)


class Signed:
    """Sends requests with the caller's signature, over connections that are kept for the next ones."""

    def __init__(self, session: Session, http: URLLib3Session | None = None) -> None:
        self._session = session
        self._http = http or connections()

    def send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> AWSResponse:
        """The answer to a request below the API's root, whatever it is; ``path`` may end with a query.

        Raises botocore's HTTPClientError where none comes, and what Session raises.
        """
        request = AWSRequest(method, self._session.api_url + path, dict(headers), body)
        SigV4Auth(self._session.credentials, "execute-api", self._session.boto.region_name).add_auth(request)
        return self._http.send(request.prepare())

    def fetch(self, url: str) -> AWSResponse:
        """What is at a link, unsigned; its body is still to be read, from ``raw``."""
        return self._http.send(AWSRequest("GET", url, stream_output=True).prepare())


def call(session: Session, method: str, path: str, body: object = None, http: URLLib3Session | None = None) -> Any:
    """Send a request below the API's root and return the JSON of the answer. Raises the errors of heirloom.core."""
    data = None if body is None else json.dumps(body).encode()
    response = Signed(session, http).send(method, path, data, {"Content-Type": "application/json"})
    answer = parsed(response.content)
    if response.status_code >= 300:
        raise problem(response.status_code, answer)
    return answer


def problem(status: int, answer: Any) -> HeirloomError:
    """The error that an answer of this status stands for."""
    document = answer if isinstance(answer, dict) else {}
    detail = document.get("detail") or document.get("message") or document.get("title") or f"status {status}"
    fields = tuple(Problem(each.get("field", ""), each.get("detail", "")) for each in document.get("errors", ()))
    if status == 403:
        return Denied(f"{detail}: these credentials may not call the API (execute-api:Invoke)")
    if status == 404:
        return NotFound(str(detail))
    if status == 409 or document.get("error_code") == "RESOURCE_ALREADY_EXISTS":  # MLflow's protocol says so with 400
        return Conflict(str(detail))
    if 400 <= status < 500 and status != 429:
        return Invalid(
            "\n  ".join(["the input was refused:", *_lines(fields)]) if len(fields) > 1 else str(detail), fields
        )
    return Unavailable(f"the API answered {status}: {detail}")


def parsed(content: bytes) -> Any:
    """The JSON of an answer; the beginning of what is none, as a problem document."""
    try:
        return json.loads(content)
    except ValueError:
        return {"detail": content.decode(errors="replace")[:200]}


def _lines(fields: Sequence[Problem]) -> Iterator[str]:
    """A line a problem; one line for all the rows that share it."""
    shared: dict[tuple[str, str], list[Problem]] = {}
    for each in fields:
        shared.setdefault((each.where.partition("].")[2] or each.where, each.expected), []).append(each)
    more = " or more" if len(fields) >= MOST_ERRORS else ""
    for (name, expected), problems in shared.items():
        same = len(problems) > 1
        yield f"{name}: {expected}, in {len(problems)}{more} rows" if same else f"{problems[0].where}: {expected}"
