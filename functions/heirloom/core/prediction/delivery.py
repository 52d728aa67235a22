"""What a subscription filter of CloudWatch Logs delivers to a function: a batch of lines, at least once, in any order.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from heirloom.core.clock import stamp
from heirloom.core.embedded_metrics import metric_line
from heirloom.core.errors import Invalid
from heirloom.core.prediction.capture import Captured, Log, read

_GZIP = 31  # zlib's wbits for a gzip header
_TOLD = 20  # of the lines that were not understood, at the most; each is told by its id


@dataclass(frozen=True)
class Line:
    """An event of a log: its id and what was logged."""

    id: str
    message: str


def lines_of(event: Mapping[str, Any]) -> list[Line]:
    """The lines in a function's event. There are none in a CONTROL_MESSAGE, by which CloudWatch Logs checks that the
    function can be reached: its events are not of the log."""
    document = json.loads(zlib.decompress(base64.b64decode(event["awslogs"]["data"]), wbits=_GZIP))
    if document["messageType"] != "DATA_MESSAGE":
        return []
    return [Line(told["id"], told["message"]) for told in document["logEvents"]]


def read_all(lines: Iterable[Line]) -> tuple[list[Captured], dict[str, str]]:
    """The lines that can be read, and of the others, by their id, why not."""
    captured: list[Captured] = []
    unreadable: dict[str, str] = {}
    for line in lines:
        try:
            captured.append(read(line.message))
        except Invalid as error:
            unreadable[line.id] = str(error)
    return captured, unreadable


def report(unreadable: Mapping[str, str], reader: str, log: Log, now: datetime) -> None:
    """Log which lines were not understood and count them, as the metric Unreadable of the function that read them."""
    if unreadable:
        told = dict(list(unreadable.items())[:_TOLD])
        count = {"Unreadable": len(unreadable)}
        log(metric_line(now, {"reader": reader}, count, facts={"at": stamp(now), "lines": told}))


def batch_name(ids: Iterable[str]) -> str:
    """The same name for the same ids, in whatever order they come."""
    return blake2b("\n".join(sorted(ids)).encode(), digest_size=16).hexdigest()
