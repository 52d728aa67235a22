"""Incidents: what people are told of a breach, or of an alarm that is of no breach. One a breach, one an alarm's begin.

`moves` says what may follow an incident, the Desk (desk.py) tells the pager and writes it down, `notify` does so for
alarms and rollbacks, `people` for persons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

INFO, WARNING, ERROR, CRITICAL = "info", "warning", "error", "critical"
SEVERITIES = (INFO, WARNING, ERROR, CRITICAL)
"""In their order: PagerDuty's words, https://developer.pagerduty.com/docs/send-alert-event."""
OPEN, ACKNOWLEDGED, ESCALATED, RESOLVED = "open", "acknowledged", "escalated", "resolved"
TRIGGER, ACKNOWLEDGE, RESOLVE = "trigger", "acknowledge", "resolve"
"""What is sent, PagerDuty's words."""
PLATFORM = "heirloom"
"""Who sends what no person sends."""


@dataclass(frozen=True)
class Sent:
    """A line of an incident's history. ``sent`` is False where there is no pager: then it is only written down."""

    at: str
    action: str
    severity: str
    by: str
    text: str
    sent: bool


@dataclass(frozen=True)
class Incident:
    """``id`` is the breach's, or ``<model>/<alarm>/<stamp>``; it ends in ``opened_at``, when what it is about began.

    ``alarm`` is the promise of a breach (accuracy, latency), else the name of the alarm. ``paged_at`` is the stamp of
    the first trigger that a pager took, None if none did; ``resolved_at`` that of what closed it. ``ruled_at`` is the
    stamp of the rollback's last word. ``in_hand``: somebody is telling the pager of it right now. ``pending`` is what
    is about to be said, or was said by one that died: nobody knows whether it was heard (hand.py).
    """

    id: str
    model: str
    alarm: str
    version: int | None
    severity: str
    opened_at: str
    summary: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    status: str = OPEN
    paged_at: str | None = None
    resolved_at: str | None = None
    ruled_at: str | None = None
    history: tuple[Sent, ...] = ()
    revision: int = 1
    in_hand: bool = False
    pending: Mapping[str, Any] | None = None

    @property
    def of_breach(self) -> bool:
        return self.id != alarm_id(self.model, self.alarm, self.opened_at)

    @property
    def triggered(self) -> bool:
        """Whether somebody was told, or would have been, had there been a pager."""
        return any(line.action == TRIGGER for line in self.history)

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        return {**asdict(self), "history": [asdict(line) for line in self.history]}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Incident:
        """What ``to_document`` wrote."""
        return cls(**{**document, "history": tuple(Sent(**line) for line in document["history"])})


def alarm_id(model: str, alarm: str, at: str) -> str:
    """The id of an incident that is of no breach; ``at`` is the stamp of the alarm's change."""
    return f"{model}/{alarm}/{at}"


@dataclass(frozen=True)
class Page:
    """Some incidents, newest first; ``cursor`` asks for the next ones, None when there are none."""

    incidents: tuple[Incident, ...]
    cursor: str | None = None


class Incidents(Protocol):
    """Stores incidents. Each method raises Denied or Unavailable."""

    def open(self, incident: Incident) -> Incident:
        """Store it if nothing has its id; the one that stands."""

    def get(self, identity: str) -> Incident | None:
        """The incident as it is now."""

    def change(self, incident: Incident) -> None:
        """Write the next revision. Raises Conflict unless the stored one has the revision before."""

    def of(self, model: str, limit: int, cursor: str | None = None) -> Page:
        """A model's incidents, the newest first. Raises Invalid for a cursor that is none."""

    def note_ok(self, model: str, alarm: str, at: str) -> None:
        """Remember that the alarm went OK at this stamp. Of several the latest counts, whatever their order."""

    def last_ok(self, model: str, alarm: str) -> str | None:
        """The stamp of the last time that the alarm is known to have gone OK."""
