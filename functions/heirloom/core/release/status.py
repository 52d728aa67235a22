"""How a model is released now, and how it came to that: for people, through the API and the command."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from heirloom.core.errors import Invalid, NotFound
from heirloom.core.lineage.graph import Document, Lineage
from heirloom.core.release.route import Route, Routes
from heirloom.core.release.trial import Trial, Trials
from heirloom.core.release.verdict import Verdict, judge

MOST_CHANGES = 100
_CURSOR = "change#"


@dataclass(frozen=True)
class Status:
    """``trial`` is that of the route's canary; ``verdict`` is how it stands so far, or ended."""

    route: Route
    trial: Trial | None = None
    verdict: Verdict | None = None

    def to_document(self) -> dict[str, Any]:
        """Plain JSON. The token stays here: who has it can end the trial."""
        trial = asdict(self.trial) if self.trial else None
        if trial:
            del trial["token"]
            trial["verdict"] = asdict(self.verdict) if self.verdict else None
        return {"route": self.route.to_document(), "trial": trial}


@dataclass(frozen=True)
class Changes:
    """Some changes of a route, newest first, as core/release/route.py's history_of sums them up."""

    changes: tuple[Document, ...]
    cursor: str | None = None


def show_release(model: str, routes: Routes, trials: Trials) -> Status:
    """The route and, while a canary is tried, what its trial has counted. Raises NotFound."""
    route = routes.get(model)
    if route is None:
        raise NotFound(f"there is no model {model!r}: GET /models or `heirloom model list` shows them")
    trial = trials.get(route.canary.release) if route.canary else None
    if trial is None:
        return Status(route)
    return Status(route, trial, trial.verdict or judge(trial.tally, trial.rules))


def list_changes(model: str, lineage: Lineage, limit: int = 20, cursor: str | None = None) -> Changes:
    """The newest changes; a cursor is the revision of the last one seen. Raises Invalid, NotFound."""
    if not 1 <= limit <= MOST_CHANGES:
        raise Invalid(f"limit: expected a whole number from 1 to {MOST_CHANGES}, got {limit}")
    if cursor is not None and not (cursor.isdecimal() and cursor.isascii() and len(cursor) <= 8):
        raise Invalid(f"cursor: expected one that a page of changes gave, got {cursor!r}")
    page = lineage.changes(model, limit, f"{_CURSOR}{int(cursor):08d}" if cursor else None)
    if not page.entries and (cursor is None or not lineage.changes(model, 1).entries):
        raise NotFound(f"there is no model {model!r}: GET /models or `heirloom model list` shows them")
    following = str(int(page.cursor.removeprefix(_CURSOR))) if page.cursor else None
    return Changes(tuple(entry.summary for entry in page.entries), following)
