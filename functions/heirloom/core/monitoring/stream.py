"""What the stream of the predictions' table delivers to the monitor: a batch of new items, at least once.

https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html. The event source lets through new observations only
(infra/monitor.py); of another deployment's, one that can't be read must not keep the others from being counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from heirloom.core.monitoring.monitor import Observation
from heirloom.core.monitoring.observation import Outcomes, Requests
from heirloom.core.prediction.records import OUTCOMES, REQUESTS, Record

Read = Callable[[dict[str, Any]], Record]
"""The record in an item, as the table has it. Raises KeyError, TypeError or ValueError for another item."""
_KINDS: Mapping[str, Callable[[Record], Observation]] = {
    OUTCOMES: Outcomes.from_record,
    REQUESTS: Requests.from_record,
}


def observations_of(event: Mapping[str, Any], read: Read) -> tuple[list[Observation], dict[str, str]]:
    """The observations in an event and, by the id of its stream record, why another could not be read."""
    found: list[Observation] = []
    unreadable: dict[str, str] = {}
    for each in event["Records"]:
        try:
            record = read(each["dynamodb"]["NewImage"])
            found.append(_KINDS[record.part](record))
        except (KeyError, TypeError, ValueError) as error:
            unreadable[each["eventID"]] = f"{type(error).__name__}: {error}"
    return found, unreadable
