"""Callers that keep an endpoint busy and count what becomes of each request."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Count:
    """Requests: ``sent``, of which ``answered`` with 200, ``failed`` with another status, or ``dropped`` without one.

    ``refused`` are attempts to connect: nothing was sent, so nothing is lost. ``moments``: when each answer came.
    """

    sent: int = 0
    answered: int = 0
    failed: int = 0
    dropped: int = 0
    refused: int = 0
    moments: list[float] = field(default_factory=list)

    def longest_silence(self) -> float:
        """Seconds between two answers, at most."""
        return max((later - earlier for earlier, later in zip(self.moments, self.moments[1:], strict=False)), default=0)


class Load:
    """So many callers, each on a connection that it keeps, from a thread of their own."""

    def __init__(self, port: int, body: bytes, callers: int) -> None:
        self.count = Count()
        self._port = port
        head = f"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
        self._request = head.encode() + b"\r\n\r\n" + body
        self._ended = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(callers)))
        self._thread.start()

    def stop(self) -> Count:
        """End after the answers that are awaited."""
        self._ended.set()
        self._thread.join()
        return self.count

    async def _run(self, callers: int) -> None:
        await asyncio.gather(*(self._call() for _ in range(callers)))

    async def _call(self) -> None:
        while not self._ended.is_set():
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            except OSError:
                self.count.refused += 1
                await asyncio.sleep(0.01)
                continue
            try:
                while await self._ask(reader, writer):
                    pass
            except (ConnectionError, asyncio.IncompleteReadError):
                self.count.dropped += 1
            finally:
                writer.close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection may be used again."""
        self.count.sent += 1
        writer.write(self._request)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        self.count.moments.append(time.monotonic())
        if head.startswith(b"http/1.1 200"):
            self.count.answered += 1
        else:
            self.count.failed += 1
        return b"connection: close" not in head and not self._ended.is_set()


@contextmanager
def under_load(port: int, body: bytes, callers: int = 16) -> Iterator[Load]:
    """Callers that are at work, and have been answered already."""
    load = Load(port, body, callers)
    try:
        until = time.monotonic() + 20
        while load.count.answered < 50 * callers:
            assert time.monotonic() < until, f"no load: {load.count}"
            time.sleep(0.01)
        yield load
    finally:
        load.stop()
