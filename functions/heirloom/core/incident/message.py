"""What comes by the topics that people are paged by: changes of alarms, and the last word of a rollback.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html has CloudWatch's message.
The rollback's (core/rollback/) is ``{"heirloom": "resolved" or "escalated", "breach", "model", "text", "evidence"}``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from heirloom.core.clock import stamp
from heirloom.core.errors import Invalid
from heirloom.core.incident.incident import CRITICAL, ERROR, WARNING
from heirloom.core.monitoring.breach import ACCURACY, LATENCY, Breach, Severity
from heirloom.core.project.watching import DRIFTED
from heirloom.core.rollback.reject import REGISTRY

ALARM, OK = "ALARM", "OK"
RESOLVED, ESCALATED = "resolved", "escalated"
_WORDS = (RESOLVED, ESCALATED)
_BREACH = re.compile(rf"(drill-)?({ACCURACY}|{LATENCY}|{REGISTRY})/v([0-9]{{1,9}})/([0-9-]+T[0-9:.]+Z)")
"""The id of a breach (core/monitoring/breach.py), after its model's name."""


@dataclass(frozen=True)
class Kind:
    """What an alarm is of: breaches of these promises, from this severity on; or of none. ``severity`` is PagerDuty's,
    of an incident that is of no breach."""

    severity: str
    promises: tuple[str, ...] = ()
    at_least: Severity = Severity.PAGE


ALARMS: Mapping[str, Kind] = {
    "accuracy-page": Kind(ERROR, (ACCURACY,)),
    "accuracy-rollback": Kind(CRITICAL, (ACCURACY,), Severity.ROLLBACK),
    "latency-rollback": Kind(CRITICAL, (LATENCY,), Severity.ROLLBACK),
    "critical": Kind(CRITICAL, (ACCURACY, LATENCY), Severity.ROLLBACK),
    "labels-overdue": Kind(WARNING),
    DRIFTED: Kind(WARNING),
    "probe": Kind(ERROR),
}
"""By the short names of core/project/watching.py."""


@dataclass(frozen=True)
class Change:
    """An alarm is in another state since ``at``, a stamp of CloudWatch's. ``says`` is what the alarm is about."""

    model: str
    alarm: str
    state: str
    at: str
    says: str
    evidence: Mapping[str, Any]

    @property
    def kind(self) -> Kind:
        return ALARMS[self.alarm]


@dataclass(frozen=True)
class Ruling:
    """The rollback's last word on a breach, at a stamp of SNS's: resolved or escalated. ``breach`` is as it told it."""

    word: str
    breach: Breach
    text: str
    at: str

    @property
    def model(self) -> str:
        return self.breach.model


Message = Change | Ruling


def message_of(text: str, sent_at: str, prefix: str) -> Message:
    """The message in the text that a topic delivers; it was published at ``sent_at``. Raises Invalid for any other."""
    try:
        document = json.loads(text)
        if "heirloom" in document:
            return _ruling(document, _moment(sent_at))
        return _change(document, prefix)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Invalid(f"expected a change of an alarm, or a rollback's word, got {text[:300]!r}: {error!r}") from error


def _ruling(document: Mapping[str, Any], at: str) -> Ruling:
    if document["heirloom"] not in _WORDS:
        raise ValueError(f"expected heirloom to be one of {', '.join(_WORDS)}")
    model, text = str(document["model"]), str(document["text"])
    found = _BREACH.fullmatch(str(document["breach"]).removeprefix(f"{model}/"))
    if found is None:
        raise ValueError(f"expected breach to be the id of a breach of {model}")
    drill, slo, version, began_at = found.groups()
    evidence = {"reason": text, **(document.get("evidence") or {})}
    breach = Breach(model, int(version), slo, Severity.ROLLBACK, began_at, evidence, drill=bool(drill))
    return Ruling(document["heirloom"], breach, text, at)


def _change(document: Mapping[str, Any], prefix: str) -> Change:
    model, alarm = _parts(document["AlarmName"], prefix)
    return Change(
        model=model,
        alarm=alarm,
        state=document["NewStateValue"],
        at=_moment(document["StateChangeTime"]),
        says=document.get("AlarmDescription") or f"{model}: the alarm {alarm} is on",
        evidence=_evidence(document),
    )


def _parts(name: str, prefix: str) -> tuple[str, str]:
    """Model and alarm of ``<prefix>-<model>-<alarm>``: no alarm's name is the end of another one's after a hyphen."""
    for alarm in ALARMS:
        if name.startswith(f"{prefix}-") and name.endswith(f"-{alarm}"):
            return name.removeprefix(f"{prefix}-").removesuffix(f"-{alarm}"), alarm
    raise ValueError(f"expected {prefix}-<model>- and one of {', '.join(ALARMS)}")


def _evidence(document: Mapping[str, Any]) -> dict[str, Any]:
    trigger = document.get("Trigger") or {}
    return {
        "metric": trigger.get("MetricName"),
        "threshold": trigger.get("Threshold"),
        "reason": document.get("NewStateReason"),
        "alarm": document["AlarmName"],
    }


def _moment(text: str) -> str:
    """CloudWatch writes +0000, SNS Z."""
    return stamp(datetime.fromisoformat(text))
