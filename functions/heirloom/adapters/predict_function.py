"""The predict function asked directly, by an event as API Gateway sends it: no signature and no address is needed.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from heirloom.adapters.aws import translated
from heirloom.core.errors import HeirloomError, Invalid, NotFound, Unavailable
from heirloom.core.rollback.answering import ENTITY, Reply

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_STATUS: Mapping[int, type[HeirloomError]] = {404: NotFound, 422: Invalid}


class LambdaProbe:
    """The port Probe."""

    def __init__(self, client: LambdaClient, function: str) -> None:
        self._client = client
        self._function = function

    def ask(self, model: str, rows: Sequence[Mapping[str, Any]]) -> Reply:
        body = json.dumps({"inputs": rows, "entity": ENTITY})
        event = {
            "version": "2.0",
            "routeKey": "POST /models/{model}/predictions",
            "pathParameters": {"model": model},
            "requestContext": {"requestId": f"probe-{uuid.uuid4()}"},
            "body": body,
            "isBase64Encoded": False,
        }
        with translated(f"asking {self._function}"):
            answer = self._client.invoke(FunctionName=self._function, Payload=json.dumps(event).encode())
            payload = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise Unavailable(f"{self._function} failed: {payload}")
        return _reply(model, payload)


def _reply(model: str, payload: Any) -> Reply:
    try:
        status, body = payload["statusCode"], json.loads(payload["body"])
        if status != 200:
            raise _STATUS.get(status, Unavailable)(f"predict answers {status} for {model}: {body['detail']}")
        return Reply(body["version"], body["predictions"])
    except (ValueError, KeyError, TypeError) as error:
        raise Unavailable(f"predict did not answer for {model}: {error!r}") from error
