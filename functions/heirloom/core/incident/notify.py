"""Telling people of breaches and alarms: each message of the topics comes here, at least once, in any order.

What a message says is only that something has changed: how a breach is now is read of the monitor's own record. So a
message that comes late or twice does no harm, and an alarm that flickers closes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from heirloom.core.clock import stamp
from heirloom.core.errors import Denied, Unavailable
from heirloom.core.incident import moves
from heirloom.core.incident.desk import Desk
from heirloom.core.incident.incident import CRITICAL, ERROR, INFO, RESOLVED, Incident, alarm_id
from heirloom.core.incident.message import ALARM, ALARMS, ESCALATED, OK, Change, Message, Ruling
from heirloom.core.incident.pager import facts_of
from heirloom.core.monitoring.breach import Breach, Breaches, Severity
from heirloom.core.release.route import Routes

MOST_OPEN = 100
"""Of a model's newest incidents are looked through for those that are over."""
LATE = timedelta(minutes=10)
"""How long after its end an alarm may still speak of a breach: a period, a delivery, and clocks that differ."""


@dataclass(frozen=True)
class Notifier:
    """``breaches`` and ``routes`` are read, ``desk`` tells."""

    breaches: Breaches
    routes: Routes
    desk: Desk

    def notify(self, message: Message) -> tuple[Incident, ...]:
        """Tell people what the message means for them; the incidents that it was about, as they are then.

        Raises Denied, Unavailable: then call it again with the same message.
        """
        told = self._ruled(message) if isinstance(message, Ruling) else self._changed(message)
        return tuple(self._after(message, {each.id: each for each in told}).values())

    def _changed(self, change: Change) -> list[Incident]:
        if change.state == ALARM:
            meant = [breach for breach in self.breaches.of(change.model) if _is_meant(breach, change)]
            return [self._page(breach) for breach in meant] or [self._page_alarm(change)]
        if change.state == OK:
            self.desk.incidents.note_ok(change.model, change.alarm, change.at)
        return []

    def _page(self, breach: Breach) -> Incident:
        opened = self._opened(breach)
        return self.desk.carry_out(breach.id, moves.page(opened.severity, opened.summary, opened.evidence))

    def _opened(self, breach: Breach) -> Incident:
        """The breach's incident as it would be now; it is there from then on."""
        evidence = {**breach.evidence, **self._route(breach.model)}
        facts = (breach.id, breach.model, breach.slo, breach.version, _severity(breach), breach.began_at)
        incident = Incident(*facts, _summary(breach), evidence)
        self.desk.incidents.open(incident)
        return incident

    def _page_alarm(self, change: Change) -> Incident:
        """An alarm that is of no breach; also one on a breach that nobody has on record: better told than not."""
        identity, severity = alarm_id(change.model, change.alarm, change.at), change.kind.severity
        evidence = {**change.evidence, **self._route(change.model)}
        self.desk.incidents.open(
            Incident(identity, change.model, change.alarm, None, severity, change.at, change.says, evidence)
        )
        return self.desk.carry_out(identity, moves.page(severity, change.says, evidence))

    def _ruled(self, ruling: Ruling) -> list[Incident]:
        """Whoever hears of the end first is told of the begin before: it was a breach all the same.

        The breach is as its rollback told it, where a newer one has taken its place on record.
        """
        breach, said = ruling.breach, (ruling.text, ruling.breach.evidence, ruling.at)
        known = self.desk.incidents.get(breach.id)
        if ruling.word == ESCALATED:
            if known is None:
                self._opened(breach)
            return [self.desk.carry_out(breach.id, moves.escalate(*said, INFO if breach.drill else CRITICAL))]
        if known is None or not known.triggered:
            on_record = (each for each in self.breaches.of(ruling.model) if each.id == breach.id)
            self._page(next(on_record, breach))
        return [self.desk.carry_out(breach.id, moves.settle(*said))]

    def _after(self, message: Message, told: Mapping[str, Incident]) -> dict[str, Incident]:
        """Close what is over. The incidents are read before the breaches: one of a new breach is not mistaken for that
        of an old one."""
        listed = self.desk.incidents.of(message.model, MOST_OPEN).incidents
        found = {**{each.id: each for each in listed}, **told}
        # Who could not be told of the begin yet is told of begin and end when the message of the begin comes again.
        unresolved = [each for each in found.values() if each.triggered and each.status != RESOLVED]
        breaches = {breach.id: breach for breach in self.breaches.of(message.model)}
        closed = dict(told)
        for incident in unresolved:
            move = self._end(incident, breaches.get(incident.id), message.at)
            if move is not None:
                closed[incident.id] = self.desk.carry_out(incident.id, move)
        return closed

    def _end(self, incident: Incident, breach: Breach | None, at: str) -> moves.Move | None:
        """What closes an incident, if it is over: of a breach that is on record no more, a newer one has taken the
        place."""
        if not incident.of_breach:
            ok = self._last_ok(incident, incident.alarm)
            return moves.recover("the alarm is OK again", ok) if ok > incident.opened_at else None
        if breach is not None and breach.ended_at is None:
            return None
        ok = self._last_ok(incident, *(name for name, kind in ALARMS.items() if incident.alarm in kind.promises))
        if incident.ruled_at is not None:  # it has called for people: the rollback ends the breach on record itself
            return moves.recover("the promise is kept again", ok)
        ended_at = (breach.ended_at if breach else None) or at
        return moves.recover("the promise is kept again", max(ok, ended_at))

    def _last_ok(self, incident: Incident, *alarms: str) -> str:
        """When one of the alarms was OK last, "" for never."""
        return max((self.desk.incidents.last_ok(incident.model, alarm) or "" for alarm in alarms), default="")

    def _route(self, model: str) -> dict[str, Any]:
        """What the route says. People are told without it where it can't be read."""
        with suppress(Denied, Unavailable):
            route = self.routes.get(model)
            return {"route": facts_of(route) if route else None}
        return {"route": None}


def _is_meant(breach: Breach, change: Change) -> bool:
    """Whether the alarm can have gone off for this breach."""
    kind = change.kind
    if breach.slo not in kind.promises or breach.severity < kind.at_least:
        return False
    return breach.ended_at is None or breach.ended_at >= stamp(datetime.fromisoformat(change.at) - LATE)


def _severity(breach: Breach) -> str:
    """A drill gets nobody out of bed."""
    if breach.drill:
        return INFO
    return CRITICAL if breach.severity == Severity.ROLLBACK else ERROR


def _summary(breach: Breach) -> str:
    drill = "DRILL, nobody is affected: " if breach.drill else ""
    reason = breach.evidence.get("reason") or f"the promise of {breach.slo} is not kept"
    return f"{drill}{breach.model}, version {breach.version}: {reason}"
