"""The smallest HTTP/1.1 client for one server on loopback: keep-alive connections, used from the event loop.

An InvokeEndpoint must not block MiniStack's only loop, and a connection for each would cost more than the call.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Mapping
from dataclasses import dataclass

import h11

READ_SIZE = 256 * 1024


class TooLargeError(Exception):
    """The server sent more than the limit."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


@dataclass
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    protocol: h11.Connection
    used: bool = False

    @property
    def alive(self) -> bool:
        return not self.reader.at_eof() and not self.writer.is_closing()


class Client:
    """Connections to 127.0.0.1:port, as many as there are requests at once. For one event loop."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._loop = asyncio.get_running_loop()
        self._idle: list[_Connection] = []

    async def post(self, path: str, headers: Mapping[str, str], body: bytes, limit: int) -> Answer:
        """Raises OSError when the server is gone, TooLargeError over `limit` bytes. The caller bounds the wait."""
        while True:
            connection = await self._connect()
            kept = False
            try:
                answer = await self._exchange(connection, path, headers, body, limit)
                kept = self._keep(connection)
                return answer
            except (ConnectionError, h11.RemoteProtocolError) as problem:
                # A server may close a connection just as we use it again; nothing was answered, so a new one is tried.
                if not (connection.used and connection.protocol.their_state is h11.SEND_RESPONSE):
                    raise ConnectionError(f"the container closed the connection: {problem}") from problem
            finally:
                if not kept:
                    connection.writer.close()

    def close(self) -> None:
        """Drop what is idle. From any thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended, and its connections with it
            self._loop.call_soon_threadsafe(self._drop)

    def _drop(self) -> None:
        while self._idle:
            self._idle.pop().writer.close()

    async def _connect(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.alive:
                return connection
            connection.writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=READ_SIZE)
        return _Connection(reader, writer, h11.Connection(h11.CLIENT))

    async def _exchange(
        self, connection: _Connection, path: str, headers: Mapping[str, str], body: bytes, limit: int
    ) -> Answer:
        protocol, writer = connection.protocol, connection.writer
        fields = [("Host", f"127.0.0.1:{self._port}"), ("Content-Length", str(len(body))), *headers.items()]
        head = protocol.send(h11.Request(method="POST", target=path, headers=fields)) or b""
        writer.write(head + (protocol.send(h11.Data(body)) or b"") if body else head)
        protocol.send(h11.EndOfMessage())
        await writer.drain()
        return await self._read(connection, limit)

    async def _read(self, connection: _Connection, limit: int) -> Answer:
        status, headers, chunks, size = 0, {}, [], 0
        while True:
            event = connection.protocol.next_event()
            if event is h11.NEED_DATA:
                _acknowledge_at_once(connection.writer)
                connection.protocol.receive_data(await connection.reader.read(READ_SIZE))
            elif isinstance(event, h11.Response):
                status = event.status_code
                headers = {name.decode().lower(): value.decode("latin-1") for name, value in event.headers}
            elif isinstance(event, h11.Data):
                chunks.append(bytes(event.data))
                size += len(event.data)
                if size > limit:
                    raise TooLargeError
            elif isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)):
                return Answer(status, headers, b"".join(chunks))

    def _keep(self, connection: _Connection) -> bool:
        protocol = connection.protocol
        if protocol.our_state is not h11.DONE or protocol.their_state is not h11.DONE or not connection.alive:
            return False
        protocol.start_next_cycle()
        connection.used = True
        self._idle.append(connection)
        return True


def _acknowledge_at_once(writer: asyncio.StreamWriter) -> None:
    """Keep the kernel from delaying its ACK by 40 ms, for which a server that writes head and body apart would wait.

    tcp(7), TCP_QUICKACK: Linux only, and to be set anew before each read.
    """
    if hasattr(socket, "TCP_QUICKACK"):
        with contextlib.suppress(OSError):
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
