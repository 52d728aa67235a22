"""The clock's thread: it ticks, does what it is asked to, and survives what goes wrong."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from local.alarms import clock


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ticks each hundredth of a second; no thread is left."""
    monkeypatch.setenv("HEIRLOOM_ALARM_TICK_SECONDS", "0.01")
    yield
    clock.stop()


def fail() -> None:
    raise RuntimeError("one alarm is wrong")


def test_ticks_until_it_is_stopped() -> None:
    ticks = threading.Semaphore(0)

    clock.start(ticks.release)

    assert all(ticks.acquire(timeout=5) for _ in range(3))
    clock.stop()
    while ticks.acquire(blocking=False):
        pass
    assert not ticks.acquire(timeout=0.05)


def test_does_what_it_is_asked_to_in_that_order() -> None:
    done: list[int] = []
    clock.start(lambda: None)

    for number in range(3):
        clock.soon(lambda number=number: done.append(number))
    clock.stop()

    assert done == [0, 1, 2]


def test_goes_on_after_a_failure_and_tells_of_it(caplog: pytest.LogCaptureFixture) -> None:
    clock.start(lambda: None)

    clock.soon(fail)
    clock.stop()

    assert "one alarm is wrong" in caplog.text


def test_a_failing_tick_does_not_end_the_ticking(caplog: pytest.LogCaptureFixture) -> None:
    ticks = threading.Semaphore(0)

    def tick() -> None:
        ticks.release()
        fail()

    clock.start(tick)

    assert all(ticks.acquire(timeout=5) for _ in range(3))


def test_evaluates_as_aws_does_unless_the_environment_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert clock.tick_seconds() == 0.01

    monkeypatch.delenv("HEIRLOOM_ALARM_TICK_SECONDS")

    assert clock.tick_seconds() is None
