"""Requests that share a call of the model: in which batches, and that each gets its own answers or its own error."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from image.answers import Answers
from image.batching import Batcher, Outcome


class Doubling:
    """Answers twice each row's number; refuses -1; remembers how many rows came together, and in which thread."""

    def __init__(self, seconds: float = 0.0, work: float = 0.0) -> None:
        self.batches: list[int] = []
        self.threads: list[str] = []
        self._seconds, self._work = seconds, work

    def answer(self, rows: Sequence[Any]) -> Answers:
        self.batches.append(len(rows))
        self.threads.append(threading.current_thread().name)
        time.sleep(self._seconds)
        until = time.thread_time() + self._work
        while time.thread_time() < until:
            pass
        if any(row == (-1,) for row in rows):
            raise ValueError("a negative number")
        return Answers([2 * row[0] for row in rows])


def asked(
    model: Doubling, requests: Sequence[list[tuple[int]]], quick: bool = True, alone: bool = False
) -> list[Outcome]:
    """The outcome of each of some requests that arrive in one turn of the loop."""

    async def run() -> list[Outcome]:
        with ThreadPoolExecutor(1, "large") as threads:
            batcher = Batcher(model, quick, threads)
            futures = [asyncio.get_running_loop().create_future() for _ in requests]
            for rows, future in zip(requests, futures, strict=True):
                batcher.ask(rows, future.set_result, alone=alone)
            return list(await asyncio.gather(*futures))

    return asyncio.run(run())


def values(outcomes: Sequence[Outcome]) -> list[Any]:
    return [outcome.values if isinstance(outcome, Answers) else str(outcome) for outcome in outcomes]


def test_answers_requests_of_one_turn_together() -> None:
    model = Doubling()

    assert values(asked(model, [[(1,)], [(2,), (3,)], [(4,)]])) == [[2], [4, 6], [8]]
    assert model.batches == [4]


def test_lets_a_bad_row_fail_alone() -> None:
    model = Doubling()

    assert values(asked(model, [[(1,)], [(-1,)], [(3,)]])) == [[2], "a negative number", [6]]
    assert model.batches == [3, 1, 1, 1]


def test_makes_no_batch_larger_than_the_limit() -> None:
    model = Doubling()

    asked(model, [[(1,)] * 100] * 5)

    assert model.batches == [200, 200, 100]


def test_answers_at_once_who_is_alone() -> None:
    model = Doubling()

    assert values(asked(model, [[(1,)], [(2,)]], alone=True)) == [[2], [4]]
    assert model.batches == [1, 1]


def test_asks_a_slow_model_in_a_thread_with_all_that_came_meanwhile() -> None:
    model = Doubling(seconds=0.05)

    assert values(asked(model, [[(1,)]] * 3, quick=False, alone=True)) == [[2]] * 3
    assert set(model.threads) == {"large_0"}


def test_moves_a_model_that_turns_out_to_be_slow_to_the_thread() -> None:
    model = Doubling(work=0.03)

    asked(model, [[(1,)] * 200] * 3)

    assert [thread == "MainThread" for thread in model.threads] == [True, False, False]
