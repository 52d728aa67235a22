"""Asynchronous invocations of a function as Lambda makes them: retries, an event's greatest age, dead letters.

MiniStack has a path of its own for them, which takes a throttle for a failure, sends a dead-letter queue an invocation
record in place of the event, and drops at a shutdown what waits for a retry.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import contextvars
import json
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import lambda_svc

from local.sagemaker import emulator

log = logging.getLogger("local.asynchronous")

# As MiniStack spaces them, 1 s and 2 s where AWS waits 1 and 2 minutes: nobody waits minutes for a test.
RETRY_SECONDS = lambda_svc._LAMBDA_ASYNC_RETRY_BASE_SECONDS
LONGEST_SECONDS = lambda_svc._LAMBDA_ASYNC_RETRY_MAX_SECONDS
AT_ONCE = 4
SHUTDOWN_SECONDS = 30.0
_MESSAGE = 1024  # bytes of an error's message in a dead letter


@dataclass(frozen=True)
class Settings:
    """What a function's EventInvokeConfig and DeadLetterConfig say, with Lambda's defaults; ages in seconds."""

    retries: int = 2
    greatest_age: float = 21600
    destination: str = ""
    dead_letters: str = ""
    throttled_for_good: bool = False

    def pause(self, failures: int, throttles: int, age: float) -> float | None:
        """Seconds until the next attempt after so many; None when there is none: the event is a dead letter.

        A throttle is no attempt. Without any concurrency reserved for the function there is nothing to wait for.
        """
        pause = min(RETRY_SECONDS * 2 ** (failures + throttles - 1), LONGEST_SECONDS)
        over = failures > self.retries or age + pause > self.greatest_age or (throttles and self.throttled_for_good)
        return None if over else pause


class Invocations:
    """The queue of events, each with a thread of its own, of which few run a function at the same time."""

    def __init__(self) -> None:
        self._slots = threading.Semaphore(AT_ONCE)
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()

    def submit(self, function: str, event: Mapping[str, Any]) -> None:
        """Invoke the function of this name, in the account and region of the caller's context; returns at once."""
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(self._run, function, event), daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def close(self) -> None:
        """Let what waits have its last attempts now, without pauses, then go to the dead letters."""
        self._closing.set()
        deadline = time.monotonic() + SHUTDOWN_SECONDS
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if left := sum(thread.is_alive() for thread in threads):
            log.warning("%d asynchronous invocations did not end within %s s and are lost", left, SHUTDOWN_SECONDS)

    def _run(self, function: str, event: Mapping[str, Any]) -> None:
        try:
            self._attempt(function, event)
        except Exception:
            log.exception("an asynchronous invocation of %s was lost", function)
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())

    def _attempt(self, function: str, event: Mapping[str, Any]) -> None:
        began, failures, throttles = time.monotonic(), 0, 0
        while True:
            record = lambda_svc._functions.get(function)
            if record is None:
                log.warning("%s is gone: an event for it is dropped", function)
                return
            settings, result = _settings(record), self._execute(record, event)
            if not result.get("error"):
                return
            throttled = bool(result.get("throttle"))
            failures, throttles = failures + (not throttled), throttles + throttled
            pause = settings.pause(failures, throttles, time.monotonic() - began)
            if pause is None or (throttled and self._closing.is_set()):
                _bury(function, event, result, settings)
                return
            self._closing.wait(pause)

    def _execute(self, record: dict[str, Any], event: Mapping[str, Any]) -> dict[str, Any]:
        with self._slots:
            began = time.monotonic()
            result: dict[str, Any] = lambda_svc._execute_function(record, event)
        name, took = record["config"]["FunctionName"], (time.monotonic() - began) * 1000
        lambda_svc._emit_lambda_metrics(
            name, took, error=bool(result.get("error")), throttle=bool(result.get("throttle"))
        )
        return result


def may_invoke(service: str, source: str, function: str) -> bool:
    """Whether the function is there and its own policy lets a service invoke it for the resource ``source``."""
    record = lambda_svc._functions.get(function)
    if record is None or not emulator.auth_enforced():
        return record is not None
    asked = iam_evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account=emulator.account_id(),
        action="lambda:InvokeFunction",
        resource_arn=record["config"]["FunctionArn"],
        region=emulator.region(),
        service_context={"aws:sourcearn": source, "aws:sourceaccount": emulator.account_id()},
    )
    return bool(iam_evaluator.evaluate_resource_policy(record["policy"], asked, service).decision == "Allow")


def _settings(record: Mapping[str, Any]) -> Settings:
    told = record.get("event_invoke_config") or (record.get("event_invoke_configs") or {}).get("$LATEST") or {}
    failure = (told.get("DestinationConfig") or {}).get("OnFailure") or {}
    return Settings(
        retries=told.get("MaximumRetryAttempts", 2),
        greatest_age=told.get("MaximumEventAgeInSeconds", 21600),
        destination=failure.get("Destination", ""),
        dead_letters=(record["config"].get("DeadLetterConfig") or {}).get("TargetArn", ""),
        throttled_for_good=lambda_svc._reserved_concurrency(record, record["config"]) == 0,
    )


def _bury(function: str, event: Mapping[str, Any], result: Mapping[str, Any], settings: Settings) -> None:
    """An on-failure destination gets a record of the invocation, a queue of dead letters the event as it came."""
    log.warning("%s failed for good on an event: %s", function, result.get("body"))
    if settings.destination:
        lambda_svc._route_async_failure(settings.destination, function, event, result)
    if ":sqs:" in settings.dead_letters:
        _send_dead_letter(settings.dead_letters, event, result)
    elif settings.dead_letters:
        lambda_svc._route_async_failure(settings.dead_letters, function, event, result)


def _send_dead_letter(queue: str, event: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    body = result.get("body")
    message = str(body.get("errorMessage") or body.get("message")) if isinstance(body, dict) else str(body)
    attributes = {
        "ErrorCode": ("Number", "429" if result.get("throttle") else "200"),
        "ErrorMessage": ("String", message),
    }
    account, name = queue.split(":")[4:]
    found = emulator.call("sqs", "AmazonSQS.GetQueueUrl", {"QueueName": name, "QueueOwnerAWSAccountId": account})
    sent = {
        "QueueUrl": found["QueueUrl"],
        "MessageBody": json.dumps(event),
        "MessageAttributes": {
            key: {"DataType": kind, "StringValue": text.encode()[:_MESSAGE].decode(errors="ignore") or "-"}
            for key, (kind, text) in attributes.items()
        },
    }
    emulator.call("sqs", "AmazonSQS.SendMessage", sent)
