"""What is different in a drill: a route of its own is moved, and nobody is asked whether going back would help.

The drill's route names two real endpoints: as TWIN the one that answers the model's callers, as version 0 an earlier
one. No caller is sent by it.
"""

from __future__ import annotations

from heirloom.core.monitoring.breach import Breach
from heirloom.core.rollback.paired import Comparison
from heirloom.core.rollback.replay import NO_ROWS, Replay

DRILL = "drill."
"""What the name of a drill's route begins with; no model's name has a dot."""
TWIN = 1
"""The number that the champion has in the drill's route: the bad twin's, of whom the drill's outcomes are."""


def drill_route(model: str) -> str:
    """The name under which a drill's route is kept."""
    return DRILL + model


class Rehearsal:
    """The Earlier of a drill: its outcomes are made up, and so are the pairs, of which the earlier version is right on
    all. Its health is asked for as ever, where there are rows to ask."""

    def __init__(self, breach: Breach, replay: Replay) -> None:
        self._breach = breach
        self._replay = replay

    def ailment(self, version: int, endpoint: str) -> str | None:
        ailment = self._replay.ailment(version, endpoint)
        return None if ailment == NO_ROWS else ailment

    def comparison(self, version: int, endpoint: str) -> Comparison:  # noqa: ARG002 - there is one in a drill
        evidence = self._breach.evidence
        wrong = round(evidence["samples"] * (1 - evidence["value"]))
        return Comparison(evidence["samples"], wrong, 0)
