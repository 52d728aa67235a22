"""Collect what a Python function logged up to the end of its invocation: all of it, and without waiting for more.

A plug-in (see local.server). MiniStack waits 50 ms for a first line, and takes 5 ms without a line for the end: a
function that logs nothing answers 50 ms late, and one that pauses has its lines told with the next invocation. Here the
worker marks the end itself. https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

from __future__ import annotations

import queue
import time
from typing import Any

from ministack.core import lambda_runtime

from local.worker_script import rewrite

_CALL = "            result = handler_fn(event, context)\n"
# No function of ours or anybody's logs this; it never reaches a log.
_MARK = "4c1d6f0e-end-of-invocation"
_MARKED_CALL = (
    "            try:\n"
    "                result = handler_fn(event, context)\n"
    "            finally:\n"
    f"                print('{_MARK}', file=sys.stderr, flush=True)\n"
)
# For a function that has closed its stderr. The mark is written before the answer, so it is there already; on a busy
# machine the thread that reads it may come late, and what is not read now is told with the next invocation, or never.
_SECONDS = 5.0


def install() -> None:
    """Have the worker mark the end, and read up to the mark. Raises Invalid when MiniStack's script is another."""
    rewrite(_CALL, _MARKED_CALL)
    wait_for_quiet = lambda_runtime.Worker._drain_stderr_bounded

    def collect(self: Any, *args: Any, **kwargs: Any) -> str:
        if not str(self.config.get("Runtime", "")).startswith("python"):
            return str(wait_for_quiet(self, *args, **kwargs))
        return "\n".join(_up_to_mark(self._stderr_queue))

    lambda_runtime.Worker._drain_stderr_bounded = collect


def _up_to_mark(lines: queue.Queue[str]) -> list[str]:
    found: list[str] = []
    deadline = time.monotonic() + _SECONDS
    while (left := deadline - time.monotonic()) > 0:
        try:
            line = lines.get(timeout=left)
        except queue.Empty:
            break
        if line == _MARK:
            break
        found.append(line)
    return found
