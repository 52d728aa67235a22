"""A stack that experiments are imported to: the real handler over memory, behind HTTP, and its files in memory."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest
from boto3.session import Session as BotoSession

from cli.session import Session
from heirloom.core.tracking.artifacts.media import content_type
from tests.conformance.server import PROXIED, STORES, Handler, Server, Store


class HereSession(Session):
    """Whoever is signed in to the stack at a URL."""

    def __init__(self, url: str) -> None:
        super().__init__(BotoSession("key", "secret", region_name="eu-central-1"), url)

    @property
    def api_url(self) -> str:
        return str(self.endpoint_url)


@dataclass
class MemoryFiles:
    """Puts files where the stack's own proxy finds them."""

    store: Store
    puts: Counter[str] = field(default_factory=Counter)

    def there(self, uri: str) -> Mapping[str, int]:
        start = f"{self._path(uri)}/"
        files = self.store.artifacts.files
        return {path.removeprefix(start): len(files[path]) for path in files if path.startswith(start)}

    def put(self, uri: str, path: str, file: Path) -> None:
        self.puts[path] += 1
        self.store.artifacts.write(f"{self._path(uri)}/{path}", file.read_bytes(), content_type(path))

    @staticmethod
    def _path(uri: str) -> str:
        return uri.removeprefix(f"{PROXIED}/")


@dataclass
class MemoryStack:
    """An empty stack; ``url`` is the tracking URI that MLflow's client takes."""

    url: str
    store: Store
    files: MemoryFiles

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let commands talk to this one."""
        monkeypatch.setattr("cli.options.open_session", lambda out, *, local: HereSession(self.url))
        monkeypatch.setattr("cli.importing.commands.S3Files", lambda session: self.files)


@contextmanager
def serving() -> Iterator[str]:
    """The URL of a server with any number of stacks, which doesn't log: commands are read from the same stderr."""
    log = logging.getLogger("service_undefined")
    log.disabled = True
    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    log.disabled = False


def new_stack(url: str) -> MemoryStack:
    """A stack of its own at the server."""
    name = f"t-{uuid4().hex}"
    return MemoryStack(f"{url}/{name}", STORES[name], MemoryFiles(STORES[name]))
