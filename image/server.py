"""GET /ping and POST /invocations, as SageMaker asks for them of a container. Knows requests, not models.

Answers are {"predictions": [..]}; refusals are problem documents of RFC 9457 that name the fields to blame.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import orjson

from heirloom.core.errors import HeirloomError, Invalid
from image.answers import CSV, JSON, NPY, Answers, written
from image.batching import LARGEST, Batcher, Outcome
from image.connection import LARGEST_BODY, Connections, Request
from image.refusal import RefusedRequest
from image.served import Served

# Above this a request is worth a hop to a thread, so that /ping and small requests need not wait for it.
_SMALL_BODY = 32 * 2**10
_MOST_REMEMBERED = 256

Reply = tuple[int, bytes, bytes]
"""A status, a body, its content type."""


def loading(request: Request) -> None:
    """The answers of a server that has no model yet. SageMaker sends nothing but /ping to a container before."""
    request.reply(*_problem(503, "Not ready", "the model is being loaded"))


class Server:
    """Answers the requests of all connections with one model. Made in the event loop that it serves in."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._read = served.reader()
        self._loop = asyncio.get_running_loop()
        # One thread: a second large batch would only take turns with the first.
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="large")
        self._batcher = Batcher(served.model, served.quick, self._threads)
        self._media_types = _Remembered(_media_type)
        self._accepted = _Remembered(_accepted)

    def handle(self, request: Request) -> None:
        """Have the request answered: at once, or later in this loop."""
        if request.path == b"/invocations" and request.method == b"POST":
            self._invoke(request)
        elif request.path == b"/ping" and request.method == b"GET":
            request.reply(200, b"{}")
        else:
            _misdirected(request)

    def _invoke(self, request: Request) -> None:
        if request.too_large:
            request.reply(*_problem(413, "Body too large", f"expected at most {LARGEST_BODY} bytes"))
            return
        if len(request.body) > _SMALL_BODY:
            self._in_thread(request)
            return
        try:
            rows = self._read(request.body, self._media_types[request.content_type])
        except Exception as refused:  # noqa: BLE001 - every request is answered
            request.reply(*_refusal(refused))
            return
        if len(rows) > LARGEST:
            self._in_thread(request, rows)
        else:
            if isinstance(rows, np.ndarray):
                rows = rows.tolist()
            self._batcher.ask(
                rows, lambda outcome: request.reply(*self._reply(outcome, request.accept)), alone=request.alone
            )

    def _in_thread(self, request: Request, rows: Sequence[Any] | None = None) -> None:
        """Read, predict and write in the other thread; only the sending is left to the loop."""
        media_type = self._media_types[request.content_type]

        def answered() -> Reply:
            try:
                given = self._read(request.body, media_type) if rows is None else rows
                return self._reply(self._served.model.answer(given), request.accept)
            except Exception as problem:  # noqa: BLE001 - every request is answered
                return _refusal(problem)

        future = self._loop.run_in_executor(self._threads, answered)
        future.add_done_callback(lambda done: request.reply(*done.result()))

    def _reply(self, outcome: Outcome, accept: bytes) -> Reply:
        if isinstance(outcome, Exception):
            return _refusal(outcome)
        return _answer(outcome, self._served.task, self._accepted[accept])


def _answer(answers: Answers, task: str, media_type: str) -> Reply:
    try:
        return 200, written(answers, task, media_type), media_type.encode()
    except ValueError as impossible:
        return _problem(406, "Not acceptable", str(impossible))


def _misdirected(request: Request) -> None:
    method = {b"/ping": b"GET", b"/invocations": b"POST"}.get(request.path)
    if method is None:
        request.reply(*_problem(404, "No such path", "expected GET /ping or POST /invocations"))
    else:
        wrong = _problem(405, "Wrong method", f"expected {method.decode()}")
        request.reply(*wrong, extra=b"\r\nallow: " + method)


class _Remembered(dict[bytes, str]):
    """What headers mean: callers send the same few again and again."""

    def __init__(self, meaning: Callable[[bytes], str]) -> None:
        super().__init__()
        self._meaning = meaning

    def __missing__(self, header: bytes) -> str:
        found = self._meaning(header)
        if len(self) < _MOST_REMEMBERED:
            self[header] = found
        return found


def _media_type(header: bytes) -> str:
    return header.decode("latin-1").partition(";")[0].strip().lower()


def _accepted(header: bytes) -> str:
    """The first of the caller's media types that can be written; JSON, where it names none of them."""
    return next((kind for each in header.split(b",") if (kind := _media_type(each)) in (JSON, CSV, NPY)), JSON)


def _refusal(problem: Exception) -> Reply:
    if isinstance(problem, RefusedRequest):
        errors = [{"field": error.field, "detail": error.detail} for error in problem.errors]
        return _problem(problem.status, problem.title, problem.detail, errors, problem.more)
    if isinstance(problem, Invalid):
        return _problem(422, "Input does not fit the model", str(problem))
    traceback.print_exception(problem)
    if isinstance(problem, HeirloomError):
        return _problem(500, "The model failed", str(problem).partition("\n")[0])
    return _problem(500, "The server failed", "see the endpoint's log")


def _problem(status: int, title: str, detail: str, errors: Sequence[dict[str, str]] = (), more: int = 0) -> Reply:
    document: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    listed = {"errors": errors, "more_errors": more} if errors else {}
    return status, orjson.dumps({**document, **listed}), b"application/problem+json"


def connections(served: Served) -> Connections:
    """The connections of a server with this model."""
    return Connections(Server(served).handle)
