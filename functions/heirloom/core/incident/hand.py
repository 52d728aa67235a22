"""An incident in somebody's hand, from before the pager is told to after it is written down that it was.

What is about to be said is written first. Who takes the incident from one that died says it again, as nobody knows
whether it was heard, and then goes on: a trigger that overtook a resolve would open a second incident at PagerDuty.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from heirloom.core.errors import Conflict, HeirloomError, Unavailable
from heirloom.core.incident.incident import Incident, Incidents
from heirloom.core.incident.moves import Order


class LostError(Unavailable):
    """Somebody else holds the incident now."""


class Hand:
    """``incident`` is as it was written last. Raises LostError, also at first, where somebody else has written."""

    def __init__(self, incidents: Incidents, incident: Incident, order: Order) -> None:
        self._incidents = incidents
        self.incident = incident
        self.write(replace(incident, in_hand=True, pending=_written(order)))

    def write(self, incident: Incident) -> Incident:
        """Write the next revision, as it is given."""
        following = replace(incident, revision=self.incident.revision + 1)
        try:
            self._incidents.change(following)
        except Conflict as lost:
            raise LostError(f"incident {incident.id} was changed meanwhile: try again") from lost
        self.incident = following
        return following

    def let_go(self, *, unsure: bool) -> None:
        """After an error: ``unsure`` whether the pager has heard it. If that can't be written, too, the hand is
        believed dead after a while."""
        pending = self.incident.pending if unsure else None
        with suppress(HeirloomError):
            self.write(replace(self.incident, in_hand=False, pending=pending))


def unfinished(incident: Incident) -> Order | None:
    """What somebody was about to say."""
    pending = incident.pending
    if pending is None:
        return None
    return Order(**{**pending, "incident": Incident.from_document(pending["incident"])})


def _written(order: Order) -> dict[str, object]:
    return {**vars(order), "incident": replace(order.incident, history=(), pending=None).to_document()}
