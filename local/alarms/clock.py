"""The clock of the alarms: one daemon thread that ticks, and between ticks does what must not hold up a request.

Actions run here as well: a topic's or a rule's target may take its time, and none may be called from the event loop.
"""

from __future__ import annotations

import logging
import math
import os
import queue
import threading
import time
from collections.abc import Callable

TICK_VARIABLE = "HEIRLOOM_ALARM_TICK_SECONDS"
# A period's last datapoints are put a moment after it ended; ticks come this long after each whole second.
GRACE_SECONDS = 0.25

Job = Callable[[], None]
log = logging.getLogger("local.alarms")
_jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
_threads: list[threading.Thread] = []


def tick_seconds() -> float | None:
    """How often every alarm is evaluated, when the environment says so; None: as often as AWS does."""
    text = os.environ.get(TICK_VARIABLE)
    return float(text) if text else None


def start(tick: Job) -> None:
    """Run ``tick`` every second, or every HEIRLOOM_ALARM_TICK_SECONDS, until ``stop``."""
    thread = threading.Thread(target=_run, args=(tick, tick_seconds() or 1.0), daemon=True, name="alarms")
    _threads.append(thread)
    thread.start()


def soon(job: Job) -> None:
    """Do that on the clock's thread, after what was asked for before."""
    _jobs.put(job)


def stop(timeout: float = 5.0) -> None:
    """End the thread once it has done what was asked for; wait for it ``timeout`` seconds."""
    while _threads:
        _jobs.put(None)
        _threads.pop().join(timeout)


def _run(tick: Job, seconds: float) -> None:
    next_tick = _next_tick(seconds)
    while True:
        try:
            job = _jobs.get(timeout=max(0.0, next_tick - time.time()))
        except queue.Empty:
            next_tick = _next_tick(seconds)
            job = tick
        if job is None:
            return
        _do(job)


def _next_tick(seconds: float) -> float:
    return (math.floor((time.time() - GRACE_SECONDS) / seconds) + 1) * seconds + GRACE_SECONDS


def _do(job: Job) -> None:
    """The edge of this thread: whatever one alarm or one target does wrong, the others go on."""
    try:
        job()
    except Exception:
        log.exception("alarms: a job failed")
