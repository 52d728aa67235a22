"""Metrics as lines of a function's log, which cost no request a call: CloudWatch's embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

NAMESPACE = "Heirloom"
FINE = 1
"""Seconds: alarms of ten seconds need metrics that are kept by the second."""
_UNITS = {
    **dict.fromkeys(("Latency", "ShadowLatency"), "Milliseconds"),
    **dict.fromkeys(("Accuracy", "AccuracyRatio", "Agreement", "DriftPsi", "LabelCoverage", "Rmse"), "None"),
    "LabelDelay": "Seconds",
}

# ASCII: a character is a byte, and half of a surrogate pair, which JSON may hold, can be written.
dump = json.JSONEncoder(separators=(",", ":")).encode


def directive(dimensions: Sequence[str], names: Sequence[str], seconds: int = 60) -> dict[str, Any]:
    """Which members of a line are metrics, and by which other members they are told apart."""
    fine = {"StorageResolution": seconds} if seconds < 60 else {}
    described = [{"Name": name, "Unit": _UNITS.get(name, "Count"), **fine} for name in names]
    return {"Namespace": NAMESPACE, "Dimensions": [list(dimensions)], "Metrics": described}


def members(at: datetime, directives: Sequence[Mapping[str, Any]], values: Mapping[str, Any]) -> str:
    """The members of a line's object, without its braces: more can be joined to them."""
    metadata = {"Timestamp": int(at.timestamp() * 1000), "CloudWatchMetrics": directives}
    return dump({"_aws": metadata, **values})[1:-1]


def metric_line(
    at: datetime,
    dimensions: Mapping[str, str],
    metrics: Mapping[str, float],
    seconds: int = 60,
    facts: Mapping[str, Any] | None = None,
) -> str:
    """A line of metrics that are told apart by ``dimensions``; ``facts`` are for who reads the log."""
    described = [directive(list(dimensions), list(metrics), seconds)]
    return f"{{{members(at, described, {**dimensions, **metrics, **(facts or {})})}}}"


def model_line(model: str, at: datetime, metrics: Mapping[str, float]) -> str:
    """Metrics of a model, kept by the second: its alarms may have periods of 10 seconds."""
    return metric_line(at, {"model": model}, metrics, FINE)


def version_line(model: str, version: int, at: datetime, metrics: Mapping[str, float]) -> str:
    """Metrics of a version."""
    return metric_line(at, {"model": model, "version": str(version)}, metrics)
