"""CloudFormation's protocol for a resource that a function provides: an answer is put to a signed URL, always.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html. A function that dies without an
answer leaves the stack waiting for an hour.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import Any

from heirloom.handlers.edge import Event, Handler, Ports, entrypoint

LONGEST_REASON = 1000
"""Characters; the whole answer may have 4096 bytes."""


def resource_entrypoint(handle: Callable[..., dict[str, Any]], **ports: Ports) -> Handler:
    """The handler of a custom resource with the property ``Model``, which is its physical id: what ``handle`` returns
    are its attributes."""
    step = entrypoint(handle, **ports)

    def lambda_handler(event: Event, context: Any) -> None:
        try:
            answer = {"Status": "SUCCESS", "Data": step(event, context)}
        except Exception as error:  # noqa: BLE001 - the edge: logged by the step, and CloudFormation must hear of it
            answer = {"Status": "FAILED", "Reason": f"{type(error).__name__}: {error}"[:LONGEST_REASON]}
        _put(event, answer)

    return lambda_handler


def _put(event: Event, answer: dict[str, Any]) -> None:
    identity = event.get("PhysicalResourceId") or event["ResourceProperties"].get("Model") or event["LogicalResourceId"]
    body = {
        **answer,
        "PhysicalResourceId": identity,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    # The URL is CloudFormation's own, signed for this one answer; its signature covers an empty content type.
    request = urllib.request.Request(  # noqa: S310
        event["ResponseURL"], json.dumps(body).encode(), {"Content-Type": ""}, method="PUT"
    )
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310
        pass
