"""Who is asked: MLflow's server and ours."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import CodeType
from typing import Any, Protocol
from urllib.parse import urlencode

from heirloom.adapters.memory.artifacts import MemoryArtifacts
from heirloom.adapters.memory.documents import MemoryDocuments
from heirloom.core.errors import HeirloomError
from heirloom.core.tracking.documents import Document, Key
from heirloom.core.tracking.tracking import Tracking
from heirloom.handlers.mlflow_wire import refuse
from heirloom.handlers.track_experiments import handle
from tests.differential.mlflow_app import ROOT
from tests.unit.tracking.server import event_of


@dataclass(frozen=True)
class Reply:
    """``body``: the answer's JSON; None where it is none."""

    status: int
    body: Any


class Side(Protocol):
    def ask(self, method: str, path: str, values: dict[str, Any]) -> Reply:
        """``values`` go into the query of a GET, else into the body."""

    def keep(self) -> None:
        """Keep the store as it is."""

    def back(self) -> None:
        """Make the store again what was kept."""


class Theirs:
    """MLflow's server application in a process of its own (mlflow_app.py)."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.differential.mlflow_app"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._line()

    def ask(self, method: str, path: str, values: dict[str, Any]) -> Reply:
        query, body = _sent(method, values)
        answer = self._answer({"method": method, "path": path, "query": query, "body": body})
        return Reply(answer["status"], _json(answer["body"]))

    def keep(self) -> None:
        self._answer({"keep": True})

    def back(self) -> None:
        self._answer({"back": True})

    def stop(self) -> None:
        self._process.communicate()  # the end of its input is its end

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        return self._line()

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "MLflow's server application has stopped: python -m tests.differential.mlflow_app"
        answer: dict[str, Any] = json.loads(line)
        return answer


@dataclass
class Ours:
    """The handler over memory; the clock moves at each look, so that nothing happens at the same time."""

    documents: MemoryDocuments = field(default_factory=MemoryDocuments)
    kept: dict[Key, Document] = field(default_factory=dict)
    seconds: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def ask(self, method: str, path: str, values: dict[str, Any]) -> Reply:
        query, body = _sent(method, values)
        event = event_of(method, path, rawQueryString=query, body=body)
        try:
            answer = handle(event, self._tracking(), MemoryArtifacts(ROOT))
        except HeirloomError as error:
            answer = refuse(error)
        return Reply(answer["statusCode"], _json(answer["body"]))

    def keep(self) -> None:
        self.kept = dict(self.documents.stored)

    def back(self) -> None:
        self.documents.stored = dict(self.kept)

    def _tracking(self) -> Tracking:
        return Tracking(self.documents, ROOT, self._now, lambda: uuid.uuid4().hex)

    def _now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=next(self.seconds))


@dataclass
class Mistaken(Ours):
    """Ours, with a mistake in it: ``function`` does what ``code`` says, as long as this side is asked."""

    function: Any = None
    code: CodeType | None = None

    def ask(self, method: str, path: str, values: dict[str, Any]) -> Reply:
        right = self.function.__code__
        self.function.__code__ = self.code or right
        try:
            return super().ask(method, path, values)
        finally:
            self.function.__code__ = right


def _sent(method: str, values: dict[str, Any]) -> tuple[str, str]:
    return (urlencode(values, doseq=True), "") if method == "GET" else ("", json.dumps(values))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
