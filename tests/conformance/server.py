"""`python -m tests.conformance.server 8099`: the tracking handler as an HTTP server, over memory, for MLflow's tests.

Each test wants an empty store: what is asked below /t-<hex>/ is a store of its own. On 127.0.0.1 only.
"""

from __future__ import annotations

import base64
import re
import sys
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from heirloom.adapters.memory.artifacts import MemoryArtifacts
from heirloom.adapters.memory.documents import MemoryDocuments
from heirloom.core.tracking.tracking import Tracking
from heirloom.handlers.edge import protocol_entrypoint
from heirloom.handlers.mlflow_wire import refuse
from heirloom.handlers.track_experiments import handle
from tests.unit.tracking.server import event_of

PROXIED = "mlflow-artifacts:"
"""The root of experiments: the tests have no credentials for S3, and send their files to the proxy."""
_STORE = re.compile(r"/(t-[0-9a-f]+)(/.*)")


@dataclass
class Store:
    """What one test sees."""

    artifacts: MemoryArtifacts = field(default_factory=lambda: MemoryArtifacts(PROXIED))
    documents: MemoryDocuments = field(default_factory=MemoryDocuments)

    def answer(self, event: dict[str, Any]) -> dict[str, Any]:
        ports = {"tracking": self._tracking, "artifacts": lambda: self.artifacts}
        return dict(protocol_entrypoint(handle, refuse, **ports)(event, None))

    def _tracking(self) -> Tracking:
        return Tracking(self.documents, PROXIED, lambda: datetime.now(UTC), lambda: uuid.uuid4().hex)


STORES: defaultdict[str, Store] = defaultdict(Store)


class Handler(BaseHTTPRequestHandler):
    """A request as API Gateway would send it to the function."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet, or each answer waits 40 ms for the acknowledgement of its head

    def log_message(self, *arguments: Any) -> None:
        """Say nothing of each request."""

    def do(self) -> None:
        path, _, query = self.path.partition("?")
        found = _STORE.fullmatch(path)
        name, path = (found[1], found[2]) if found else ("", path)
        body = self._body()
        if path in ("/health", "/version"):
            self._send(200, {}, b"OK" if path == "/health" else b"3.11.1")
            return
        sent_body = {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
        event = event_of(self.command, unquote(path), rawQueryString=query, **sent_body)  # decoded, as by API Gateway
        answer = STORES[name].answer(event)
        sent = answer["body"]
        raw = base64.b64decode(sent) if answer.get("isBase64Encoded") else sent.encode()
        self._send(answer["statusCode"], answer["headers"], raw)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do  # noqa: N815 - the names that http.server calls

    def _body(self) -> bytes:
        """requests sends an empty file in chunks."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().strip() or b"0", 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
