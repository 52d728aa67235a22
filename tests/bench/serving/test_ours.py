"""The bench's own part of the measurement: our server asked in its dialect, and a load generator that counts right."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.bench.serving import load
from tests.bench.serving.load import Counts
from tests.bench.serving.model import LARGE, Model, make_model
from tests.bench.serving.peers import PEERS, Peer
from tests.bench.serving.places import HERE
from tests.bench.serving.process import Request

pytestmark = pytest.mark.xdist_group("image")

PACKAGES = Path(sys.executable).parent
OURS = [peer for peer in PEERS if peer.packages == "image"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return make_model(PACKAGES, tmp_path_factory.mktemp("bench") / "model")


@pytest.mark.parametrize("peer", OURS, ids=lambda peer: peer.key)
def test_our_server_gives_the_models_own_answers(model: Model, peer: Peer) -> None:
    process = peer.start(PACKAGES, model)
    try:
        chances = peer.chances(process.ask(peer.request(model.rows)))
        memory = process.memory()
    finally:
        process.stop()

    assert len(chances) == LARGE
    assert chances == pytest.approx(model.chances, abs=1e-6)
    assert ("served by scikit-learn" in process.log.read_text()) == (peer.key == "scikit-learn")
    assert memory > 20
    assert process.tree.poll() is not None
    assert 0 < process.seconds < 60


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler on PATH; the bench brings its own")
    built = tmp_path_factory.mktemp("load") / "load"
    subprocess.run([compiler, "-O1", "-Wall", "-Wextra", "-Werror", "-o", built, HERE / "load.c"], check=True)
    return built


GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    ("answer", "counted"),
    [
        (GOOD, "answered"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "answered"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", "answered"),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\n{}", "refused"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\n{}", "broken"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "timed_out"),
    ],
)
def test_the_load_generator_counts_what_came_of_each_request(program: Path, answer: bytes, counted: str) -> None:
    with answering(answer) as (port, seen):
        counts = loaded(program, port)

    kinds = ("answered", "refused", "broken", "timed_out")
    assert getattr(counts, counted) > 0
    assert [getattr(counts, kind) for kind in kinds if kind != counted] == [0, 0, 0]
    # What the last turn left unanswered is not counted.
    assert len(seen) <= getattr(counts, counted) + 2
    assert set(seen) == {b'{"inputs": [1]}'}


def test_latencies_run_from_the_request_to_its_answer(program: Path) -> None:
    with answering(GOOD, after=0.05) as (port, _):
        counts = loaded(program, port)

    assert 50_000 <= counts.p50_us <= counts.p95_us <= counts.p99_us < 200_000
    assert counts.rate == pytest.approx(2 / 0.05, rel=0.5)


def loaded(program: Path, port: int) -> Counts:
    """Two clients for half a second, which give an answer up after 0.2 s."""
    return load.run(program, port, Request("/predict", b'{"inputs": [1]}'), clients=2, seconds=0.5, timeout=0.2)


@contextmanager
def answering(answer: bytes, after: float = 0) -> Iterator[tuple[int, list[bytes]]]:
    """A server that gives every request the same answer; its port, and the bodies that it got."""
    seen: list[bytes] = []
    done = threading.Event()
    closing = b"close" in answer

    def serve(connection: socket.socket) -> None:
        with connection:
            while body := _body(connection):
                seen.append(body)
                done.wait(after)
                connection.sendall(answer)
                if closing:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        _in_background(partial(_accept, listener, serve))
        yield listener.getsockname()[1], seen
        done.set()
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # the listener is shut down: the test is over
            return
        _in_background(partial(serve, connection))


def _in_background(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True).start()


def _body(connection: socket.socket) -> bytes:
    """The next request's body; empty where the client is gone."""
    request = b""
    while b"\r\n\r\n" not in request or not request.partition(b"\r\n\r\n")[2]:
        try:
            part = connection.recv(4096)
        except OSError:
            return b""
        if not part:
            return b""
        request += part
    return request.partition(b"\r\n\r\n")[2]
