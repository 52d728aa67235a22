"""What a route's history says: since when its champion answers, and what automation has done to it lately. Pure.

The history is the list of a route's changes (lineage.changes), newest first, each as route.history_of sums it up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from heirloom.core.lineage.graph import Document, Lineage
from heirloom.core.release.moves import ROLLBACK
from heirloom.core.release.route import OPEN

MONITOR = "monitor"
"""Who moves a route when a promise is broken."""
PERSON = "arn:"
"""How the name of a person begins, or of a program of theirs; our own automation has names of ours."""
LOOKED_BACK = 200
"""Changes; a release makes four or five."""


@dataclass(frozen=True)
class Tenure:
    """How long a version has been the champion: since ``since``, when it became so by ``action`` of ``by``."""

    version: int
    since: datetime
    action: str
    by: str

    @property
    def by_rollback(self) -> bool:
        """Whether an automatic rollback made it the champion."""
        return self.by == MONITOR and self.action == ROLLBACK


def history(model: str, lineage: Lineage) -> tuple[Document, ...]:
    """The newest changes of a route since it was opened last: a model that was removed and deployed again is new."""
    changes = [entry.summary for entry in lineage.changes(model, LOOKED_BACK).entries]
    opened = next((place for place, change in enumerate(changes) if change["action"] == OPEN), len(changes))
    return tuple(changes[: opened + 1])


def tenure(changes: Sequence[Document]) -> Tenure | None:
    """That of the champion; None without a history. One that reaches further back is as long as the history."""
    first: Document | None = None
    for change in changes:
        if first is not None and change["champion"] != first["champion"]:
            break
        first = change
    if first is None:
        return None
    return Tenure(first["champion"], moment(first), first["action"], first["by"])


def automatic(changes: Sequence[Document], since: datetime) -> tuple[Document, ...]:
    """The automatic rollbacks since then, and since a person has changed the route: who did so has looked at it. Newest
    first."""
    unseen = takewhile(lambda change: not change["by"].startswith(PERSON), changes)
    ours = (change for change in unseen if (change["by"], change["action"]) == (MONITOR, ROLLBACK))
    return tuple(change for change in ours if moment(change) >= since)


def made_for(changes: Sequence[Document], breach: str) -> Document | None:
    """The change that was made for the breach of this id, if any was."""
    return next((change for change in changes if change["release"] == breach), None)


def moment(change: Document) -> datetime:
    """When a change was made."""
    return datetime.fromisoformat(change["at"])
