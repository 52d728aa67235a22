"""A caller of MLflow's protocol that costs next to nothing itself: one connection, JSON, signed where it has to be."""

from __future__ import annotations

import http.client
import itertools
import json
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

LEAST, LONGEST = 3, 20
"""Requests of a client that are measured however long they take, and seconds after which no further one is made."""
PATIENCE = 60
"""Seconds that an answer is waited for; where one takes longer, nothing more is asked."""
Ask = Callable[[str, Mapping[str, Any]], Any]
"""POSTs to a path below mlflow/ and gives the answer's JSON."""


@dataclass(frozen=True)
class Server:
    """Where it answers, and who signs."""

    name: str
    url: str
    credentials: Credentials | None = None
    region: str = "us-east-1"

    def connect(self) -> Ask:
        """A connection of its own: a session of MLflow's client keeps one open, too."""
        there = urlsplit(self.url)
        connection = http.client.HTTPConnection(there.hostname or "", there.port, timeout=PATIENCE)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def ask(path: str, body: Mapping[str, Any]) -> Any:
            url, data = f"{self.url}/api/2.0/mlflow/{path}", json.dumps(body)
            request = AWSRequest("POST", url, {"Content-Type": "application/json"}, data)
            if self.credentials:
                SigV4Auth(self.credentials, "execute-api", self.region).add_auth(request)
            connection.request("POST", urlsplit(url).path, data, dict(request.headers.items()))
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != http.client.OK:
                raise RuntimeError(f"{self.name}: {path}: {answer.status} {content[:300]!r}")
            return json.loads(content)

        return ask


@dataclass(frozen=True)
class Times:
    """Of some requests: how many a second, and percentiles in milliseconds; of the one before them all, how long."""

    rate: float
    p50: float
    p95: float
    first: float

    @classmethod
    def of(cls, seconds: Sequence[float], wall: float, first: float) -> Times:
        cuts = statistics.quantiles(seconds, n=20)
        return cls(len(seconds) / wall, 1000 * statistics.median(seconds), 1000 * cuts[18], 1000 * first)

    @classmethod
    def late(cls) -> Times:
        """Of requests that are not answered in time: at least so long."""
        return cls(1 / PATIENCE, 1000 * PATIENCE, 1000 * PATIENCE, 1000 * PATIENCE)


def measure(server: Server, clients: int, requests: int, bodies: Callable[[], Iterator[tuple[str, Any]]]) -> Times:
    """The times of so many requests of each client, each with requests of its own; of fewer where they take long."""
    seconds: list[float] = []
    firsts: list[float] = []
    barrier = threading.Barrier(clients + 1)

    def work() -> None:
        try:
            ask, of_mine = server.connect(), bodies()
            firsts.append(_timed(ask, *next(of_mine)))  # which pays for what is only loaded once
            barrier.wait()
            seconds.extend([_timed(ask, *next(of_mine)) for _ in _turns(requests)])
        except BaseException:
            barrier.abort()  # nobody waits for this one
            raise

    with ThreadPoolExecutor(clients) as pool:
        working = [pool.submit(work) for _ in range(clients)]
        with suppress(threading.BrokenBarrierError):  # why is told below
            barrier.wait()
        began = time.perf_counter()
        try:
            for each in working:
                each.result()
        except TimeoutError:
            return Times.late()
        return Times.of(seconds, time.perf_counter() - began, max(firsts))


def _turns(most: int) -> Iterator[int]:
    began = time.perf_counter()
    return itertools.takewhile(lambda turn: turn < LEAST or time.perf_counter() - began < LONGEST, range(most))


def _timed(ask: Ask, path: str, body: Mapping[str, Any]) -> float:
    began = time.perf_counter()
    ask(path, body)
    return time.perf_counter() - began
