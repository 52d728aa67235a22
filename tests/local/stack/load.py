"""Callers who never stop asking, each answer noted: for the tests and the figures of releases."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from botocore.httpsession import URLLib3Session

from cli.api import AT_ONCE
from tests.local.stack.client import Stack


@dataclass(frozen=True)
class Asked:
    """One request: when it was begun and ended (``time.monotonic``), and what came back."""

    began: float
    ended: float
    status: int
    answer: Any

    @property
    def version(self) -> int | None:
        """The version that answered; None where nothing did."""
        return self.answer["version"] if self.status == 200 else None


@contextmanager
def load(stack: Stack, model: str, row: dict[str, Any], callers: int = 2) -> Iterator[list[Asked]]:
    """``callers`` ask for one row each, over and over, as ever new entities; the list grows while this lasts."""
    asked: list[Asked] = []
    ended = threading.Event()
    numbers = itertools.count()

    def ask() -> None:
        own = replace(stack, http=URLLib3Session(timeout=60, socket_options=AT_ONCE))  # type: ignore[arg-type]
        path = f"/models/{model}/predictions"
        while not ended.is_set():
            began = time.monotonic()
            body = {"inputs": [row], "entity": f"caller-{next(numbers)}"}
            status, answer = own.call("POST", path, body)
            asked.append(Asked(began, time.monotonic(), status, answer))

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield asked
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def last_of(asked: list[Asked], version: int) -> float:
    """When the last request that ``version`` answered was begun."""
    return max(one.began for one in asked if one.version == version)


class Champions:
    """Which version was champion when, as far as who promotes them can tell: a change happens within its call."""

    def __init__(self, version: int) -> None:
        self._changes = [(0.0, 0.0, version)]

    @contextmanager
    def change(self, version: int) -> Iterator[None]:
        """While this lasts the champion is changed to ``version``."""
        called = time.monotonic()
        yield
        self._changes.append((called, time.monotonic(), version))

    def allowed(self, one: Asked, late: float) -> set[int]:
        """The versions that may have answered: champions at any time from ``late`` s before the request to its end."""
        ends = [returned for _, returned, _ in self._changes[1:]] + [math.inf]
        return {
            version
            for (called, _, version), end in zip(self._changes, ends, strict=True)
            if called <= one.ended and end + late >= one.began
        }
