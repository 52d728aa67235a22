"""When an endpoint is asked a second time, and when not: against a server that breaks off as it is told."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.config import Config

from heirloom import wiring
from heirloom.adapters.sagemaker.endpoints import SageMakerEndpoints
from heirloom.core.errors import Denied, Invalid, ModelFailed, Unavailable
from tests.embedded import free_port, wait_for

Script = Callable[[socket.socket], None]
BODY = b'{"inputs": [{}]}'


def http(status: str, body: bytes, *headers: bytes) -> Script:
    """Answer with this."""
    head = [
        f"HTTP/1.1 {status}".encode(),
        b"Content-Type: application/json",
        b"Content-Length: %d" % len(body),
        *headers,
    ]
    return lambda connection: connection.sendall(b"\r\n".join([*head, b"", body]))


def error(status: str, code: bytes, body: bytes = b'{"message": "no"}') -> Script:
    return http(status, body, b"x-amzn-errortype: " + code)


def close(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def hang(connection: socket.socket) -> None:
    time.sleep(1)


def dribble(connection: socket.socket) -> None:
    """Each byte comes sooner than a socket's time limit, all of them never."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
    for _ in range(20):
        time.sleep(0.1)
        connection.sendall(b" ")


def model_error(status: int, message: str = "no") -> Script:
    told = b'{"OriginalStatusCode": %d, "OriginalMessage": "%s", "Message": "m"}' % (status, message.encode())
    return error("424 Failed Dependency", b"ModelError", told)


GOOD = http("200 OK", b'{"predictions": []}')


class Server:
    """Does with each request what comes next in its script; ``requests`` and ``connections`` count."""

    def __init__(self, *script: Script) -> None:
        self._script = list(script)
        self.requests = self.connections = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        try:
            while True:
                connection, _ = self._listening.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()
        except OSError:
            return  # closed

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as reader:
            try:
                while _take(reader):
                    self.requests += 1
                    self._script.pop(0)(connection)
            except OSError:
                return  # the client is gone


def _take(reader: Any) -> bool:
    """Read a request; False where there is none any more."""
    length = 0
    for line in iter(reader.readline, b"\r\n"):
        if not line:
            return False
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    reader.read(length)
    return True


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Makes servers, and ends them."""
    servers: list[Server] = []

    def make(*script: Script) -> Server:
        servers.append(Server(*script))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


def endpoints(port: int) -> SageMakerEndpoints:
    """As wiring makes them, with another address and shorter limits."""

    @cache
    def client(seconds: float) -> Any:
        retries: Any = {"mode": "standard", "total_max_attempts": 1}
        return boto3.client(
            "sagemaker-runtime",
            "us-east-1",
            endpoint_url=f"http://127.0.0.1:{port}",
            aws_access_key_id="none",
            aws_secret_access_key="none",
            config=Config(connect_timeout=1, read_timeout=seconds, retries=retries),
        )

    return SageMakerEndpoints(client(0.5), client)


def test_a_kept_connection_that_was_closed_costs_a_second_attempt_only(serve: Callable[..., Server]) -> None:
    server = serve(GOOD, close, GOOD)
    asking = endpoints(server.port)
    asking.invoke("wine-v3", BODY)

    assert asking.invoke("wine-v3", BODY) == {"predictions": []}

    assert (server.requests, server.connections) == (3, 2)


def test_there_is_one_retry_only(serve: Callable[..., Server]) -> None:
    server = serve(close, close, GOOD)

    with pytest.raises(Unavailable, match="asking wine-v3"):
        endpoints(server.port).invoke("wine-v3", BODY)

    assert server.requests == 2


def test_an_address_where_nobody_listens_is_tried_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    asking = endpoints(free_port())
    attempts = 0
    client: Any = asking._client

    def count(**_: Any) -> None:
        nonlocal attempts
        attempts += 1

    client.meta.events.register("before-send.sagemaker-runtime.InvokeEndpoint", count)

    with pytest.raises(Unavailable, match="Could not connect"):
        asking.invoke("wine-v3", BODY)

    assert attempts == 2


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (hang, Unavailable),
        (model_error(500), ModelFailed),
        (model_error(503), ModelFailed),
        (model_error(0), Unavailable),
        (model_error(422), Invalid),
        (error("429 Too Many Requests", b"ThrottlingException"), Unavailable),
        (error("429 Too Many Requests", b"ModelNotReadyException"), Unavailable),
        (error("500 Internal Server Error", b"InternalFailure"), Unavailable),
        (error("503 Service Unavailable", b"ServiceUnavailable"), Unavailable),
        (error("400 Bad Request", b"ValidationError"), Unavailable),
        (error("403 Forbidden", b"AccessDeniedException"), Denied),
        (http("200 OK", b"not json"), Unavailable),
        (http("200 OK", b'{"predictions": ' + b"[" * 100_000), Unavailable),
        (model_error(422, "[" * 20_000), Invalid),
    ],
    ids=[
        "read timeout",
        "500",
        "503",
        "no answer",
        "422",
        "throttle",
        "starting",
        "5xx",
        "503 of AWS",
        "not there",
        "denied",
        "garbage",
        "too deep",
        "422, too deep",
    ],
)
def test_nothing_else_is_asked_again(serve: Callable[..., Server], script: Script, kind: type[Exception]) -> None:
    server = serve(script, GOOD)

    with pytest.raises(kind) as raised:
        endpoints(server.port).invoke("wine-v3", BODY)

    assert type(raised.value) is kind
    time.sleep(0.1)
    assert server.requests == 1


@pytest.mark.parametrize(("code", "starting"), [(b"ModelNotReadyException", True), (b"ThrottlingException", False)])
def test_tells_an_endpoint_that_is_starting_from_one_that_has_enough_to_do(
    serve: Callable[..., Server], code: bytes, starting: bool
) -> None:
    server = serve(error("429 Too Many Requests", code))

    with pytest.raises(Unavailable) as raised:
        endpoints(server.port).invoke("wine-v3", BODY, seconds=0.4)

    assert raised.value.starting is starting


@pytest.mark.parametrize("script", [hang, dribble])
def test_a_caller_with_a_limit_waits_no_longer(serve: Callable[..., Server], script: Script) -> None:
    server = serve(script)
    asking = endpoints(server.port)
    asking._fitting(0.3)  # the time that it takes to make it is told apart below
    started = time.monotonic()

    with pytest.raises(Unavailable):
        asking.invoke("wine-v3", BODY, seconds=0.3)

    assert time.monotonic() - started < 0.45


def test_answers_that_never_come_keep_no_later_caller_waiting(serve: Callable[..., Server]) -> None:
    server = serve(*[dribble] * 40)
    asking = endpoints(server.port)
    asking._fitting(0.05)
    started = time.monotonic()

    for _ in range(12):
        with pytest.raises(Unavailable):
            asking.invoke("wine-v3", BODY, seconds=0.05)

    assert time.monotonic() - started < 12 * 0.05 + 0.4


def test_a_canary_that_hangs_keeps_the_champion_from_nobody(serve: Callable[..., Server]) -> None:
    server = serve(*[dribble] * 8, GOOD)
    asking = endpoints(server.port)
    asking._fitting(0.05)
    for _ in range(8):
        with pytest.raises(Unavailable):
            asking.invoke("wine-v4", BODY, seconds=0.05)
    wait_for(lambda: server.requests == 8)

    assert asking.invoke("wine-v3", BODY, seconds=1) == {"predictions": []}


def test_whatever_time_is_left_there_are_few_clients() -> None:
    made: list[float] = []
    usual: Any = object()
    asking = SageMakerEndpoints(usual, made.append)

    for milliseconds in range(-5, 27_000, 5):
        asking._fitting(milliseconds / 1000)

    assert set(made) == {0.5, 1.0, 2.0, 4.0, 8.0}
    assert asking._fitting(24.9) is usual


def test_a_client_with_a_limit_is_made_when_it_is_first_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[str, float, int]] = []
    monkeypatch.setattr(wiring, "_client", lambda *settings: made.append(settings))
    asking: Any = wiring.endpoints.__wrapped__()
    assert made == [("sagemaker-runtime", 25, 1)]

    asking._limited(0.5)

    assert made[1:] == [("sagemaker-runtime", 0.5, 1)]
