"""Deliver the lines of a log group to the functions that subscribe to them, as CloudWatch Logs does.

A plug-in (see local.server). MiniStack searches a line for the words of a filter pattern, starts a thread for each
call that brings lines, and forgets a batch whose function fails. Here a pattern is evaluated, lines travel in batches,
functions are invoked asynchronously with Lambda's retries, and what is held at a shutdown is delivered first. The same
patterns find lines by FilterLogEvents, and each has an id there.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Subscriptions.html
"""

from __future__ import annotations

import base64
import contextvars
import gzip
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import uuid4

from ministack.core.responses import error_response_json
from ministack.services import cloudwatch_logs, lambda_svc

from local.asynchronous import Invocations, may_invoke
from local.filter_pattern import FilterPattern, parse
from local.sagemaker import emulator

log = logging.getLogger("local.log_subscriptions")

BATCH_SECONDS = 0.5
# Of messages: compressed and in base64 no more than the 256 KB that an asynchronous event has for certain.
BATCH_BYTES = 190_000
MOST_FILTERS = 2  # a log group
_NOT_ALLOWED = (
    "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your "
    "function."
)

Filter = Mapping[str, Any]
Event = Mapping[str, Any]


@dataclass
class _Batch:
    """Lines on their way to one destination. AWS has a stream for each execution environment, MiniStack one for each
    invocation: a batch holds lines of several, and names the first."""

    group: str
    stream: str
    filter: Filter
    due: float
    context: contextvars.Context
    events: list[dict[str, Any]] = field(default_factory=list)
    size: int = 0

    def payload(self) -> dict[str, Any]:
        document = {
            "messageType": "DATA_MESSAGE",
            "owner": emulator.account_id(),
            "logGroup": self.group,
            "logStream": self.stream,
            "subscriptionFilters": [self.filter["filterName"]],
            "logEvents": self.events,
        }
        packed = gzip.compress(json.dumps(document).encode(), mtime=0)
        return {"awslogs": {"data": base64.b64encode(packed).decode()}}


class Subscriptions:
    """Collects lines from any thread, and hands them over from one of its own."""

    def __init__(self, invocations: Invocations) -> None:
        self._invocations = invocations
        self._batches: dict[tuple[str, ...], _Batch] = {}
        self._changed = threading.Condition()
        self._closing = False
        threading.Thread(target=self._run, name="log-subscriptions", daemon=True).start()

    def take(self, group: str, stream: str, events: Sequence[Event]) -> None:
        """Keep those lines for those filters of the group that want them. Never waits."""
        for filter_ in _filters(group):
            if ":function:" in filter_["destinationArn"] and not _feeds_itself(group, filter_):
                for event in events:
                    if _wants(filter_["filterPattern"], event["message"]):
                        self._add(group, stream, filter_, event)

    def close(self) -> None:
        """Deliver what is held, and wait for the functions."""
        with self._changed:
            self._closing = True
            left, self._batches = list(self._batches.values()), {}
            self._changed.notify()
        for batch in left:
            self._hand_over(batch)
        self._invocations.close()

    def _add(self, group: str, stream: str, filter_: Filter, event: Event) -> None:
        key = (emulator.account_id(), emulator.region(), group, filter_["filterName"], filter_["destinationArn"])
        size = len(event["message"].encode(errors="replace"))
        full: list[_Batch] = []
        with self._changed:
            batch = self._batches.get(key)
            if batch and batch.size + size > BATCH_BYTES:
                full.append(self._batches.pop(key))
                batch = None
            if batch is None:
                due, context = time.monotonic() + BATCH_SECONDS, contextvars.copy_context()
                batch = self._batches[key] = _Batch(group, stream, filter_, due, context)
                self._changed.notify()
            batch.events.append({"id": _new_id(), "timestamp": event["timestamp"], "message": event["message"]})
            batch.size += size
            if self._closing:
                full.append(self._batches.pop(key))
        for each in full:
            self._hand_over(each)

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._closing:
                    return
                now = time.monotonic()
                due = [key for key, batch in self._batches.items() if batch.due <= now]
                ready = [self._batches.pop(key) for key in due]
                if not ready:
                    self._changed.wait(min((batch.due - now for batch in self._batches.values()), default=None))
            for batch in ready:
                self._hand_over(batch)

    def _hand_over(self, batch: _Batch) -> None:
        try:
            batch.context.run(self._invoke, batch)
        except Exception:
            log.exception("%d lines of %s were not delivered", len(batch.events), batch.group)

    def _invoke(self, batch: _Batch) -> None:
        """What can't be delivered because the function is gone or not allowed is skipped, as on AWS, with a warning."""
        if problem := _problem(batch.group, batch.filter["destinationArn"]):
            log.warning("%d lines of %s are not delivered: %s", len(batch.events), batch.group, problem)
            return
        self._invocations.submit(_function(batch.filter["destinationArn"]), batch.payload())


_running: list[Subscriptions] = []


def install() -> None:
    """Take the place of MiniStack's own delivery, and check filters when they are put."""
    subscriptions = Subscriptions(Invocations())
    _running.append(subscriptions)
    put, append = cloudwatch_logs._put_subscription_filter, cloudwatch_logs._append_log_events
    compile_pattern, find = cloudwatch_logs._compile_filter_pattern, cloudwatch_logs._filter_log_events

    def append_with_ids(stream: dict[str, Any], events: Sequence[dict[str, Any]]) -> None:
        append(stream, [{"eventId": _new_id(), **event} for event in events])

    def compile_json_too(pattern: str) -> Callable[[str], bool]:
        return _parsed(pattern).matches if _is_json(pattern) else compile_pattern(pattern)

    def take(group: str, stream: str, events: Sequence[Event]) -> None:
        now = int(time.time() * 1000)
        subscriptions.take(group, stream, [{"timestamp": now, "message": "", **event} for event in events])

    def check_and_put(data: dict[str, Any]) -> Any:
        group, name = data.get("logGroupName", ""), data.get("filterName", "")
        others = [each for each in _filters(group) if each["filterName"] != name]
        if len(others) >= MOST_FILTERS:
            return error_response_json("LimitExceededException", "Resource limit exceeded.", 400)
        if problem := _refusal(group, data):
            return error_response_json("InvalidParameterException", problem, 400)
        return put(data)

    def check_and_find(data: dict[str, Any]) -> Any:
        problem = _pattern_problem(data.get("filterPattern", ""))
        return error_response_json("InvalidParameterException", problem, 400) if problem else find(data)

    cloudwatch_logs._append_log_events = append_with_ids
    cloudwatch_logs._filter_log_events = check_and_find
    cloudwatch_logs._compile_filter_pattern = compile_json_too
    cloudwatch_logs._fanout_to_subscription_filters = take
    cloudwatch_logs._put_subscription_filter = check_and_put


def shutdown() -> None:
    """Deliver what is held."""
    for subscriptions in _running:
        subscriptions.close()


def _filters(group: str) -> list[Filter]:
    found = cloudwatch_logs._log_groups.get(group) or {}
    return list((found.get("subscriptionFilters") or {}).values())


def _wants(pattern: str, message: str) -> bool:
    if _is_json(pattern):
        return _parsed(pattern).matches(message)
    return bool(cloudwatch_logs._subscription_pattern_matches(pattern, message))


def _is_json(pattern: str) -> bool:
    return pattern.strip().startswith("{")


@cache
def _parsed(pattern: str) -> FilterPattern:
    return parse(pattern)


def _feeds_itself(group: str, filter_: Filter) -> bool:
    """A function that is invoked for its own lines would log more of them, for ever."""
    record = lambda_svc._functions.get(_function(filter_["destinationArn"])) or {"config": {}}
    own = (record["config"].get("LoggingConfig") or {}).get("LogGroup")
    return group == (own or f"/aws/lambda/{_function(filter_['destinationArn'])}")


def _function(arn: str) -> str:
    return arn.partition(":function:")[2].partition(":")[0]


def _refusal(group: str, data: Mapping[str, Any]) -> str:
    """Why a filter can't be put, "" when it can."""
    destination = data.get("destinationArn", "")
    allowed = _problem(group, destination) if ":function:" in destination else ""
    return _pattern_problem(data.get("filterPattern", "")) or allowed


def _pattern_problem(pattern: str) -> str:
    try:
        if _is_json(pattern):
            parse(pattern)
    except ValueError as error:
        return f"Invalid filter pattern: {error}"
    return ""


def _problem(group: str, destination: str) -> str:
    """Why CloudWatch Logs may not invoke the function, "" when it may: the function's own policy has to say so."""
    source = f"arn:aws:logs:{emulator.region()}:{emulator.account_id()}:log-group:{group}:*"
    services = ("logs.amazonaws.com", f"logs.{emulator.region()}.amazonaws.com")
    allowed = any(may_invoke(service, source, _function(destination)) for service in services)
    return "" if allowed else _NOT_ALLOWED


def _new_id() -> str:
    """56 digits, as the ids of log events are."""
    return f"{uuid4().int:056d}"
