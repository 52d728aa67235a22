"""The endpoints on SageMaker, asked: with one retry where no connection came about, and none for anything else.

A read that timed out, a 5xx or a throttle is no reason to ask again: the caller waits, the endpoint has enough to do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NoReturn

from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, EndpointConnectionError

from heirloom.adapters.aws import translated
from heirloom.core.errors import HeirloomError, Invalid, ModelFailed, Problem, Unavailable
from heirloom.core.prediction.request import JSON

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

# A connection that was kept and has been closed since, too: that is known only when it is used.
_NO_CONNECTION = (ConnectionClosedError, ConnectTimeoutError, EndpointConnectionError)
# Callers of one endpoint with a limit; while so many are still unanswered the next one is late without being asked.
_LATE_AT_ONCE = 8
_SHORT = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds. Each has a client of its own, so that who hangs is not waited for much longer than who asked had time: up to
twice as long. Above them the usual client's limit will do. The time that is left after a canary differs each time."""


class SageMakerEndpoints:
    """The port Endpoints. ``client`` has no retries of its own, nor has what ``limited`` gives: a client that waits so
    many seconds for an answer, the same one for the same number. It is made when it is first asked for, of _SHORT."""

    def __init__(self, client: SageMakerRuntimeClient, limited: Callable[[float], SageMakerRuntimeClient]) -> None:
        self._client = client
        self._limited = limited
        # Those of each endpoint: a canary that hangs takes none from the champion, which answers in its place.
        self._threads = cache(lambda endpoint: ThreadPoolExecutor(_LATE_AT_ONCE, thread_name_prefix=endpoint))

    def invoke(self, endpoint: str, body: bytes, *, content_type: str = JSON, seconds: float | None = None) -> Any:
        """ValidationError is said of an endpoint that is not there, or not in service."""
        client = self._client if seconds is None else self._fitting(seconds)
        asked = partial(self._ask, client, endpoint, body, content_type)
        found = asked() if seconds is None else self._within(seconds, endpoint, asked)
        try:
            return json.loads(found, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise Unavailable(f"{endpoint} did not answer JSON: {error}") from error

    def _fitting(self, seconds: float) -> SageMakerRuntimeClient:
        """The client that gives up next after so long."""
        limit = next((limit for limit in _SHORT if seconds <= limit), None)
        return self._client if limit is None else self._limited(limit)

    def _ask(self, client: SageMakerRuntimeClient, endpoint: str, body: bytes, content_type: str) -> bytes:
        asked = partial(client.invoke_endpoint, EndpointName=endpoint, Body=body, ContentType=content_type, Accept=JSON)
        with translated(f"asking {endpoint}", ValidationError=Unavailable):
            try:
                try:
                    answer = asked()
                except _NO_CONNECTION:
                    answer = asked()
            except client.exceptions.ModelError as error:
                raise _refusal(endpoint, error.response) from error
            except client.exceptions.ModelNotReadyException as error:
                raise Unavailable(f"{endpoint} is starting: {error}", starting=True) from error
            return answer["Body"].read()

    def _within(self, seconds: float, endpoint: str, asked: Callable[[], bytes]) -> bytes:
        """The answer if it comes in time. The time limits of a socket are not enough: they begin anew with each packet,
        for the connection, and for the second attempt."""
        answer = self._threads(endpoint).submit(asked)
        try:
            return answer.result(seconds)
        except TimeoutError as error:
            answer.cancel()
            raise Unavailable(f"{endpoint} did not answer within {seconds:g} s") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _refusal(endpoint: str, response: Mapping[str, Any]) -> HeirloomError:
    """What the model server answered: 4xx is about the input, in problem+json with the fields; else it is not well."""
    status, body = response.get("OriginalStatusCode", 500), response.get("OriginalMessage", "")
    if not 400 <= status < 500:
        kind = ModelFailed if status >= 500 else Unavailable
        return kind(f"the model at {endpoint} failed: {body}")
    try:
        document = json.loads(body)
        detail, fields = str(document["detail"]), document.get("errors", [])
        problems = tuple(Problem(error["field"], error["detail"].removeprefix("expected ")) for error in fields)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Invalid(f"the model refuses the input: {body}")
    return Invalid(detail, problems)
