"""A route as it is kept, remembered and recorded."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from heirloom.adapters.memory import MemoryLineage, MemoryRoutes
from heirloom.core.errors import Conflict, Denied, HeirloomError, Unavailable
from heirloom.core.lineage.graph import SERVES, SHADOWS, TRIES, Edge, Node
from heirloom.core.release.change import write
from heirloom.core.release.route import OPEN, Canary, Mark, RecentRoutes, Route, Shadow, history_of

MARK = Mark("deploy", "2026-11-23T15:10:10.000Z", "the baseline")
FIRST = Route("wine", 1, 0, {0: "heirloom-wine-v0"}, OPEN, MARK)
FULL = Route(
    model="wine",
    revision=9,
    champion=10,
    ready={0: "heirloom-wine-v0", 9: "heirloom-wine-v9", 10: "heirloom-wine-v10", 11: "heirloom-wine-v11"},
    action="canary",
    change=MARK,
    previous=9,
    canary=Canary(11, 0.1, 2000, "wine-1a2b3c"),
    shadow=Shadow(9, 1.0),
    frozen=MARK,
    quarantined={8: MARK},
    retired=("heirloom-wine-v7",),
    release="wine-1a2b3c",
)


class Broken(MemoryRoutes):
    """A table that can't be read while ``error`` is set; ``asked`` counts the reads."""

    error: HeirloomError | None = None
    asked = 0

    def get(self, model: str) -> Route | None:
        self.asked += 1
        if self.error:
            raise self.error
        return super().get(model)


class Watch:
    """Seconds, as the test sets them."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Slow(Broken):
    """A table whose failure takes two seconds of ``watch``."""

    watch: Watch | None = None

    def get(self, model: str) -> Route | None:
        if self.watch:
            self.watch.now += 2
        return super().get(model)


def test_comes_back_from_json_as_it_was() -> None:
    for route in (FIRST, FULL):
        assert Route.from_document(json.loads(json.dumps(route.to_document()))) == route


def test_the_endpoint_is_the_champion_s() -> None:
    assert FULL.endpoint == "heirloom-wine-v10"


def test_its_record_says_who_changed_what_when_and_why() -> None:
    node, edges = history_of(FULL)

    assert node == Node("change", "wine/9", "wine", MARK.at, FULL.to_document(), node.summary)
    assert node.summary == {
        "revision": 9,
        "action": "canary",
        "champion": 10,
        "canary": 11,
        "shadow": 9,
        "by": "deploy",
        "at": MARK.at,
        "reason": "the baseline",
        "release": "wine-1a2b3c",
        "retired": ["heirloom-wine-v7"],
    }
    assert edges == (
        Edge("version#wine/10", SERVES, "change#wine/9"),
        Edge("version#wine/11", TRIES, "change#wine/9"),
        Edge("version#wine/9", SHADOWS, "change#wine/9"),
    )


def test_its_record_leads_to_no_version_that_is_not_there() -> None:
    _, edges = history_of(FIRST)

    assert edges == (Edge("version#wine/0", SERVES, "change#wine/1"),)


def test_a_remembered_route_is_asked_for_again_after_its_time() -> None:
    watch, routes = Watch(), Broken()
    recent = RecentRoutes(routes, 1.0, watch)
    assert recent.get("wine") is None
    write(FIRST, routes)
    assert recent.get("wine") == FIRST
    second = replace(FIRST, revision=2, action="ready")
    write(second, routes)

    watch.now = 0.9
    assert recent.get("wine") == FIRST
    watch.now = 1.1
    assert recent.get("wine") == second


def test_a_route_that_was_taken_away_is_forgotten() -> None:
    watch, routes = Watch(), Broken()
    recent = RecentRoutes(routes, 1.0, watch)
    write(FIRST, routes)
    recent.get("wine")
    routes.delete("wine")

    watch.now = 1.1
    assert recent.get("wine") is None
    routes.error = Unavailable("throttled")
    with pytest.raises(Unavailable):
        recent.get("wine")


@pytest.mark.parametrize("error", [Unavailable("throttled"), Denied("not allowed")])
def test_an_old_route_answers_while_the_table_can_not_be_read(error: HeirloomError) -> None:
    watch, routes = Watch(), Broken()
    recent = RecentRoutes(routes, 1.0, watch)
    write(FIRST, routes)
    recent.get("wine")
    routes.error = error

    for watch.now in (1.5, 2.6, 30, 60):
        assert recent.get("wine") == FIRST
    watch.now = 61.1
    with pytest.raises(type(error)):
        recent.get("wine")


def test_a_table_that_can_not_be_read_is_asked_no_more_often_than_one_that_can() -> None:
    watch, routes = Watch(), Broken()
    recent = RecentRoutes(routes, 1.0, watch)
    write(FIRST, routes)
    recent.get("wine")
    routes.error = Unavailable("throttled")

    for watch.now in (2.0, 2.1, 2.9):
        recent.get("wine")

    assert routes.asked == 2


def test_a_read_that_fails_slowly_is_not_waited_for_by_every_request() -> None:
    """It fails after two seconds, and a route is kept for one."""
    watch, routes = Watch(), Slow()
    recent = RecentRoutes(routes, 1.0, watch)
    write(FIRST, routes)
    recent.get("wine")
    routes.watch, routes.error = watch, Unavailable("timed out")

    watch.now = 2.0
    for _ in range(5):
        recent.get("wine")
        watch.now += 0.1

    assert routes.asked == 2


def test_a_table_that_can_be_read_again_is_believed_again() -> None:
    watch, routes = Watch(), Broken()
    recent = RecentRoutes(routes, 1.0, watch)
    write(FIRST, routes)
    recent.get("wine")
    write(replace(FIRST, revision=2, action="ready"), routes)
    routes.error = Unavailable("throttled")
    watch.now = 50
    recent.get("wine")
    routes.error = None

    watch.now = 51
    route = recent.get("wine")

    assert route is not None
    assert route.revision == 2


def test_without_a_route_to_fall_back_on_the_error_is_told() -> None:
    routes = Broken()
    routes.error = Unavailable("throttled")

    with pytest.raises(Unavailable, match="throttled"):
        RecentRoutes(routes, 1.0, Watch()).get("wine")


def test_of_two_routes_of_one_revision_the_first_stays() -> None:
    lineage = MemoryLineage()
    routes = MemoryRoutes(lineage)
    write(FIRST, routes)
    write(replace(FIRST, revision=2, action="ready"), routes)

    with pytest.raises(Conflict, match="changed meanwhile"):
        write(replace(FIRST, revision=2, action="freeze"), routes)

    assert [entry.summary["action"] for entry in lineage.changes("wine", 10).entries] == ["ready", "open"]
