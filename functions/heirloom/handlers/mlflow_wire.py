"""MLflow's protocol on the wire: what an event of the HTTP API asks, and answers and errors in MLflow's own form.

Its client retries 5xx and 429 for minutes, so what is not built is answered with 404 ENDPOINT_NOT_FOUND, after which it
looks for another way or says so at once.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from heirloom.core.errors import Conflict, Denied, HeirloomError, Invalid, NotFound, Unavailable
from heirloom.core.tracking.artifacts.proxy import Sent
from heirloom.core.tracking.artifacts.reply import Reply
from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.door import SIGNED, Door
from heirloom.core.tracking.roles import greatest
from heirloom.handlers.edge import Event

_CODES: Mapping[type[HeirloomError], tuple[HTTPStatus, str]] = {
    Invalid: (HTTPStatus.BAD_REQUEST, "INVALID_PARAMETER_VALUE"),
    NotFound: (HTTPStatus.NOT_FOUND, "RESOURCE_DOES_NOT_EXIST"),
    Conflict: (HTTPStatus.BAD_REQUEST, "RESOURCE_ALREADY_EXISTS"),
    Denied: (HTTPStatus.FORBIDDEN, "PERMISSION_DENIED"),
    Unavailable: (HTTPStatus.SERVICE_UNAVAILABLE, "TEMPORARILY_UNAVAILABLE"),
}


def door(event: Event, root: str) -> Door:
    """Where the caller came in, as API Gateway tells of it when it has checked a signature or a token. Raises Denied.

    Of a token's claims it makes texts; of a list of groups "[viewer data-scientist]".
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
    """
    checked = event["requestContext"].get("authorizer") or {}
    if "iam" in checked:
        return SIGNED
    claims = checked.get("jwt", {}).get("claims", {})
    if claims.get("token_use") != "access":  # an identity token names a person to others, and opens nothing
        raise Denied("This door takes a signature or an access token: `heirloom login` gives one")
    groups = claims.get("cognito:groups", "").strip("[]").split()
    return Door(greatest(groups), claims.get("username", ""), root)


def asked(event: Event, named: Mapping[str, str]) -> Asked:
    """A GET asks by its query, all others by their body; the path adds to both. Raises Invalid."""
    if event["requestContext"]["http"]["method"] == "GET":
        return Asked({**_query(event), **{name: [value] for name, value in named.items()}}, in_query=True)
    return Asked({**_body(event), **named})


def sent(event: Event, path: str) -> Sent:
    """A request to the proxy: the body of an upload is the file. Raises Invalid."""
    told = Asked({}) if event["requestContext"]["http"]["method"] in ("PUT", "DELETE") else asked(event, {})
    return Sent(path, told, _raw(event))


def posted(event: Event) -> Sent:
    """A request whose body is a file and whose query says where to. Raises Invalid."""
    return Sent("", Asked(_query(event), in_query=True), _raw(event))


def answer(body: Any) -> Event:
    """A JSON answer to what went well."""
    return _json(HTTPStatus.OK, body)


def reply(given: Reply) -> Event:
    """A file, or where one is."""
    body = base64.b64encode(given.body).decode()
    return {"statusCode": given.status, "headers": dict(given.headers), "body": body, "isBase64Encoded": True}


def refuse(error: HeirloomError) -> Event:
    """The answer to an error of the core."""
    status, code = next(told for kind, told in _CODES.items() if isinstance(error, kind))
    return _json(status, {"error_code": code, "message": str(error)})


def not_built(method: str, path: str) -> Event:
    """The answer to what nobody answers."""
    message = f"{method} {path} is not built: docs/tracking.md"
    return _json(HTTPStatus.NOT_FOUND, {"error_code": "ENDPOINT_NOT_FOUND", "message": message})


def _query(event: Event) -> dict[str, list[str]]:
    return parse_qs(event.get("rawQueryString") or "", keep_blank_values=True)


def _raw(event: Event) -> bytes:
    body = event.get("body") or ""
    return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()


def _body(event: Event) -> dict[str, Any]:
    try:
        found = json.loads(_raw(event) or b"{}")
        found = json.loads(found) if isinstance(found, str) else found  # older clients encode twice
    except (ValueError, RecursionError) as error:
        raise Invalid(f"expected a body of JSON: {error}") from error
    if not isinstance(found, dict | None):
        raise Invalid(f"expected a JSON object, got {type(found).__name__}")
    return found or {}


def _json(status: HTTPStatus, body: Any) -> Event:
    try:
        text = json.dumps(body, allow_nan=False)  # most have none: to look first takes longer than to write
    except (TypeError, ValueError):
        text = json.dumps(_plain(body))
    return {"statusCode": int(status), "headers": {"Content-Type": "application/json"}, "body": text}


def _plain(value: Any) -> Any:
    """JSON knows no NaN and no infinities: MLflow writes them as texts."""
    match value:
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
        case Mapping():
            return {key: _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case _:
            return value
