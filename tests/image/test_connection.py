"""HTTP as callers send it: in pieces, several at once, too long, broken, and what they are answered."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from image.connection import LARGEST_BODY, Connections, Request


class Echo:
    """Answers with the body, or with its length where it is long; /slow a little later than what came after it."""

    def __init__(self) -> None:
        self.held: list[Request] = []

    def handle(self, request: Request) -> None:
        if request.path == b"/slow":
            asyncio.get_running_loop().call_later(0.2, request.reply, 200, b"slow")
        elif request.too_large:
            request.reply(413, b"too large")
        else:
            body = request.body if len(request.body) < 100 else b"%d" % len(request.body)
            request.reply(200, request.method + b" " + request.path + b" " + body)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[int, Connections]]:
    """A server in a thread: its port, its connections."""
    loop = asyncio.new_event_loop()
    connections = Connections(Echo().handle)
    server = loop.run_until_complete(loop.create_server(connections.protocol, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield server.sockets[0].getsockname()[1], connections
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    server.close()
    for connection in list(connections.open):
        connection.close()
    loop.run_until_complete(asyncio.sleep(0.05))
    loop.close()


def talk(port: int, *pieces: bytes, until: bytes = b"") -> bytes:
    """What is answered to some pieces, sent one after another, until the other side ends or ``until`` has come."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as caller:
        for piece in pieces:
            caller.sendall(piece)
            time.sleep(0.02)
        heard = b""
        while not (until and until in heard):
            data = caller.recv(65536)
            if not data:
                break
            heard += data
        return heard


def test_keeps_a_connection_for_the_next_request(served: tuple[int, Connections]) -> None:
    heard = talk(served[0], b"GET /a HTTP/1.1\r\n\r\n", b"GET /b HTTP/1.1\r\nconnection: close\r\n\r\n")

    assert heard.count(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 7\r\ndate: ") == 2
    assert b"\r\n\r\nGET /a HTTP" in heard
    assert heard.endswith(b"\r\nconnection: close\r\n\r\nGET /b ")


def test_answers_in_the_order_of_the_requests(served: tuple[int, Connections]) -> None:
    requests = b"GET /slow HTTP/1.1\r\n\r\n" + b"GET /b HTTP/1.1\r\n\r\n" * 80 + b"GET /c HTTP/1.0\r\n\r\n"

    heard = talk(served[0], requests)

    assert heard.count(b"HTTP/1.1 200 OK") == 82
    assert heard.index(b"slow") < heard.index(b"GET /b")
    assert heard.endswith(b"GET /c ")


def test_reads_a_body_that_comes_in_pieces(served: tuple[int, Connections]) -> None:
    whole = talk(served[0], b"POST /x HTTP/1.1\r\ncontent-length: 6\r\n", b"\r\nabc", b"def", until=b"abcdef")
    chunked = talk(
        served[0],
        b"POST /x HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"3\r\ndef\r\n0\r\n\r\n",
        until=b"def",
    )

    assert whole.endswith(b"POST /x abcdef")
    assert chunked.endswith(b"POST /x abcdef")


def test_lets_a_caller_go_on_that_asks_before_it_sends(served: tuple[int, Connections]) -> None:
    head = b"POST /x HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n"

    heard = talk(served[0], head, b"abc", until=b"POST")

    assert heard.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


def test_hears_a_body_that_is_too_large_to_its_end(served: tuple[int, Connections]) -> None:
    size = LARGEST_BODY + 1
    head = b"POST /x HTTP/1.1\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % size

    assert talk(served[0], head + b"x" * size).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * 70_000, b"431"),
        (b"GET / HTTP/1.1\r\nx\r\n\r\n", b"400"),
    ],
)
def test_ends_a_connection_that_does_not_speak_http(
    served: tuple[int, Connections], sent: bytes, status: bytes
) -> None:
    heard = talk(served[0], sent)

    assert heard.startswith(b"HTTP/1.1 " + status)
    assert b"connection: close" in heard


def test_answers_what_it_has_begun_before_it_ends_a_broken_connection(served: tuple[int, Connections]) -> None:
    heard = talk(served[0], b"GET /slow HTTP/1.1\r\n\r\n", b"nonsense\r\n\r\n")

    assert heard.index(b"HTTP/1.1 200") < heard.index(b"HTTP/1.1 400")


def test_ignores_an_offer_of_another_protocol(served: tuple[int, Connections]) -> None:
    heard = talk(served[0], b"GET /a HTTP/1.1\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n", until=b"GET /a")

    assert heard.startswith(b"HTTP/1.1 200 OK")


def test_forgets_a_caller_that_is_gone_before_its_answer(served: tuple[int, Connections]) -> None:
    with socket.create_connection(("127.0.0.1", served[0])) as caller:
        caller.sendall(b"GET /slow HTTP/1.1\r\n\r\n")
        time.sleep(0.05)
    time.sleep(0.3)

    assert talk(served[0], b"GET /a HTTP/1.0\r\n\r\n").endswith(b"GET /a ")


def test_closes_connections_that_nobody_uses(served: tuple[int, Connections]) -> None:
    port, connections = served
    with socket.create_connection(("127.0.0.1", port), timeout=5) as caller:
        time.sleep(0.1)
        connection = next(each for each in connections.open if not each.busy)
        loop = asyncio.new_event_loop()
        loop.close()
        assert connection.last_used < time.monotonic()
        connection._transport._loop.call_soon_threadsafe(connections.close_idle, time.monotonic())

        assert caller.recv(1) == b""
