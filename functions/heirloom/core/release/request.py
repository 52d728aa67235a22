"""What people ask of a release, through the API and the command: parse the wish, move the route, or have an endpoint
made first when the version has none any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from heirloom.core.errors import Conflict, Invalid, NotFound, NotReady, Problem
from heirloom.core.lineage.graph import Lineage
from heirloom.core.release import moves
from heirloom.core.release.change import Ending, existing, write
from heirloom.core.release.order import PROMOTE, ROLLBACK, Wanted, start_release
from heirloom.core.release.route import Mark, Route, Routes
from heirloom.core.run.upload import Executions

LONGEST_REASON = 500


@dataclass(frozen=True)
class Request:
    """A person's wish. ``revision``: the change is made to this revision of the route or not at all.

    ``version`` is what is promoted, rolled back to (None: the one before), mirrored to (None: no more) or cleared;
    ``share`` is a shadow's. ``quarantine``: whether the version that is left, or the canary, is marked as bad; None
    is the move's own habit.
    """

    model: str
    move: str
    mark: Mark
    version: int | None = None
    share: float = 1.0
    quarantine: bool | None = None
    revision: int | None = None


@dataclass(frozen=True)
class Done:
    """``route`` is how it is now; an ``execution`` moves it later, when the version's endpoint is made and tested."""

    route: Route
    execution: str | None = None


def parse_request(model: str, move: str, document: object, by: str, at: str) -> Request:
    """The wish in the body of a request. Raises Invalid with every problem, NotFound for a move there is not."""
    if move not in MOVES:
        raise NotFound(f"there is no move {move!r}: expected one of {', '.join(MOVES)}")
    if not isinstance(document, Mapping):
        raise _invalid([Problem("body", 'an object {"reason": "..."}')])
    allowed = {"reason": _KEYS["reason"], "revision": _KEYS["revision"], **{key: _KEYS[key] for key in _TAKES[move]}}
    unknown = [Problem(str(key), f"one of {', '.join(allowed)}") for key in document if key not in allowed]
    needed = ("reason", *_NEEDS.get(move, ()))
    missing = [Problem(key, allowed[key].what, "nothing") for key in needed if document.get(key) is None]
    wrong = [
        Problem(key, kind.what, repr(document[key]))
        for key, kind in allowed.items()
        if document.get(key) is not None and not kind.fits(document[key])
    ]
    if unknown or missing or wrong:
        raise _invalid([*missing, *wrong, *unknown])
    given = {key: value for key, value in document.items() if key != "reason" and value is not None}
    return Request(model, move, Mark(by, at, document["reason"].strip()), **given)


def planned(request: Request, route: Route) -> Route:
    """The route as the wish would make it. Raises Conflict, and NotReady when an endpoint has to be made first."""
    if request.revision not in (None, route.revision):
        raise Conflict(
            f"the route of {route.model} is at revision {route.revision}, not {request.revision} "
            f"({route.action} by {route.change.by} at {route.change.at}): look at it, then ask again"
        )
    return MOVES[request.move](route, request)


def perform(request: Request, routes: Routes, lineage: Lineage, executions: Executions, ending: Ending) -> Done:
    """Do it, in one attempt: who asks has looked at the route as it was. Raises Conflict, NotFound."""
    now = existing(request.model, routes)
    try:
        moved = planned(request, now)
    except NotReady as missing:
        if request.move not in _GOALS:
            raise
        quarantine = request.quarantine is not False
        wanted = Wanted(missing.version, _GOALS[request.move], request.mark, quarantine)
        return Done(now, start_release(wanted, now, lineage, executions))
    write(moved, routes)
    ending.supersede(now, moved)
    return Done(moved)


def _promote(route: Route, request: Request) -> Route:
    return moves.promote(route, _version(request), request.mark)


def _roll_back(route: Route, request: Request) -> Route:
    return moves.roll_back(route, request.version, request.mark, request.quarantine is not False)


def _stop(route: Route, request: Request) -> Route:
    return moves.stop(route, None, request.mark, request.quarantine is True)


def _clear(route: Route, request: Request) -> Route:
    return moves.clear(route, _version(request), request.mark)


MOVES: Mapping[str, Callable[[Route, Request], Route]] = {
    "promote": _promote,
    "rollback": _roll_back,
    "stop": _stop,
    "freeze": lambda route, request: moves.freeze(route, request.mark),
    "thaw": lambda route, request: moves.thaw(route, request.mark),
    "shadow": lambda route, request: moves.shadow(route, request.version, request.share, request.mark),
    "clear": _clear,
}
_GOALS = {"promote": PROMOTE, "rollback": ROLLBACK}
_TAKES: Mapping[str, tuple[str, ...]] = {
    "promote": ("version",),
    "rollback": ("version", "quarantine"),
    "stop": ("quarantine",),
    "freeze": (),
    "thaw": (),
    "shadow": ("version", "share"),
    "clear": ("version",),
}
_NEEDS = {"promote": ("version",), "clear": ("version",)}


@dataclass(frozen=True)
class _Key:
    """A key of the body: ``what`` completes "expected ..."."""

    what: str
    fits: Callable[[Any], bool]


def _whole(least: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and value >= least


_KEYS: Mapping[str, _Key] = {
    "reason": _Key(
        f"a text of 1 to {LONGEST_REASON} letters that says why",
        lambda value: isinstance(value, str) and 0 < len(value.strip()) <= LONGEST_REASON,
    ),
    "version": _Key("the number of a version", _whole(0)),
    "share": _Key("a number above 0 and up to 1", lambda value: type(value) in (int, float) and 0 < value <= 1),
    "quarantine": _Key("true or false", lambda value: isinstance(value, bool)),
    "revision": _Key("the revision of the route that you have seen", _whole(1)),
}


def _version(request: Request) -> int:
    if request.version is None:
        raise Invalid(f"{request.move} needs a version")
    return request.version


def _invalid(problems: list[Problem]) -> Invalid:
    return Invalid("; ".join(map(str, problems)), tuple(problems))
