"""What persons do with incidents: look at them, acknowledge one, resolve one. Called by `heirloom incidents`."""

from __future__ import annotations

from heirloom.core.clock import stamp
from heirloom.core.errors import Invalid, NotFound
from heirloom.core.incident import moves
from heirloom.core.incident.desk import Desk
from heirloom.core.incident.incident import Incident, Incidents, Page
from heirloom.core.lineage.graph import Lineage

MOST_INCIDENTS = 100
LONGEST_TEXT = 500


def list_incidents(
    model: str | None, incidents: Incidents, lineage: Lineage, limit: int = 20, cursor: str | None = None
) -> Page:
    """A model's incidents, the newest first; without a model those of all deployed ones, without a cursor then.

    Raises Invalid, and NotFound for a model that never had a project.
    """
    if not 1 <= limit <= MOST_INCIDENTS:
        raise Invalid(f"limit: expected a whole number from 1 to {MOST_INCIDENTS}, got {limit}")
    if model is not None:
        page = incidents.of(model, limit, cursor)
        if not page.incidents and lineage.node("project", model) is None:
            raise NotFound(f"there is no model {model!r}: `heirloom model list` shows them")
        return page
    if cursor is not None:
        raise Invalid("cursor: expected a model with it, since there are no pages of all models' incidents")
    found = [each for entry in lineage.projects() for each in incidents.of(entry.id, limit).incidents]
    return Page(tuple(sorted(found, key=lambda each: each.opened_at, reverse=True)[:limit]))


def show_incident(identity: str, incidents: Incidents) -> Incident:
    """One incident. Raises NotFound."""
    found = incidents.get(identity)
    if found is None:
        raise NotFound(f"there is no incident {identity!r}: `heirloom incidents list` shows those there are")
    return found


def acknowledge(identity: str, by: str, desk: Desk) -> Incident:
    """Say that ``by`` is at it. Raises NotFound, Conflict, and what the pager raises."""
    return desk.carry_out(identity, moves.acknowledge(by, "at it"))


def resolve(identity: str, by: str, text: str, desk: Desk) -> Incident:
    """Close it, with what was done. Raises Invalid, NotFound, Conflict, and what the pager raises."""
    if not 1 <= len(text.strip()) <= LONGEST_TEXT:
        raise Invalid(f"reason: expected a text of 1 to {LONGEST_TEXT} letters that says what was done, got {text!r}")
    return desk.carry_out(identity, moves.resolve(by, text, stamp(desk.clock())))
