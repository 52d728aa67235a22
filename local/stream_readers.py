"""Read each table's stream for each function by itself, as Lambda does: a slow function keeps no other waiting.

A plug-in (see local.server). MiniStack has one thread that reads all streams and runs their functions one after the
other, so a function that waits for somebody, say for a pager that fails, would hold up the monitor.
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from ministack.core.concurrency import esm_wake, spawn_background
from ministack.services import dynamodb, lambda_svc

Source = tuple[str, str, dict[str, Any]]
"""An account, a region, and an event source mapping in them."""

_only: ContextVar[Source | None] = ContextVar("the one event source that is being read", default=None)
_reading: set[str] = set()


def install() -> None:
    """Read each event source on a thread of its own, by MiniStack's own function, which then sees that one only."""
    every, poll = lambda_svc._iter_all_esms, lambda_svc._poll_dynamodb_streams

    def those_that_are_read() -> Iterator[Source]:
        only = _only.get()
        return iter([only]) if only else every()

    def read(source: Source) -> None:
        _only.set(source)
        try:
            while poll():
                pass
        finally:
            _reading.discard(source[2]["UUID"])
        if _is_due(source):  # written while nobody looked any more
            esm_wake.set()

    def poll_apart() -> bool:
        for source in every():
            if _is_due(source) and source[2]["UUID"] not in _reading:
                _reading.add(source[2]["UUID"])
                spawn_background(read, source, thread_name="stream-reader")
        return False

    lambda_svc._iter_all_esms = those_that_are_read
    lambda_svc._poll_dynamodb_streams = poll_apart


def _is_due(source: Source) -> bool:
    """Whether there is something to read, and somebody who would: one that failed is left alone for a second."""
    account, region, mapping = source
    where, identity = {"account_id": account, "region": region}, mapping["UUID"]
    arn = str(mapping.get("EventSourceArn", ""))
    if ":dynamodb:" not in arn or not mapping.get("Enabled", True):
        return False
    if not lambda_svc._functions.contains_scoped(account, region, mapping["FunctionName"]):
        return False
    if (lambda_svc._esm_backoff_until.get_scoped(account, region, identity) or 0) > time.time():
        return False
    table = arn.partition(":table/")[2].partition("/")[0]
    read = lambda_svc._dynamodb_stream_positions.get_scoped(account, region, identity)
    begun = dynamodb.stream_start_position(table, **where) if read is None else read
    return bool(begun < dynamodb.stream_end_position(table, **where))
