"""What may follow an incident. Each move is a pure function of an incident: what to send and how it is then, or None.

None means that there is nothing to say any more: messages come twice and in any order, so each move must know what was
said already. PagerDuty opens a second incident for a trigger after a resolve, so what is resolved stays so, but for two
reasons: the rollback asks for people after it was closed, or it gets worse after a person has closed it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from heirloom.core.errors import Conflict
from heirloom.core.incident.incident import (
    ACKNOWLEDGE,
    ACKNOWLEDGED,
    CRITICAL,
    ESCALATED,
    OPEN,
    PLATFORM,
    RESOLVE,
    RESOLVED,
    SEVERITIES,
    TRIGGER,
    Incident,
)


@dataclass(frozen=True)
class Order:
    """``action`` is to be sent by ``by``, with ``text``; ``incident`` is how it is when that is done."""

    action: str
    incident: Incident
    text: str
    by: str = PLATFORM


Move = Callable[[Incident], Order | None]


def page(severity: str, summary: str, evidence: Mapping[str, Any]) -> Move:
    """Tell people, unless they were told at this severity or a higher one."""

    def move(incident: Incident) -> Order | None:
        highest = max(severity, incident.severity, key=SEVERITIES.index)
        worse = highest != incident.severity
        if incident.triggered and not worse:
            return None
        if incident.status == RESOLVED and not (worse and _closed_by_a_person(incident)):
            return None
        said = replace(incident, severity=highest, summary=summary, evidence={**incident.evidence, **evidence})
        return Order(TRIGGER, _reopened(said) if said.status == RESOLVED else said, summary)

    return move


def escalate(text: str, evidence: Mapping[str, Any], at: str, severity: str = CRITICAL) -> Move:
    """The rollback can't help: tell people so, once."""

    def move(incident: Incident) -> Order | None:
        if _overruled(incident, at) or (incident.resolved_at or "") > at:
            return None
        said = replace(_reopened(incident), severity=severity, status=ESCALATED, summary=text, ruled_at=at)
        return Order(TRIGGER, replace(said, evidence={**incident.evidence, **evidence}), text)

    return move


def settle(text: str, evidence: Mapping[str, Any], at: str) -> Move:
    """The rollback has helped."""

    def move(incident: Incident) -> Order | None:
        if _overruled(incident, at) or incident.status == RESOLVED:
            return None
        said = replace(incident, ruled_at=at, evidence={**incident.evidence, **evidence})
        return Order(RESOLVE, _closed(said, at), text)

    return move


def recover(text: str, at: str) -> Move:
    """What it was about is over, since ``at``. One that was escalated is closed by what is younger than that only: the
    rollback ends the breach on record itself."""

    def move(incident: Incident) -> Order | None:
        if incident.status == RESOLVED or (incident.ruled_at or "") >= at:
            return None
        return Order(RESOLVE, _closed(incident, at), text)

    return move


def acknowledge(by: str, text: str) -> Move:
    """A person is at it. Raises Conflict for what is acknowledged or resolved already."""

    def move(incident: Incident) -> Order:
        if incident.status in (ACKNOWLEDGED, RESOLVED):
            raise Conflict(f"incident {incident.id} is {incident.status} already: {_last_word(incident)}")
        return Order(ACKNOWLEDGE, replace(incident, status=ACKNOWLEDGED), text, by)

    return move


def resolve(by: str, text: str, at: str) -> Move:
    """A person has dealt with it. Raises Conflict for what is resolved already."""

    def move(incident: Incident) -> Order:
        if incident.status == RESOLVED:
            raise Conflict(f"incident {incident.id} is resolved already: {_last_word(incident)}")
        return Order(RESOLVE, _closed(incident, at), text, by)

    return move


def _overruled(incident: Incident, at: str) -> bool:
    """Whether the rollback has said this, or something later, already."""
    return (incident.ruled_at or "") >= at


def _closed(incident: Incident, at: str) -> Incident:
    return replace(incident, status=RESOLVED, resolved_at=at)


def _reopened(incident: Incident) -> Incident:
    return replace(incident, status=OPEN, resolved_at=None)


def _closed_by_a_person(incident: Incident) -> bool:
    return incident.history[-1].by != PLATFORM


def _last_word(incident: Incident) -> str:
    last = incident.history[-1]
    return f"{last.action} by {last.by}, {last.at}: {last.text}"
