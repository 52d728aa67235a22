"""MiniStack's CloudWatch store as the alarms need it: which alarms and samples there are, and their history.

MiniStack keeps everything by account and region in ``AccountRegionScopedDict``s, persists them when it ends, and
answers all three protocols from them. A record is the dictionary that DescribeAlarms answers.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ministack.core import responses
from ministack.services import cloudwatch

from local.alarms.definition import Lookup, Metric, Record
from local.alarms.statistics import Sample

# Held while a record's state changes: requests come on the event loop, the clock ticks on a thread of its own.
LOCK = threading.RLock()


def scope() -> tuple[str, str]:
    """The account and region that MiniStack's stores act in now."""
    return responses.get_account_id(), responses.get_region()


def now() -> float:
    """Epoch seconds with milliseconds, the precision of CloudWatch."""
    return round(time.time(), 3)


def arn_of(name: str) -> str:
    """The ARN of an alarm of that name in the current scope."""
    account, region = scope()
    return f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}"


def metric_alarms() -> Iterator[tuple[str, str, Record]]:
    """Every metric alarm with its account and region."""
    for (account, region, _), record in list(cloudwatch._alarms._data.items()):
        yield account, region, record


def composite_alarms() -> Iterator[tuple[str, str, Record]]:
    """Every composite alarm with its account and region."""
    for (account, region, _), record in list(cloudwatch._composite_alarms._data.items()):
        yield account, region, record


def find(name: str) -> Record | None:
    """The alarm of that name in the current scope, of either type."""
    found: Record | None = cloudwatch._alarms.get(name) or cloudwatch._composite_alarms.get(name)
    return found


def is_current(record: Record) -> bool:
    """Whether the record is still the one stored: not deleted or replaced meanwhile."""
    return find(record["AlarmName"]) is record


def samples_in(account: str, region: str) -> Lookup:
    """How to look samples up in that account and region."""

    def lookup(metric: Metric, start: float, end: float) -> Sequence[Sample]:
        key = (metric.namespace, metric.name, cloudwatch._dims_key(dict(metric.dimensions)))
        points = cloudwatch._metrics.get_scoped(account, region, key) or ()
        return [
            _sample(point)
            for point in points
            if start <= point["Timestamp"] < end and metric.unit in (None, point["Unit"])
        ]

    return lookup


def add_history(record: Record, item_type: str, summary: str, data: str) -> None:
    """One more AlarmHistoryItem of the alarm, in the current scope; times in whole seconds, as MiniStack reads them."""
    cloudwatch._history_entries().append(
        {
            "AlarmName": record["AlarmName"],
            "AlarmType": "CompositeAlarm" if "AlarmRule" in record else "MetricAlarm",
            "Timestamp": cloudwatch._ts_iso(time.time()),
            "HistoryItemType": item_type,
            "HistorySummary": summary,
            "HistoryData": data,
        }
    )


def save(record: Record) -> None:
    """Store a new or changed alarm and note it in its history."""
    name = record["AlarmName"]
    alarms = cloudwatch._composite_alarms if "AlarmRule" in record else cloudwatch._alarms
    done = "updated" if name in alarms else "created"
    alarms[name] = record
    changed = {("updatedAlarm" if done == "updated" else "createdAlarm"): record}
    data = json.dumps({"version": "1.0", "type": "Update" if done == "updated" else "Create", **changed})
    add_history(record, "ConfigurationUpdate", f'Alarm "{name}" {done}', data)


def _sample(point: Mapping[str, Any]) -> Sample:
    count, total, low, high = cloudwatch._point_stats(point)
    return Sample(point["Timestamp"], count, total, low, high, point["Unit"])
