"""What every handler shares: logging, metrics, ports, and errors in the language of who called.

A step of the pipeline raises the core's errors as they are: Lambda reports a Python exception by the name of its class,
and the state machine's Retry and Catch go by that name. The API answers with problem+json (RFC 9457).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from heirloom.core.errors import Conflict, Denied, HeirloomError, Invalid, NotFound, Problem, Unavailable

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

Event = dict[str, Any]
Handler = Callable[[Event, Any], Any]
Ports = Callable[[], Any]
Refuse = Callable[[HeirloomError], Event]

LARGEST_BODY = 4 * 2**20
"""Bytes of a request: what a serverless endpoint takes."""

# Denied is 500: it is this function's role that may not, not the caller.
_STATUS: Mapping[type[HeirloomError], HTTPStatus] = {
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Denied: HTTPStatus.INTERNAL_SERVER_ERROR,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
_RETRY_SECONDS = "2"


class BadRequestError(Exception):
    """A request that isn't one yet: its body can't be read."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@dataclass(frozen=True)
class Accepted:
    """What a handler returns for what has begun and is not done: the body of a 202."""

    body: Any


def entrypoint(handle: Callable[..., Any], **ports: Ports) -> Handler:
    """The handler of a step of the pipeline: what ``handle`` returns is the step's result."""

    def lambda_handler(event: Event, context: Any) -> Any:
        with _logged(event, context):
            return handle(event, **_made(ports))

    return lambda_handler


def http_entrypoint(handle: Callable[..., Any], **ports: Ports) -> Handler:
    """The handler of a route of the HTTP API (payload format 2.0): what ``handle`` returns is the body of a 200, or,
    in Accepted, of a 202."""

    def lambda_handler(event: Event, context: Any) -> Event:
        try:
            with _logged(event, context):
                answer = handle(event, **_made(ports))
            if isinstance(answer, Accepted):
                return _response(HTTPStatus.ACCEPTED, answer.body, "application/json")
            return _response(HTTPStatus.OK, answer, "application/json")
        except BadRequestError as error:
            return _problem(error.status, str(error))
        except HeirloomError as error:
            return _told(error)
        except Exception:  # noqa: BLE001 - the edge: logged, and not shown to the caller
            return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "this is our mistake; it is in the log of the function")

    return lambda_handler


def protocol_entrypoint(handle: Callable[..., Event], refuse: Refuse, **ports: Ports) -> Handler:
    """The handler of routes whose protocol is somebody else's: ``handle`` gives whole answers of the HTTP API, and
    ``refuse`` those to the core's errors."""

    def lambda_handler(event: Event, context: Any) -> Event:
        try:
            with _logged(event, context):
                return handle(event, **_made(ports))
        except HeirloomError as error:
            return refuse(error)

    return lambda_handler


def json_body(event: Event) -> Any:
    """The parsed body of an API event. Raises BadRequestError: 413 above LARGEST_BODY, 400 for what is not JSON."""
    body = event.get("body") or ""
    try:
        raw = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
        if len(raw) > LARGEST_BODY:
            raise BadRequestError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"body: expected at most {LARGEST_BODY} bytes, got {len(raw)}"
            )
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadRequestError(HTTPStatus.BAD_REQUEST, f"body: expected JSON: {error}") from error


def caller(event: Event) -> str:
    """The ARN of who signed the request: API Gateway has checked it."""
    return str(event["requestContext"]["authorizer"]["iam"]["userArn"])


def query_of(event: Event, *names: str) -> dict[str, str]:
    """The query string of an API event. Raises Invalid for parameters of other names."""
    asked: dict[str, str] = event.get("queryStringParameters") or {}
    problems = [Problem(name, f"one of {', '.join(names)}") for name in asked if name not in names]
    if problems:
        raise Invalid("; ".join(map(str, problems)), tuple(problems))
    return asked


def number_of(asked: Mapping[str, str], name: str, usual: int) -> int:
    """A whole number of the query string. Raises Invalid."""
    text = asked.get(name, str(usual))
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise Invalid(f"{name}: expected a whole number, got {text!r}", (Problem(name, "a whole number", repr(text)),))
    return int(text)


@cache
def _logger() -> Logger:
    """Powertools is loaded when there is something to log: it is the greater part of a cold start."""
    from aws_lambda_powertools import Logger  # noqa: PLC0415

    return Logger()


@contextmanager
def _logged(event: Event, context: Any) -> Iterator[None]:
    """One line for an error, with the run or the route it happened in; a caller's mistake is no error of ours."""
    try:
        yield
    except (Invalid, NotFound, BadRequestError) as error:
        told = str(error).encode(errors="backslashreplace").decode()  # half a surrogate pair can't be written
        _log_of(event, context).warning("%s: %s", type(error).__name__, told)
        raise
    except Exception as error:
        _log_of(event, context).exception("%s: %s", type(error).__name__, error)
        raise


def _log_of(event: Event, context: Any) -> Logger:
    log = _logger()
    run = event.get("state", event).get("run") or {}
    facts = {"request_id": getattr(context, "aws_request_id", None), "route": event.get("routeKey")}
    log.append_keys(run_id=run.get("id"), model=run.get("model"), **facts)
    return log


def _made(ports: Mapping[str, Ports]) -> dict[str, Any]:
    return {name: make() for name, make in ports.items()}


def _told(error: HeirloomError) -> Event:
    status = next(status for kind, status in _STATUS.items() if isinstance(error, kind))
    problems = error.problems if isinstance(error, Invalid) else ()
    answer = _problem(status, str(error), problems)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer["headers"]["Retry-After"] = _RETRY_SECONDS
    return answer


def _problem(status: HTTPStatus, detail: str, problems: tuple[Problem, ...] = ()) -> Event:
    errors = [
        {"field": problem.where, "detail": str(problem).removeprefix(f"{problem.where}: ")} for problem in problems
    ]
    body = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail}
    return _response(status, {**body, "errors": errors} if errors else body, "application/problem+json")


def _response(status: HTTPStatus, body: Any, content_type: str) -> Event:
    text = json.dumps(body)  # ASCII: a caller's own words come back in errors, and half a surrogate pair has no UTF-8
    return {"statusCode": int(status), "headers": {"Content-Type": content_type}, "body": text}
