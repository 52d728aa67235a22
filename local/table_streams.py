"""Streams of tables over a restart: who follows one goes on with what is written from then on.

AWS page: "Change data capture for DynamoDB Streams". MiniStack keeps how far each event source has read, and counts the
records of a stream from zero after a start: it would leave out as many as were read before. A plug-in (local.server).
"""

from __future__ import annotations

import time
from typing import Any

from ministack.services import dynamodb, lambda_svc

PATIENCE = 10.0
"""Seconds for which a stop waits until what was written has been delivered: records are not kept."""


def install() -> None:
    """Read each stream from its beginning after a start; it holds nothing older."""
    restore = lambda_svc._restore_esm_positions

    def restore_positions(positions: Any, kept: Any) -> None:
        if positions is not lambda_svc._dynamodb_stream_positions:
            restore(positions, kept)

    lambda_svc._restore_esm_positions = restore_positions


def shutdown() -> None:
    """Let what was written be delivered, where the functions take it."""
    deadline = time.monotonic() + PATIENCE
    while _behind() and time.monotonic() < deadline:
        time.sleep(0.1)


def _behind() -> bool:
    """Whether an event source has not read its stream to the end."""
    for account, region, source in lambda_svc._iter_all_esms():
        table = str(source.get("EventSourceArn", "")).partition(":table/")[2].partition("/")[0]
        read = lambda_svc._dynamodb_stream_positions.get_scoped(account, region, source["UUID"])
        if table and read is not None and read < dynamodb.stream_end_position(table, account_id=account, region=region):
            return True
    return False
