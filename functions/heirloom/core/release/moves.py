"""What may follow a route. Each move is a pure function: a route and a mark in, the next route out.

A move that is not allowed raises Conflict, which says why; one whose version has no endpoint raises NotReady. People,
the pipeline and the monitor move a route by these alone, so the rules hold for all of them:

- what a route names (champion, previous, canary, shadow) is in ``ready``, and is not quarantined;
- a frozen route takes no canary and no promotion, but can always be taken back;
- each move is the next revision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from heirloom.core.errors import Conflict, NotReady
from heirloom.core.release.route import BASELINE, Canary, Mark, Route, Shadow

Move = Callable[[Route], Route]
READY, PROMOTE, ROLLBACK, STOP, QUARANTINE = "ready", "promote", "rollback", "stop", "quarantine"
"""The actions that a release looks for in the history."""


def ready(route: Route, version: int, endpoint: str, mark: Mark) -> Route:
    """The version is in service at ``endpoint`` and tested. A route that says so already is given back.

    An endpoint that it had before is retired; the baseline's is the stack's own.
    """
    before = route.ready.get(version)
    if before == endpoint:
        return route
    retired = [name for name in route.retired if name != endpoint]
    if before is not None and version != BASELINE:
        retired.append(before)
    return _next(route, READY, mark, ready={**route.ready, version: endpoint}, retired=tuple(retired))


def at_once(route: Route, *steps: Move) -> Route:
    """Several moves in one change, which bears the name of the last: nobody comes in between."""
    moved = route
    for step in steps:
        moved = step(moved)
    return moved if moved == route else replace(moved, revision=route.revision + 1)


def start_canary(route: Route, canary: Canary, mark: Mark) -> Route:
    """Let a later version answer a share of the callers. The same canary again gives the route back.

    It is mirrored to no more, if it was the shadow. Of two versions the later one is tried.
    """
    if route.canary == canary:
        return route
    _refuse_frozen(route)
    _refuse_unfit(route, canary.version)
    _refuse_share(canary.share)
    if canary.version <= route.champion:
        raise Conflict(f"version {route.champion} of {route.model} serves already: a canary is a later version")
    if route.canary and route.canary.version > canary.version:
        raise Conflict(f"version {route.canary.version} of {route.model} is on trial already: it is the later one")
    return _next(route, "canary", mark, canary=canary, shadow=_mirrored(route, canary.version))


def promote(route: Route, version: int, mark: Mark) -> Route:
    """Let the version answer. It ends the canary: that was compared with a champion that is no longer one."""
    _refuse_frozen(route)
    if version == route.champion:
        raise Conflict(f"version {version} of {route.model} is the champion already")
    _refuse_unfit(route, version)
    return _point(route, PROMOTE, version, mark, previous=route.champion)


def forward(route: Route, version: int, mark: Mark) -> Route:
    """Promote without a person: of two runs the later version wins, whatever the order. Else the route as it is."""
    return route if route.champion >= version else promote(route, version, mark)


def roll_back(route: Route, to: int | None, mark: Mark, quarantine: bool = True) -> Route:
    """Let an earlier version answer again, and quarantine the one that is left unless told otherwise.

    Without ``to`` it is the champion before, if that is good, else the newest earlier good version that is ready.
    """
    target = to if to is not None else earlier(route)
    if target >= route.champion:
        wanted = "the baseline, and nothing is before it" if route.champion == BASELINE else "the champion"
        raise Conflict(f"version {route.champion} of {route.model} is {wanted}: a rollback goes to an earlier version")
    _refuse_unfit(route, target)
    left = {route.champion: mark} if quarantine else {}
    previous = None if quarantine else route.champion
    return _point(route, ROLLBACK, target, mark, previous=previous, quarantined={**route.quarantined, **left})


def earlier(route: Route) -> int:
    """The version that a rollback without a wish goes to; the champion itself when nothing is before it."""
    good = [version for version in route.ready if version < route.champion and version not in route.quarantined]
    return route.previous if route.previous in good else max(good, default=route.champion)


def stop(route: Route, release: str | None, mark: Mark, quarantine: bool) -> Route:
    """End the canary, of this release when one is given; ``quarantine`` marks its version as bad."""
    canary = route.canary
    if canary is None:
        raise Conflict(f"{route.model} has no canary: there is nothing to stop")
    if release is not None and canary.release != release:
        raise Conflict(f"the canary of {route.model} is of the release {canary.release}, not of {release}")
    bad = {canary.version: mark} if quarantine else {}
    return _next(route, STOP, mark, canary=None, **_without(route, bad))


def shadow(route: Route, version: int | None, share: float, mark: Mark) -> Route:
    """Mirror a share of the requests to the version, or to none any more."""
    if version is None:
        if route.shadow is None:
            raise Conflict(f"{route.model} has no shadow: there is nothing to end")
        return _next(route, "shadow", mark, shadow=None)
    _refuse_unfit(route, version)
    _refuse_share(share)
    if version == route.champion:
        raise Conflict(f"version {version} of {route.model} is the champion: a shadow is another version")
    if route.canary and version == route.canary.version:
        raise Conflict(f"version {version} of {route.model} is the canary: a shadow is another version")
    return _next(route, "shadow", mark, shadow=Shadow(version, share))


def freeze(route: Route, mark: Mark) -> Route:
    """Refuse promotions and canaries until it is thawed."""
    _refuse_frozen(route)
    return _next(route, "freeze", mark, frozen=mark)


def thaw(route: Route, mark: Mark) -> Route:
    """Take a freeze back."""
    if route.frozen is None:
        raise Conflict(f"the route of {route.model} is not frozen")
    return _next(route, "thaw", mark, frozen=None)


def quarantine(route: Route, version: int, mark: Mark) -> Route:
    """Mark a version as bad: it is pointed at no more, by nobody, until it is cleared."""
    if version == route.champion:
        raise Conflict(f"version {version} of {route.model} is the champion: roll back, which quarantines it")
    if version == BASELINE:
        raise Conflict(f"version {BASELINE} of {route.model} is the floor of every rollback: it is never quarantined")
    if version in route.quarantined:
        raise Conflict(_bad(route, version))
    canary = route.canary if route.canary and route.canary.version != version else None
    return _next(route, QUARANTINE, mark, canary=canary, **_without(route, {version: mark}))


def clear(route: Route, version: int, mark: Mark) -> Route:
    """Take a version out of quarantine."""
    if version not in route.quarantined:
        raise Conflict(f"version {version} of {route.model} is not quarantined")
    left = {number: why for number, why in route.quarantined.items() if number != version}
    return _next(route, "clear", mark, quarantined=left)


def retire(route: Route, versions: Iterable[int], mark: Mark, deleted: Iterable[str] = ()) -> Route:
    """Take versions out of ``ready``, so that their endpoints may be deleted; forget those that are ``deleted``."""
    going = frozenset(versions)
    for version in sorted(going & named(route)):
        raise Conflict(f"version {version} of {route.model} is named by its route: its endpoint stays")
    left = {version: name for version, name in route.ready.items() if version not in going}
    waiting = set(route.retired) - set(deleted)
    gone = [name for version, name in sorted(route.ready.items()) if version in going]
    return _next(route, "retire", mark, ready=left, retired=(*sorted(waiting), *gone))


def remove(route: Route, mark: Mark) -> Route:
    """The last line of the history before the model's route is taken away."""
    return _next(route, "remove", mark)


def named(route: Route) -> frozenset[int]:
    """The versions whose endpoints the route needs: champion, previous, canary, shadow and the baseline."""
    trials = (trial.version for trial in (route.canary, route.shadow) if trial)
    previous = (route.previous,) if route.previous is not None else ()
    return frozenset((route.champion, BASELINE, *previous, *trials))


def _next(route: Route, action: str, mark: Mark, **changes: Any) -> Route:
    return replace(route, revision=route.revision + 1, action=action, change=mark, release=None, **changes)


def _point(route: Route, action: str, version: int, mark: Mark, **changes: Any) -> Route:
    """The version becomes the champion; what was tried beside the one before is tried no more."""
    return _next(route, action, mark, champion=version, canary=None, shadow=_mirrored(route, version), **changes)


def _mirrored(route: Route, version: int) -> Shadow | None:
    """The shadow, unless it is this version, which gets requests of its own from now on."""
    return route.shadow if route.shadow and route.shadow.version != version else None


def _without(route: Route, bad: dict[int, Mark]) -> dict[str, Any]:
    """The changes that keep a route from naming versions that are bad from now on."""
    return {
        "quarantined": {**route.quarantined, **bad},
        "shadow": route.shadow if route.shadow and route.shadow.version not in bad else None,
        "previous": route.previous if route.previous not in bad else None,
    }


def _refuse_frozen(route: Route) -> None:
    if route.frozen:
        who = f"{route.frozen.by} has frozen the route of {route.model} since {route.frozen.at}: {route.frozen.reason}"
        raise Conflict(f"{who}. Ask them, or take it back with `heirloom release thaw {route.model}`")


def _refuse_unfit(route: Route, version: int) -> None:
    if version in route.quarantined:
        raise Conflict(_bad(route, version))
    if version not in route.ready:
        how = f"`heirloom release promote {route.model} {version}` makes one, and then lets the version answer"
        raise NotReady(f"version {version} of {route.model} has no endpoint: {how}", version)


def _refuse_share(share: float) -> None:
    if not 0 < share <= 1:
        raise Conflict(f"expected a share of the requests above 0 and up to 1, got {share}")


def _bad(route: Route, version: int) -> str:
    mark = route.quarantined[version]
    why = f"version {version} of {route.model} is quarantined, by {mark.by} since {mark.at}: {mark.reason}"
    return f"{why}. `heirloom release clear {route.model} {version}` takes that back"
