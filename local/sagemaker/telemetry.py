"""Logs, metrics and events of jobs and endpoints, sent to MiniStack's own services from one thread, in batches.

AWS pages: "Log Groups and Streams that Amazon SageMaker AI Logs", "Metrics for Monitoring Amazon SageMaker AI with
Amazon CloudWatch", "Events that Amazon SageMaker AI Sends to Amazon EventBridge".
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

from local.sagemaker import emulator

logger = logging.getLogger("sagemaker")
PERIOD = 1.0  # seconds between two batches
EVENTS_A_CALL = 1000  # PutLogEvents takes 10,000
VALUES_A_DATUM = 150  # PutMetricData's limit

Scope: TypeAlias = tuple[str, str]
Metric: TypeAlias = tuple[Scope, str, str, str, str]  # scope, endpoint, variant, metric name, unit


class Telemetry:
    """Collects from any thread, sends from its own. What can't be sent is dropped with a warning, as on an instance."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: dict[tuple[Scope, str, str], list[dict[str, Any]]] = defaultdict(list)
        self._values: dict[Metric, Counter[float]] = defaultdict(Counter)
        self._events: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._streams: set[tuple[Scope, str, str]] = set()
        self._ending = threading.Event()
        self._sending = threading.Lock()
        # Events have a thread of their own: one may run a Lambda function before it is done.
        for name, work in (("telemetry", self._run), ("events", self._send_events)):
            threading.Thread(target=work, name=f"sagemaker-{name}", daemon=True).start()

    def log(self, group: str, stream: str, line: str) -> None:
        event = {"timestamp": int(time.time() * 1000), "message": line}
        with self._lock:
            self._lines[_scope(), group, stream].append(event)

    def measure(self, endpoint: str, variant: str, values: Mapping[str, tuple[float, str]]) -> None:
        """One observation of each metric: name -> (value, unit)."""
        scope = _scope()
        with self._lock:
            for name, (value, unit) in values.items():
                self._values[scope, endpoint, variant, name, unit][value] += 1

    def event(self, detail_type: str, detail: Mapping[str, Any], arn: str) -> None:
        self._events.put(partial(self._guarded, _scope(), partial(emulator.put_event, detail_type, detail, arn)))

    def flush(self) -> None:
        """Send all lines and measurements now. Blocks: never from the event loop."""
        with self._sending:
            with self._lock:
                lines, self._lines = self._lines, defaultdict(list)
                values, self._values = self._values, defaultdict(Counter)
            for (scope, group, stream), events in lines.items():
                self._guarded(scope, partial(self._send_lines, group, stream, events))
            for scope, data in _grouped(values).items():
                self._guarded(scope, partial(_send_metrics, data))

    def close(self) -> None:
        self._ending.set()
        self.flush()

    def _run(self) -> None:
        while not self._ending.wait(PERIOD):
            if emulator.serving():
                self.flush()

    def _send_events(self) -> None:
        while not self._ending.is_set():
            self._events.get()()

    def _guarded(self, scope: Scope, send: Callable[[], None]) -> None:
        try:
            with emulator.scope(*scope):
                send()
        except Exception as problem:  # noqa: BLE001 - the edge: telemetry never stops what it watches
            logger.warning("telemetry was lost: %s: %s", type(problem).__name__, problem)

    def _send_lines(self, group: str, stream: str, events: list[dict[str, Any]]) -> None:
        if (_scope(), group, stream) not in self._streams:
            names = {"logGroupName": group, "logStreamName": stream}
            emulator.call("logs", "Logs_20140328.CreateLogGroup", {"logGroupName": group})
            emulator.call("logs", "Logs_20140328.CreateLogStream", names)
            self._streams.add((_scope(), group, stream))
        for start in range(0, len(events), EVENTS_A_CALL):
            batch = {"logGroupName": group, "logStreamName": stream, "logEvents": events[start : start + EVENTS_A_CALL]}
            emulator.call("logs", "Logs_20140328.PutLogEvents", batch)


def _scope() -> Scope:
    return emulator.account_id(), emulator.region()


def _grouped(values: Mapping[Metric, Counter[float]]) -> dict[Scope, list[dict[str, Any]]]:
    """The observations as MetricData, by account and region."""
    data: dict[Scope, list[dict[str, Any]]] = defaultdict(list)
    now = time.time()
    for (scope, endpoint, variant, name, unit), counts in values.items():
        dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}]
        pairs = list(counts.items())
        for start in range(0, len(pairs), VALUES_A_DATUM):
            some = pairs[start : start + VALUES_A_DATUM]
            data[scope].append(
                {
                    "MetricName": name,
                    "Dimensions": dimensions,
                    "Timestamp": now,
                    "Unit": unit,
                    "Values": [value for value, _ in some],
                    "Counts": [count for _, count in some],
                }
            )
    return data


def _send_metrics(data: list[dict[str, Any]]) -> None:
    payload = {"Namespace": "AWS/SageMaker", "MetricData": data}
    emulator.call("monitoring", "GraniteServiceVersion20100801.PutMetricData", payload)
