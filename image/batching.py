"""Requests that arrive together are answered by one call of the model.

No timer: what one turn of the event loop has read is one batch, so that a single caller waits for nobody. Of 32 callers
the requests arrive in the same turns, and a call costs scikit-learn the same for 32 rows as for one.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from image.answers import Answers
from image.served import Model

LARGEST = 256
"""Rows of a batch; a request of more is worth a thread of its own."""
_SLOW_SECONDS = 0.02

Outcome = Answers | Exception
Done = Callable[[Outcome], None]
_Waiting = tuple[Sequence[Any], Done]


class Batcher:
    """Collects the rows of small requests. A model that is not ``quick`` is asked in ``threads``, never in the loop."""

    def __init__(self, model: Model, quick: bool, threads: ThreadPoolExecutor) -> None:
        self._model = model
        self._quick = quick
        self._threads = threads
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[_Waiting] = deque()
        self._asked = False

    def ask(self, rows: Sequence[Any], done: Done, *, alone: bool = False) -> None:
        """Have ``done`` called in the loop with the answers to these rows, or with what the model raised for them.

        ``alone``: nobody else is there to wait for.
        """
        if alone and self._quick and not self._asked:
            self._attempted([(rows, done)])
            return
        self._waiting.append((rows, done))
        if not self._asked:
            self._asked = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        batch = self._take()
        if not self._quick:
            requests = [rows for rows, _ in batch]
            asked = self._loop.run_in_executor(self._threads, answer_all, self._model, requests)
            asked.add_done_callback(lambda done: self._answered(batch, done.result()))
            return
        self._attempted(batch)
        self._go_on()

    def _attempted(self, batch: list[_Waiting]) -> None:
        """Answer in the loop, from now on in a thread where that has taken long."""
        started = time.thread_time()  # not the clock's: on a busy machine that says nothing of the model
        outcomes = answer_all(self._model, [rows for rows, _ in batch])
        self._quick = time.thread_time() - started < _SLOW_SECONDS
        _tell(batch, outcomes)

    def _take(self) -> list[_Waiting]:
        """The oldest requests, as many as make a batch."""
        batch: list[_Waiting] = []
        rows = 0
        while self._waiting and (not batch or rows + len(self._waiting[0][0]) <= LARGEST):
            batch.append(self._waiting.popleft())
            rows += len(batch[-1][0])
        return batch

    def _answered(self, batch: list[_Waiting], outcomes: list[Outcome]) -> None:
        self._go_on()
        _tell(batch, outcomes)

    def _go_on(self) -> None:
        self._asked = bool(self._waiting)
        if self._asked:
            self._loop.call_soon(self._turn)


def _tell(batch: list[_Waiting], outcomes: list[Outcome]) -> None:
    for (_, done), outcome in zip(batch, outcomes, strict=True):
        done(outcome)


def answer_all(model: Model, requests: Sequence[Sequence[Any]]) -> list[Outcome]:
    """Each request's answers, by one call; where that fails, each by its own, so that a bad row fails alone."""
    if len(requests) == 1:
        return [_attempt(model, requests[0])]
    together = _attempt(model, [row for rows in requests for row in rows])
    if isinstance(together, Exception):
        return [_attempt(model, rows) for rows in requests]
    outcomes: list[Outcome] = []
    start = 0
    for rows in requests:
        outcomes.append(together.part(start, start + len(rows)))
        start += len(rows)
    return outcomes


def _attempt(model: Model, rows: Sequence[Any]) -> Outcome:
    try:
        return model.answer(rows)
    except Exception as problem:  # noqa: BLE001 - it is the answer to these rows
        return problem
