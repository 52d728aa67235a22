"""What stands before MiniStack's application: it keeps MiniStack's back doors shut, and saves state when it is quiet.

MiniStack saves its state when it stops in good order, and objects of S3 as they come. Were it killed, the bucket's
files would be newer than all else; so state is also saved shortly after the last request of a burst.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from ministack import app as ministack
from ministack.core.persistence import save_all

from local import pagerduty

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# They need no credentials, and wipe or change everything: any page in a browser could post to them.
SHUT = ("/_ministack/reset", "/_ministack/config")
HEALTH = "/_ministack/health"
QUIET_SECONDS = 1.0
LONGEST_SECONDS = 60.0
# No request is answered while state is saved: that takes a twentieth of the time at most, and what takes longer than a
# second is saved at the end only.
SHARE, BEARABLE_SECONDS = 1 / 20, 1.0


class Front:
    """An ASGI application (https://asgi.readthedocs.io/en/latest/specs/www.html) around MiniStack's."""

    def __init__(self) -> None:
        self._last_request = self._last_save = time.monotonic()
        self._pagerduty = pagerduty.Receiver(Path(os.environ["HEIRLOOM_STATE_DIR"]) / pagerduty.FILE)
        logging.getLogger("persistence").setLevel(logging.WARNING)  # a line for each of 60 services, each time

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = str(scope.get("path", ""))
        if path.startswith(SHUT):
            await _refuse(send)
            return
        if path.startswith(f"{pagerduty.PREFIX}/"):
            await self._page(scope, path.removeprefix(pagerduty.PREFIX), await _read(receive), send)
            return
        await ministack.app(scope, receive, send)
        if path != HEALTH:
            self._last_request = time.monotonic()

    async def _page(self, scope: Scope, path: str, body: bytes, send: Send) -> None:
        """A page in a browser can't post JSON to another site without being let: events come from programs only."""
        content_type = dict(scope.get("headers", ())).get(b"content-type", b"")
        if scope["method"] == "POST" and not content_type.startswith(b"application/json"):
            await _answer(send, 415, b'{"message": "expected Content-Type: application/json"}')
            return
        status, answer = self._pagerduty.answer(scope["method"], path, body)
        await _answer(send, status, json.dumps(answer).encode())

    async def save_when_quiet(self) -> None:
        """Save after each burst of requests, and now and then for what happens without any.

        It runs on MiniStack's event loop, so that no handler changes a dictionary meanwhile; it takes some 0.1 s.
        """
        took = 0.0
        while took < BEARABLE_SECONDS:
            await asyncio.sleep(QUIET_SECONDS)
            began = time.monotonic()
            quiet, rested = began - self._last_request > QUIET_SECONDS, began - self._last_save > took / SHARE
            if quiet and rested and (self._last_save < self._last_request or began - self._last_save > LONGEST_SECONDS):
                save_all(ministack._build_persistence_save_dict())
                self._last_save = time.monotonic()
                took = self._last_save - began


async def _refuse(send: Send) -> None:
    await _answer(send, 403, b'{"message": "the embedded AWS is wiped with `heirloom local reset` only"}')


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _read(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body
