"""What every handler shares: logging, metrics, ports, and errors in the language of who called.

A step of the pipeline raises the core's errors as they are: Lambda reports a Python exception by the name of its class,
and the state machine's Retry and Catch go by that name. The API answers with problem+json (RFC 9457).
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from heirloom.core.errors import Conflict, Denied, HeirloomError, Invalid, NotFound, Problem, Unavailable

Event = dict[str, Any]
Handler = Callable[[Event, Any], Any]
Ports = Callable[[], Any]

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


def entrypoint(handle: Callable[..., Any], **ports: Ports) -> Handler:
    """The handler of a step of the pipeline: what ``handle`` returns is the step's result."""

    def lambda_handler(event: Event, context: Any) -> Any:
        with _logged(event, context):
            return handle(event, **_made(ports))

    return lambda_handler


def http_entrypoint(handle: Callable[..., Any], **ports: Ports) -> Handler:
    """The handler of a route of the HTTP API (payload format 2.0): what ``handle`` returns is the body of a 200."""

    def lambda_handler(event: Event, context: Any) -> Event:
        try:
            with _logged(event, context):
                return _response(HTTPStatus.OK, handle(event, **_made(ports)), "application/json")
        except BadRequestError as error:
            return _problem(error.status, str(error))
        except HeirloomError as error:
            return _told(error)
        except Exception:  # noqa: BLE001 - the edge: logged, and not shown to the caller
            return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "this is our mistake; it is in the log of the function")

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


@contextmanager
def measured(model: str, version: int) -> Iterator[None]:
    """Publish how long the answer of a version took, in ms, and whether it failed; a refused input is no failure."""
    started, failed = time.perf_counter(), 1
    try:
        yield
        failed = 0
    except (Invalid, NotFound):
        failed = 0
        raise
    finally:
        # An empty service: the dimensions are the model and the version, whichever function measured.
        metrics = EphemeralMetrics(service="")
        metrics.add_dimension("model", model)
        metrics.add_dimension("version", str(version))
        metrics.add_metric("Latency", MetricUnit.Milliseconds, (time.perf_counter() - started) * 1000)
        metrics.add_metric("Errors", MetricUnit.Count, failed)
        metrics.flush_metrics()


@cache
def _logger() -> Logger:
    return Logger()


@contextmanager
def _logged(event: Event, context: Any) -> Iterator[None]:
    """One line for an error, with the run or the route it happened in; a caller's mistake is no error of ours."""
    log = _logger()
    run = event.get("run") or {}
    facts = {"request_id": getattr(context, "aws_request_id", None), "route": event.get("routeKey")}
    log.append_keys(run_id=run.get("id"), model=run.get("model"), **facts)
    try:
        yield
    except (Invalid, NotFound, BadRequestError) as error:
        log.warning("%s: %s", type(error).__name__, error)
        raise
    except Exception as error:
        log.exception("%s: %s", type(error).__name__, error)
        raise


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
    text = json.dumps(body, ensure_ascii=False)
    return {"statusCode": int(status), "headers": {"Content-Type": content_type}, "body": text}
