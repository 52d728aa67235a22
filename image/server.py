"""GET /ping and POST /invocations over ASGI, as SageMaker asks for them of a container. Knows HTTP, not models.

Answers are {"predictions": [..]}; refusals are problem documents of RFC 9457 that name the fields to blame.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson

from heirloom.core.errors import HeirloomError
from image.inputs import RefusedRequest, parse

if TYPE_CHECKING:
    from image.predictor import Predictor

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# InvokeEndpoint takes bodies of up to 25 MiB ("Amazon SageMaker AI endpoints and quotas").
_LARGEST_BODY = 25 * 2**20
# Above this a request is worth a hop to a thread, so that /ping and small requests need not wait for it.
_SMALL_BODY = 32 * 2**10


class Server:
    """The ASGI application. ``predictor`` is None until the model is loaded."""

    def __init__(self) -> None:
        self.predictor: Predictor | None = None
        # One thread: a second large batch would only take turns with the first.
        self._large = ThreadPoolExecutor(max_workers=1, thread_name_prefix="large")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        handler, method = _ROUTES.get(scope["path"], (None, ""))
        if handler is None:
            await _send(send, *_problem(404, "No such path", "expected GET /ping or POST /invocations"))
        elif scope["method"] != method:
            await _send(send, *_problem(405, "Wrong method", f"expected {method}"), (b"allow", method.encode()))
        else:
            await _send(send, *await handler(self, scope, receive))

    async def ping(self, _scope: Message, _receive: Receive) -> tuple[int, bytes]:
        """Healthy when it can predict; SageMaker sends nothing to a container before."""
        return (200, b"{}") if self.predictor else _loading()

    async def invoke(self, scope: Message, receive: Receive) -> tuple[int, bytes]:
        """Predictions for the rows of the body."""
        if self.predictor is None:
            return _loading()
        body = await _body(receive)
        if body is None:
            return _problem(413, "Body too large", f"expected at most {_LARGEST_BODY} bytes")
        media_type = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
        plain = media_type.decode("latin-1").partition(";")[0].strip().lower()
        if len(body) <= _SMALL_BODY:
            return _predict(self.predictor, body, plain)
        return await asyncio.get_running_loop().run_in_executor(self._large, _predict, self.predictor, body, plain)


_ROUTES: dict[str, tuple[Any, str]] = {"/ping": (Server.ping, "GET"), "/invocations": (Server.invoke, "POST")}


def _predict(predictor: Predictor, body: bytes, media_type: str) -> tuple[int, bytes]:
    try:
        columns = parse(body, media_type, predictor.schema)
        return 200, orjson.dumps({"predictions": predictor.predict(columns)})
    except RefusedRequest as refused:
        errors = [{"field": error.field, "detail": error.detail} for error in refused.errors]
        return _problem(refused.status, refused.title, refused.detail, errors)
    except HeirloomError as failed:
        traceback.print_exc()
        return _problem(500, "The model failed", str(failed).partition("\n")[0])
    except Exception:  # noqa: BLE001 - the edge of the server
        traceback.print_exc()
        return _problem(500, "The server failed", "see the endpoint's log")


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None when it is too large."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > _LARGEST_BODY:
            return None
        parts.append(part)
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _loading() -> tuple[int, bytes]:
    return _problem(503, "Not ready", "the model is being loaded")


def _problem(status: int, title: str, detail: str, errors: list[dict[str, str]] | None = None) -> tuple[int, bytes]:
    document: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return status, orjson.dumps({**document, "errors": errors} if errors else document)


async def _send(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    kind = b"application/json" if status == HTTPStatus.OK else b"application/problem+json"
    sent = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": body})
