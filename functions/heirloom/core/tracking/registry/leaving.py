"""How a model leaves its name, with all of its versions: to another name, or for good.

In one write where that is enough. Else the first one marks the model, and reserves the new name; then the versions go,
as many at a time as a write takes, and with the last of them the model's own document. Whoever comes upon a marked
model finishes that first: it is never seen half gone, and nothing is lost when somebody breaks off.
"""

from __future__ import annotations

from itertools import islice

from heirloom.core.tracking.documents import Document
from heirloom.core.tracking.ids import MODEL_VERSIONS
from heirloom.core.tracking.registry import model as models
from heirloom.core.tracking.registry import version as versions
from heirloom.core.tracking.steps import ROOM, Step, carry_out, fitting
from heirloom.core.tracking.tracking import Tracking

LEAVING, ARRIVING = "leaving", "arriving"
FOR_GOOD = ""
"""Where a model goes that is deleted."""
_MODELS = 2
"""Documents of the model itself in a write: the one that goes and the one that comes."""


def goes_to(model: Document | None) -> str | None:
    """Where it is on its way to, if it is."""
    mark = model.data.get(LEAVING) if model else None
    return mark["to"] if mark else None


def begin(model: Document, to: str, tracking: Tracking) -> Step:
    """The only write, or the first one: ``finish`` makes the others. Nobody has the new name."""
    mark = {"to": to, "at": tracking.now}
    marked = model.with_data({**model.data, LEAVING: mark})
    place = Document(*models.key_of(to), {ARRIVING: model.id})
    only = _next(marked, place, tracking)
    if only.answer is not None:
        return only
    return Step({}, (marked, place) if to != FOR_GOOD else (marked,))


def finish(name: str, tracking: Tracking) -> None:
    """Make all writes that are left, if there are any."""

    def plan() -> Step:
        model = tracking.documents.get(*models.key_of(name))
        to = goes_to(model)
        if model is None or to is None:
            return Step({})
        place = tracking.documents.get(*models.key_of(to)) if to != FOR_GOOD else None
        return _next(model, place or Document(*models.key_of(to), {}), tracking)

    carry_out(tracking.documents, plan)


def _next(model: Document, place: Document, tracking: Tracking) -> Step:
    """The next write for a model that is marked: the last one, with an answer, when no version is left after it."""
    to, at = model.data[LEAVING]["to"], model.data[LEAVING]["at"]
    each = 1 if to == FOR_GOOD else 2
    room = (ROOM - _MODELS) // each
    known = list(islice(tracking.documents.of(MODEL_VERSIONS, versions.beginning(model.id)), room + 1))
    going = fitting(known, room)
    moved = [] if to == FOR_GOOD else [_moved(version, to, at) for version in going]
    if len(going) < len(known):
        return Step(None, tuple(moved), tuple(going))
    if to != FOR_GOOD:
        kept = {name: value for name, value in model.data.items() if name != LEAVING}
        moved.append(place.with_data({**kept, "name": to, "last_updated_timestamp": at}))
    return Step({}, tuple(moved), (*going, model))


def _moved(version: Document, to: str, at: int) -> Document:
    data = {**version.data, "name": to, "last_updated_timestamp": at}
    return Document(*versions.key_of(to, version.data["version"]), data)
