"""Turn log lines in the embedded metric format into CloudWatch metrics, as CloudWatch Logs does.

A plug-in (see local.server). MiniStack keeps such lines, by which functions publish metrics, as text only. Every log
event passes one function of it, whether it comes by PutLogEvents or is the output of a Lambda function.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from ministack import app
from ministack.services import cloudwatch, cloudwatch_logs

log = logging.getLogger("local.embedded_metrics")
T = TypeVar("T")

_MARK = '"_aws"'  # a line without it is no such document, and is not parsed
_SIZES = [f"{prefix}{size}" for size in ("bytes", "bits") for prefix in ("", "kilo", "mega", "giga", "tera")]
_UNITS = {"Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "Count/Second", "None"}
_UNITS |= {f"{size.capitalize()}{rate}" for size in _SIZES for rate in ("", "/Second")}
_RESOLUTIONS = (1, 60)  # seconds
_MAX_METRICS = 100
_MAX_VALUES = 100
_MAX_DIMENSIONS = 30
# MetricDatum and PutMetricData in the API reference: the range of a value, and of a timestamp around now in seconds.
_LARGEST = 2**360
_OLDEST, _NEWEST = 14 * 24 * 3600, 2 * 3600


@dataclass(frozen=True)
class Datum:
    """Values of one metric; the timestamp in seconds since the epoch."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    timestamp: float
    unit: str
    values: Sequence[float]


def install() -> None:
    """Wrap the function through which every log event goes."""
    append = cloudwatch_logs._append_log_events

    def append_and_extract(stream: dict[str, Any], events: Sequence[Mapping[str, Any]]) -> None:
        append(stream, events)
        data = [datum for event in events for datum in _metrics_of(event["message"], time.time())]
        if data and app._MAIN_LOOP is not None:
            # A function's output comes on a thread, and the metrics are read and saved on the event loop. The call
            # takes the context along: with it account and region.
            app._MAIN_LOOP.call_soon_threadsafe(_store, data)

    cloudwatch_logs._append_log_events = append_and_extract


def _metrics_of(message: object, now: float) -> list[Datum]:
    """What a log event publishes; nothing when it breaks the specification anywhere. Never raises."""
    if not isinstance(message, str) or _MARK not in message:
        return []
    try:
        root = _typed(json.loads(message, parse_constant=_refuse_constant), dict)
        return list(_data(root, now)) if "_aws" in root else []
    except (ValueError, RecursionError) as problem:
        log.warning("a line with %s publishes no metrics: %s", _MARK, problem)
        return []


def _store(data: Sequence[Datum]) -> None:
    for each in data:
        cloudwatch._store_datum(
            each.namespace, each.name, dict(each.dimensions), each.timestamp, each.unit, None, each.values, None, None
        )


def _data(root: Mapping[str, Any], now: float) -> Iterator[Datum]:
    metadata = _typed(root["_aws"], dict)
    timestamp = _number(metadata.get("Timestamp")) / 1000
    if not now - _OLDEST <= timestamp <= now + _NEWEST:
        raise ValueError(f"Timestamp {metadata['Timestamp']} is more than two weeks ago or two hours ahead")
    for directive in _list(metadata.get("CloudWatchMetrics"), dict):
        namespace = _text(directive.get("Namespace"), 1024)
        sets = [_dimensions(root, names) for names in _list(directive.get("Dimensions"), list)]
        if not sets:
            raise ValueError("Dimensions is empty: without dimensions it is [[]]")
        for definition in _list(directive.get("Metrics"), dict, _MAX_METRICS):
            name, unit, values = _metric(root, definition)
            for dimensions in sets:
                yield Datum(namespace, name, dimensions, timestamp, unit, values)


def _dimensions(root: Mapping[str, Any], names: object) -> dict[str, str]:
    """The dimensions that a DimensionSet names, with their values."""
    return {_text(name, 250): _text(root.get(name), 1024) for name in _list(names, str, _MAX_DIMENSIONS)}


def _metric(root: Mapping[str, Any], definition: Mapping[str, Any]) -> tuple[str, str, list[float]]:
    """Name, unit and values of a MetricDefinition; the resolution is checked only: the store keeps exact times."""
    name, unit = _text(definition.get("Name"), 1024), _typed(definition.get("Unit", "None"), str)
    if unit not in _UNITS:
        raise ValueError(f"Unit {unit!r} of {name} is no unit of CloudWatch")
    if definition.get("StorageResolution", 60) not in _RESOLUTIONS:
        raise ValueError(f"StorageResolution of {name} must be 1 or 60")
    target = root.get(name)
    values = _list(target, object, _MAX_VALUES) if isinstance(target, list) else [target]
    return name, unit, [_number(value) for value in values]


def _typed(value: object, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise ValueError(f"{kind.__name__} expected, got {type(value).__name__}")
    return value


def _list(value: object, kind: type[T], longest: int | None = None) -> list[T]:
    items = _typed(value, list)
    if longest is not None and len(items) > longest:
        raise ValueError(f"at most {longest} items allowed, got {len(items)}")
    return [_typed(item, kind) for item in items]


def _text(value: object, longest: int) -> str:
    text = _typed(value, str)
    if not 1 <= len(text) <= longest:
        raise ValueError(f"1 to {longest} characters expected, got {len(text)}")
    return text


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        raise ValueError(f"number from -2^360 to 2^360 expected, got {type(value).__name__} {value!r:.80}")
    return float(value)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
