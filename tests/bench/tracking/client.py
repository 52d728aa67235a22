"""A caller of MLflow's protocol that costs next to nothing itself: one connection, JSON, signed where it has to be."""

from __future__ import annotations

import http.client
import json
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

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
        connection = http.client.HTTPConnection(there.hostname or "", there.port, timeout=120)
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
    """Of some requests: how many a second, and percentiles in milliseconds."""

    rate: float
    p50: float
    p95: float

    @classmethod
    def of(cls, seconds: Sequence[float], wall: float) -> Times:
        cuts = statistics.quantiles(seconds, n=20)
        return cls(len(seconds) / wall, 1000 * statistics.median(seconds), 1000 * cuts[18])


def measure(server: Server, clients: int, requests: int, bodies: Callable[[], Iterator[tuple[str, Any]]]) -> Times:
    """The times of so many requests of each client, each with requests of its own."""
    seconds: list[float] = []
    barrier = threading.Barrier(clients + 1)

    def work() -> None:
        ask, of_mine = server.connect(), bodies()
        ask(*next(of_mine))  # whoever comes first pays for what is only loaded once
        barrier.wait()
        for _ in range(requests):
            path, body = next(of_mine)
            began = time.perf_counter()
            ask(path, body)
            seconds.append(time.perf_counter() - began)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    barrier.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return Times.of(seconds, time.perf_counter() - began)
