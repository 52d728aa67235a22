"""Deliver the messages of a topic to functions as SNS does: invoked asynchronously, and tried again by Lambda.

A plug-in (see local.server). MiniStack runs the function once, whatever comes of it, and does not ask whether its
policy lets SNS in; it tells the time of a message in whole seconds.
https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
https://docs.aws.amazon.com/sns/latest/dg/sns-lambda-as-subscriber.html
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from ministack.services import sns

from local.asynchronous import Invocations, may_invoke

log = logging.getLogger("local.topic_deliveries")

SERVICE = "sns.amazonaws.com"
# What a function's event calls otherwise than a message that goes elsewhere.
_NAMES = {"SigningCertURL": "SigningCertUrl", "UnsubscribeURL": "UnsubscribeUrl"}
_running: list[Invocations] = []


def install() -> None:
    """Take the place of MiniStack's own delivery, which runs on a thread of its own."""
    invocations = Invocations()
    _running.append(invocations)

    def deliver(function_arn: str, envelope: str, topic: str, subscription: str, *_: Any) -> None:
        function = function_arn.partition(":function:")[2].partition(":")[0]
        if may_invoke(SERVICE, topic, function):
            invocations.submit(function, _event(json.loads(envelope), subscription))
        else:
            log.warning("a message of %s is not delivered: %s is gone, or does not let SNS in", topic, function)

    sns._deliver_to_lambda = deliver


def shutdown() -> None:
    """Let what waits for an attempt have it now."""
    for invocations in _running:
        invocations.close()


def _event(message: dict[str, Any], subscription: str) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    usual: dict[str, Any] = {"Subject": None, "MessageAttributes": {}}
    told = {**usual, **{_NAMES.get(name, name): value for name, value in message.items()}, "Timestamp": now}
    record = {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": subscription, "Sns": told}
    return {"Records": [record]}
