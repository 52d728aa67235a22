"""Breaches, alarms and a pager in memory; time goes on when somebody waits, and by a second with each look."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from heirloom.adapters.memory import MemoryIncidents, MemoryPager, MemoryRoutes
from heirloom.core.clock import stamp
from heirloom.core.incident.desk import Desk, Patience
from heirloom.core.incident.incident import Incident
from heirloom.core.incident.message import message_of
from heirloom.core.incident.notify import Notifier
from heirloom.core.monitoring.breach import Breach, Severity
from heirloom.core.release.route import OPEN, Mark, Route, history_of

MODEL = "flight-delay"
API = "https://a1b2c3.execute-api.us-east-1.amazonaws.com"
BEGAN = "2026-11-23T15:10:09.123Z"
EVIDENCE = {
    "value": 0.86,
    "threshold": 0.873,
    "reference": 0.9,
    "samples": 1000,
    "low": 0.837,
    "high": 0.88,
    "rule": "naive",
    "reason": "860 of the last 1000 labelled predictions were right (86.0%): below 97% of its test accuracy of 90.0%",
}


@dataclass
class Book:
    """The port Breaches: what the monitor has on record."""

    kept: dict[str, Breach] = field(default_factory=dict)

    def of(self, model: str) -> tuple[Breach, ...]:
        return tuple(breach for breach in self.kept.values() if breach.model == model)

    def put(self, breach: Breach) -> Breach:
        """Begin a breach, or make it worse; a newer one of the same promise takes its place."""
        self.kept[f"{breach.model}/{breach.slo}/{breach.drill}"] = breach
        return breach


@dataclass
class World:
    """The ports, and what goes through them."""

    book: Book = field(default_factory=Book)
    incidents: MemoryIncidents = field(default_factory=MemoryIncidents)
    pager: Any = field(default_factory=MemoryPager)
    routes: MemoryRoutes = field(default_factory=MemoryRoutes)
    now: datetime = datetime(2026, 11, 23, 15, 11, tzinfo=UTC)
    patience: float = 200.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def monotonic(self) -> float:
        return self.now.timestamp()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    @property
    def desk(self) -> Desk:
        patience = Patience(self.patience, self.sleep, self.monotonic)
        return Desk(self.incidents, self.pager, self.clock, patience, "heirloom", API)

    @property
    def notifier(self) -> Notifier:
        return Notifier(self.book, self.routes, self.desk)

    def breach(self, severity: Severity = Severity.PAGE, **changes: Any) -> Breach:
        """A breach on record."""
        usual: dict[str, Any] = {"model": MODEL, "version": 3, "slo": "accuracy", "began_at": BEGAN}
        return self.book.put(Breach(**{**usual, "severity": severity, "evidence": EVIDENCE, **changes}))

    def end(self, breach: Breach, at: str = "2026-11-23T15:20:00.000Z") -> None:
        self.book.put(replace(breach, ended_at=at))

    def open_route(self) -> None:
        route = Route(MODEL, 1, 0, {0: "heirloom-flight-delay-v0"}, OPEN, Mark("deploy", BEGAN, "the baseline"))
        record, edges = history_of(route)
        self.routes.put(route, record, *edges)

    def hear(self, text: str, sent_at: str = "2026-11-23T15:12:00.000Z") -> tuple[Incident, ...]:
        """What follows from a message of a topic."""
        return self.notifier.notify(message_of(text, sent_at, "heirloom"))

    def alarm(self, alarm: str, state: str = "ALARM", at: str = "2026-11-23T15:11:00.000Z") -> tuple[Incident, ...]:
        return self.hear(alarm_text(alarm, state, at))

    def hear_of(self, model: str, alarm: str, at: str) -> tuple[Incident, ...]:
        """An alarm of another model."""
        return self.hear(alarm_text(alarm, "ALARM", at, AlarmName=f"heirloom-{model}-{alarm}"))

    def rule(self, word: str, breach: str, at: str = "2026-11-23T15:13:00.000Z", **told: Any) -> tuple[Incident, ...]:
        document = {"heirloom": word, "breach": breach, "model": MODEL, "text": f"it is {word}", **told}
        return self.hear(json.dumps(document), at)

    def incident(self, identity: str) -> Incident:
        found = self.incidents.get(identity)
        assert found is not None
        return found

    def one(self) -> Incident:
        """The only incident there is."""
        (found,) = self.incidents.of(MODEL, 10).incidents
        return found

    def told(self, identity: str) -> list[list[tuple[str, str | None]]]:
        """What PagerDuty made of what it was sent of an incident: a list an alert."""
        alerts: list[list[tuple[str, str | None]]] = self.pager.alerts.get(identity, [])
        return alerts


def alarm_text(alarm: str, state: str = "ALARM", at: str = "2026-11-23T15:11:00.000Z", **changes: Any) -> str:
    """CloudWatch's message of a change of an alarm."""
    usual: Mapping[str, Any] = {
        "AlarmName": f"heirloom-{MODEL}-{alarm}",
        "AlarmDescription": f"{MODEL}: the alarm {alarm}: docs/slo.md",
        "NewStateValue": state,
        "NewStateReason": "Threshold Crossed: 1 datapoint [1.0] was greater than or equal to the threshold (1.0).",
        "StateChangeTime": at.replace("Z", "+0000"),
        "Trigger": {"MetricName": "AccuracyBreach", "Threshold": 1.0},
    }
    return json.dumps({**usual, **changes})


def later(at: str, seconds: float) -> str:
    return stamp(datetime.fromisoformat(at) + timedelta(seconds=seconds))
