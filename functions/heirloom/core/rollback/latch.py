"""The latch: of all who are told of a breach, one decides it, once. The others go home, or come again when it died."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from heirloom.core.lineage.graph import Document

DEAD_AFTER = timedelta(minutes=2)
"""Whoever holds a claim for so long is dead: a function that may run for one minute, by a clock that may be one off."""


@dataclass(frozen=True)
class Claim:
    """The right to decide on the breach of this id. ``decision`` is that of one who died with the claim, if it had come
    to one: it may have acted on it."""

    breach: str
    at: datetime
    decision: Document | None = None


class Decisions(Protocol):
    """Stores the claims and the decisions. Each method raises Denied or Unavailable.

    ``record``, ``give_back`` and ``finish`` raise Conflict where somebody else has taken the claim over.
    """

    def claim(self, breach: str, at: datetime) -> Claim | None:
        """The claim, if nobody has it, or whoever had it is dead; None when the breach is decided and all is done.

        Raises Conflict while somebody else is at it.
        """

    def record(self, claim: Claim, decision: Document) -> None:
        """Keep the decision, before it is acted on."""

    def give_back(self, claim: Claim) -> None:
        """Let the next one who comes have the claim."""

    def finish(self, claim: Claim) -> None:
        """All is done: nobody gets the claim any more."""

    def of(self, breach: str) -> Document | None:
        """What was decided on the breach, if anything was by now."""
