"""Endpoints go when nobody needs them: out of the route first, then down."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heirloom import wiring
from heirloom.adapters.memory import MemoryDeployments
from heirloom.core.errors import Unavailable
from heirloom.core.release import moves
from heirloom.core.release.change import change
from heirloom.core.release.retire import SETTLED, superfluous
from heirloom.core.release.route import Canary, Mark, Route, Shadow
from tests.unit.world import World, released

MARK = Mark("pipeline", "2026-11-23T15:10:10.000Z", "trained")
ROUTE = Route("wine", 9, 6, {n: f"e{n}" for n in range(8)}, "promote", MARK, previous=5)


@pytest.mark.parametrize(
    ("route", "keep", "going"),
    [
        (ROUTE, 2, (1, 2)),
        (ROUTE, 0, (1, 2, 3, 4)),
        (ROUTE, 9, ()),
        (replace(ROUTE, quarantined={4: MARK}), 2, (1, 4)),
        (replace(ROUTE, quarantined=dict.fromkeys((2, 3, 4), MARK)), 2, (2, 3)),
        (replace(ROUTE, shadow=Shadow(1, 1.0)), 2, (2,)),
        (replace(ROUTE, canary=Canary(7, 0.1, 2000, "r"), previous=None), 2, (1, 2, 3)),
        (replace(ROUTE, champion=0, previous=None), 0, ()),
        (replace(ROUTE, quarantined={7: MARK}), 2, (1, 2, 7)),
        (replace(ROUTE, quarantined={7: MARK}), 5, ()),
    ],
)
def test_the_newest_good_ones_stay(route: Route, keep: int, going: tuple[int, ...]) -> None:
    assert superfluous(route, keep) == going


@given(
    champion=st.integers(0, 7),
    previous=st.none() | st.integers(0, 7),
    bad=st.sets(st.integers(1, 7)),
    keep=st.integers(0, 4),
)
def test_what_goes_is_never_what_a_route_names(champion: int, previous: int | None, bad: set[int], keep: int) -> None:
    route = replace(ROUTE, champion=champion, previous=previous, quarantined=dict.fromkeys(bad - {champion}, MARK))

    going = superfluous(route, keep)

    assert not moves.named(route) & set(going)
    assert all(version < champion or version in bad for version in going)
    assert not going or moves.retire(route, going, MARK).retired == tuple(f"e{version}" for version in going)


def trained(world: World, count: int) -> dict[str, Any]:
    for number in range(1, count):
        world.carry(world.upload(f"v{number}"))
    state = world.carry(world.upload(f"v{count}"), 6)
    world.move("promote", released(state))
    return released(state)


def test_an_endpoint_leaves_the_route_before_it_is_deleted(deployed: World) -> None:
    release = trained(deployed, 5)
    seen: list[bool] = []

    class Watched(MemoryDeployments):
        def take_down(self, name: str) -> None:
            route = deployed.routes.get("flight-delay")
            assert route is not None
            seen.append(name in route.ready.values())
            super().take_down(name)

    deployed.deployments = Watched(deployed.deployments.up)

    assert deployed.retire(release) == ["heirloom-flight-delay-v1"]
    assert seen == [False]
    assert deployed.deployments.up == {f"heirloom-flight-delay-v{number}" for number in (2, 3, 4, 5)}


def test_a_step_that_died_between_route_and_endpoint_is_made_good(deployed: World) -> None:
    release = trained(deployed, 5)
    deployed.deployments = Busy(deployed.deployments.up)
    with pytest.raises(Unavailable):
        deployed.retire(release)

    assert deployed.retire(release) == ["heirloom-flight-delay-v1"]
    route = deployed.routes.get("flight-delay")
    assert route is not None
    assert (route.action, route.retired) == ("retire", ("heirloom-flight-delay-v1",))
    assert "heirloom-flight-delay-v1" not in deployed.deployments.up


class Busy(MemoryDeployments):
    """An endpoint can't be deleted, once."""

    busy = True

    def take_down(self, name: str) -> None:
        if self.busy:
            self.busy = False
            raise Unavailable("in-progress")
        super().take_down(name)


def test_one_that_can_not_be_deleted_does_not_keep_the_others(deployed: World) -> None:
    trained(deployed, 5)
    change("flight-delay", lambda route: moves.retire(route, [1, 2], MARK), deployed.routes)
    release = released(deployed.carry(deployed.upload("v6"), 6))
    deployed.move("promote", release)
    release["keep"] = 1
    deployed.deployments = Busy(deployed.deployments.up)

    with pytest.raises(Unavailable):
        deployed.retire(release)

    left = {f"heirloom-flight-delay-v{number}" for number in (1, 4, 5, 6)}
    assert deployed.deployments.up == left
    assert "heirloom-flight-delay-v1" in deployed.retire(release)
    assert deployed.deployments.up == left - {"heirloom-flight-delay-v1"}


def test_what_could_not_be_deleted_is_remembered_however_much_happens(deployed: World) -> None:
    release = trained(deployed, 5)
    deployed.deployments = Busy(deployed.deployments.up)
    with pytest.raises(Unavailable):
        deployed.retire(release)
    for _ in range(60):
        change("flight-delay", lambda route: moves.freeze(route, MARK), deployed.routes)
        change("flight-delay", lambda route: moves.thaw(route, MARK), deployed.routes)

    assert deployed.retire(release) == ["heirloom-flight-delay-v1"]


def test_what_is_deleted_is_forgotten_by_the_next_retirement(deployed: World) -> None:
    trained(deployed, 5)
    deployed.carry(deployed.upload("v6"))
    deployed.carry(deployed.upload("v7"))

    route = deployed.routes.get("flight-delay")
    assert route is not None
    assert route.retired == ("heirloom-flight-delay-v3",)


def test_an_endpoint_that_was_made_again_leaves_the_one_before_to_be_deleted(deployed: World) -> None:
    release = trained(deployed, 3)
    name = "heirloom-flight-delay-v3-r9"
    deployed.deployments.up.add(name)
    change("flight-delay", lambda route: moves.ready(route, 3, name, MARK), deployed.routes)

    assert deployed.retire(release) == ["heirloom-flight-delay-v3"]
    assert name in deployed.deployments.up


def test_nothing_is_deleted_before_every_caller_has_seen_the_route(deployed: World) -> None:
    release = trained(deployed, 5)
    seen: list[list[float]] = []

    class Watched(MemoryDeployments):
        def take_down(self, name: str) -> None:
            seen.append([*deployed.paused])
            super().take_down(name)

    deployed.paused.clear()
    deployed.deployments = Watched(deployed.deployments.up)

    deployed.retire(release)

    assert seen == [[SETTLED]]
    assert SETTLED > wiring.ROUTE_SECONDS


def test_an_endpoint_that_is_ready_again_stays(deployed: World) -> None:
    release = trained(deployed, 5)
    deployed.retire(release)
    name = "heirloom-flight-delay-v1"
    change("flight-delay", lambda route: moves.ready(route, 1, name, MARK), deployed.routes)
    deployed.deployments.up.add(name)
    release["keep"] = 9

    assert deployed.retire(release) == []
    assert name in deployed.deployments.up


def test_nothing_is_written_where_nothing_goes(deployed: World) -> None:
    release = trained(deployed, 2)
    before = deployed.routes.get("flight-delay")

    deployed.paused.clear()

    assert deployed.retire(release) == []
    assert deployed.routes.get("flight-delay") == before
    assert deployed.paused == []
