"""The desk: whoever moves an incident takes it in hand first, tells the pager, then writes down what was said.

So of all who hear of an incident at once, one tells of it, and what is said is in one order (hand.py). Who holds an
incident writes it anew before each attempt; whom nobody has heard of for LEASE seconds is dead, and the next one goes
on. No two clocks are compared.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from heirloom.core.clock import Clock, stamp
from heirloom.core.errors import HeirloomError, NotFound, Unavailable
from heirloom.core.incident.hand import Hand, LostError, unfinished
from heirloom.core.incident.incident import TRIGGER, Incident, Incidents, Sent
from heirloom.core.incident.moves import Move, Order
from heirloom.core.incident.pager import Pager, event_of

LEASE = 40.0
"""Seconds without a word of who holds an incident, after which it is free: more than an attempt and a pause take."""
LOOK = 0.2
"""Seconds between two looks at an incident that somebody else holds."""
LONGEST_PAUSE = 15.0
"""Seconds between two attempts. PagerDuty asks for 30 after three refusals in a row (429), and Lambda waits longer."""


@dataclass(frozen=True)
class Patience:
    """For how many ``seconds`` somebody tries before the caller has to call again, and the ways to wait."""

    seconds: float
    sleep: Callable[[float], None]
    monotonic: Callable[[], float]


@dataclass(frozen=True)
class Desk:
    """``prefix`` names the deployment, ``api`` is the URL of its API: both are told with an incident."""

    incidents: Incidents
    pager: Pager
    clock: Clock
    patience: Patience
    prefix: str
    api: str

    def carry_out(self, identity: str, move: Move) -> Incident:
        """Make the move, if there is one to make; the incident as it is then.

        May be repeated: what was said is not said again. Raises NotFound, what the move raises, and what the pager
        raises after having been tried for as long as the patience lasts.
        """
        while True:
            known = self._free(identity)
            left = unfinished(known)
            order = left or move(known)
            if order is None:
                return known
            try:
                hand = Hand(self.incidents, known, order)
            except LostError:
                continue
            told = self._told(hand, order)
            if left is None:
                return told

    def _told(self, hand: Hand, order: Order) -> Incident:
        """Tell the pager and write that down; the incident as it is then."""
        try:
            sent, at = self._insist(hand, event_of(order, self.prefix, self.api)), stamp(self.clock())
            line = Sent(at, order.action, order.incident.severity, order.by, order.text, sent)
            paged_at = hand.incident.paged_at or (at if sent and order.action == TRIGGER else None)
            return hand.write(replace(order.incident, history=(*hand.incident.history, line), paged_at=paged_at))
        except HeirloomError as error:
            hand.let_go(unsure=isinstance(error, Unavailable))
            raise

    def _insist(self, hand: Hand, event: Mapping[str, Any]) -> bool:
        """Tell the pager, again and again; whether it took it."""
        began, pause = self.patience.monotonic(), 1.0
        while True:
            try:
                return self.pager.send(event)
            except Unavailable:
                jittered = random.uniform(pause / 2, pause)  # noqa: S311 - no secret
                if self.patience.monotonic() - began + jittered > self.patience.seconds:
                    raise
                self.patience.sleep(jittered)
                pause = min(LONGEST_PAUSE, 2 * pause)
                hand.write(hand.incident)

    def _free(self, identity: str) -> Incident:
        """The incident, when nobody holds it who lives."""
        began, seen, since = self.patience.monotonic(), 0, 0.0
        while True:
            incident, now = self._existing(identity), self.patience.monotonic()
            if incident.revision != seen:
                seen, since = incident.revision, now
            if not incident.in_hand or now - since >= LEASE:
                return incident
            if now - began > self.patience.seconds:
                raise Unavailable(f"incident {identity} is in somebody else's hand: try again")
            self.patience.sleep(LOOK)

    def _existing(self, identity: str) -> Incident:
        incident = self.incidents.get(identity)
        if incident is None:
            raise NotFound(f"there is no incident {identity}: `heirloom incidents list` shows those there are")
        return incident
