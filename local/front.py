"""What stands before MiniStack's application: it keeps MiniStack's back doors shut, and saves state when it is quiet.

MiniStack saves its state when it stops in good order, and objects of S3 as they come. Were it killed, the bucket's
files would be newer than all else; so state is also saved shortly after the last request of a burst.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ministack import app as ministack
from ministack.core.persistence import save_all

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# They need no credentials, and wipe or change everything: any page in a browser could post to them.
SHUT = ("/_ministack/reset", "/_ministack/config")
HEALTH = "/_ministack/health"
QUIET_SECONDS = 1.0
LONGEST_SECONDS = 60.0
# No request is answered meanwhile, so state that takes longer to save is saved at the end only.
BEARABLE_SECONDS = 1.0


class Front:
    """An ASGI application (https://asgi.readthedocs.io/en/latest/specs/www.html) around MiniStack's."""

    def __init__(self) -> None:
        self._last_request = self._last_save = time.monotonic()
        logging.getLogger("persistence").setLevel(logging.WARNING)  # a line for each of 60 services, each time

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = str(scope.get("path", ""))
        if path.startswith(SHUT):
            await _refuse(send)
            return
        await ministack.app(scope, receive, send)
        if path != HEALTH:
            self._last_request = time.monotonic()

    async def save_when_quiet(self) -> None:
        """Save after each burst of requests, and now and then for what happens without any.

        It runs on MiniStack's event loop, so that no handler changes a dictionary meanwhile; it takes some 0.1 s.
        """
        took = 0.0
        while took < BEARABLE_SECONDS:
            await asyncio.sleep(QUIET_SECONDS)
            began = time.monotonic()
            quiet = began - self._last_request > QUIET_SECONDS
            if quiet and (self._last_save < self._last_request or began - self._last_save > LONGEST_SECONDS):
                save_all(ministack._build_persistence_save_dict())
                self._last_save = time.monotonic()
                took = self._last_save - began


async def _refuse(send: Send) -> None:
    body = b'{"message": "the embedded AWS is wiped with `heirloom local reset` only"}'
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
