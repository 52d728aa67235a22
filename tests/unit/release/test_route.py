"""Routes move forward, one revision at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heirloom.adapters.memory import MemoryLineage, MemoryRoutes
from heirloom.core.errors import Conflict
from heirloom.core.lineage.graph import SERVES
from heirloom.core.release.route import Change, RecentRoutes, Route, advance, open_route

CHANGE = Change("wine", 0, "heirloom-wine-v0", "deploy", "2026-11-23T15:10:10.000Z", "the baseline")


class Contested(MemoryRoutes):
    """Somebody else writes first, once."""

    rival: Route | None = None

    def put(self, route: Route) -> None:
        rival, self.rival = self.rival, None
        if rival is not None:
            super().put(rival)
        super().put(route)


def newer(version: int) -> Change:
    return replace(
        CHANGE, version=version, endpoint=f"heirloom-wine-v{version}", changed_at=f"2026-11-23T15:1{version}"
    )


def opened(routes: MemoryRoutes) -> Route:
    return open_route(CHANGE, routes, MemoryLineage())


def test_opens_at_version_0() -> None:
    route = opened(MemoryRoutes())

    assert (route.revision, route.champion, route.previous) == (1, 0, None)


def test_stays_as_it_is_when_the_project_is_deployed_again() -> None:
    routes = MemoryRoutes()
    opened(routes)
    advance(newer(1), routes, MemoryLineage())

    assert open_route(replace(CHANGE, endpoint="heirloom-wine-renamed"), routes, MemoryLineage()).champion == 1


def test_follows_the_baseline_to_a_new_endpoint() -> None:
    routes = MemoryRoutes()
    opened(routes)

    route = open_route(replace(CHANGE, endpoint="heirloom-wine-renamed"), routes, MemoryLineage())

    assert (route.revision, route.endpoint, route.previous) == (2, "heirloom-wine-renamed", None)
    assert routes.get("wine") == route


def test_looks_again_when_somebody_else_was_faster() -> None:
    routes = Contested()
    first = opened(routes)
    routes.rival = replace(first, revision=2, champion=1, endpoint="heirloom-wine-v1")

    outcome = advance(newer(2), routes, MemoryLineage())

    assert (outcome.moved, outcome.revision) == (True, 3)
    route = routes.get("wine")
    assert route is not None
    assert (route.champion, route.previous) == (2, 1)


def test_gives_way_when_a_later_version_was_faster() -> None:
    routes = Contested()
    first = opened(routes)
    routes.rival = replace(first, revision=2, champion=3, endpoint="heirloom-wine-v3")

    outcome = advance(newer(2), routes, MemoryLineage())

    assert (outcome.moved, outcome.reason) == (False, "version 3 already serves")


def test_repeated_after_a_crash_it_only_writes_what_was_not_written() -> None:
    routes, lineage = MemoryRoutes(), MemoryLineage()
    opened(routes)
    advance(newer(1), routes, MemoryLineage())

    outcome = advance(newer(1), routes, lineage)

    assert (outcome.moved, outcome.revision) == (True, 2)
    assert lineage.targets("version#wine/1", SERVES) == ("deployment#wine/2026-11-23T15:11",)


def test_refuses_a_revision_that_is_not_the_next() -> None:
    routes = MemoryRoutes()
    route = opened(routes)

    with pytest.raises(Conflict):
        routes.put(route)


def test_a_remembered_route_is_asked_for_again_after_its_time() -> None:
    now = 0.0
    routes = MemoryRoutes()
    recent = RecentRoutes(routes, 1.0, lambda: now)
    assert recent.get("wine") is None
    opened(routes)
    assert recent.get("wine") == routes.get("wine")
    advance(newer(1), routes, MemoryLineage())

    now = 0.9
    remembered = recent.get("wine")
    now = 1.1
    fresh = recent.get("wine")

    assert remembered is not None
    assert fresh is not None
    assert (remembered.champion, fresh.champion) == (0, 1)
