"""Publish how many messages are in the queues, as SQS does for CloudWatch: by it an alarm tells of dead letters.

A plug-in (see local.server). MiniStack publishes no metric of a queue. Of an empty queue nothing is published but one
last 0, where SQS goes on for six hours: an alarm treats what is missing as it is told to.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from ministack import app
from ministack.core.responses import request_scope
from ministack.services import cloudwatch, sqs

from local.alarms.clock import tick_seconds

SECONDS = 10.0
"""Between two looks at the queues; SQS looks once a minute."""
NAMESPACE = "AWS/SQS"

Queue = tuple[str, str, str]
"""Account, region and name."""
_known: set[Queue] = set()


def install() -> None:
    """Look at the queues for as long as the emulator runs."""
    threading.Thread(target=_run, name="queue-metrics", daemon=True).start()


def _run() -> None:
    while True:
        time.sleep(min(SECONDS, tick_seconds() or SECONDS))
        if app._MAIN_LOOP is not None:
            for (account, region, name), counts in list(_counts(time.time())):
                # The metrics are read and saved on the event loop; the call takes account and region along.
                with request_scope(account, region):
                    app._MAIN_LOOP.call_soon_threadsafe(_store, name, counts, time.time())


def _counts(now: float) -> Iterator[tuple[Queue, Mapping[str, int]]]:
    """Of each queue with messages in it, and of each that has just been emptied."""
    for (account, region, _), queue in list(sqs._queues.all_items()):
        key = (account, region, queue["name"])
        waiting = [message["visible_at"] <= now for message in list(queue["messages"])]
        if waiting or key in _known:
            yield key, {"Visible": sum(waiting), "NotVisible": len(waiting) - sum(waiting)}
        (_known.add if waiting else _known.discard)(key)


def _store(name: str, counts: Mapping[str, int], at: float) -> None:
    dimensions: dict[str, Any] = {"QueueName": name}
    for which, count in counts.items():
        metric = f"ApproximateNumberOfMessages{which}"
        cloudwatch._store_datum(NAMESPACE, metric, dimensions, at, "Count", None, [count], None, None)
