"""What people ask of a release: what they may write, what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from heirloom.core.errors import Conflict, Invalid, NotFound, NotReady
from heirloom.core.release.change import Ending
from heirloom.core.release.order import MOST_NAMES
from heirloom.core.release.request import Done, Request, parse_request, perform, planned
from heirloom.core.release.route import Mark, Route
from heirloom.core.run.upload import Execution
from tests.unit.world import World, payload, released

ANA = "arn:aws:iam::111122223333:user/ana"
AT = "2026-11-23T16:00:00.000Z"
MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:ReleaseFlightDelay-9f8e7d"


def wish(move: str, **document: Any) -> Request:
    return parse_request("flight-delay", move, {"reason": "why not", **document}, ANA, AT)


def route_of(world: World) -> Route:
    route = world.routes.get("flight-delay")
    assert route is not None
    return route


def done(world: World, move: str, **document: Any) -> Done:
    ending = Ending(world.trials, world.answers)
    return perform(wish(move, **document), world.routes, world.lineage, world.executions, ending)


@pytest.fixture
def grown(deployed: World) -> World:
    """Versions 1 to 5 were released one after the other: 2 to 5 have endpoints, 5 answers."""
    for number in range(1, 6):
        deployed.carry(deployed.upload(f"v{number}"))
    return deployed


@pytest.mark.parametrize(
    ("move", "document", "request_"),
    [
        ("promote", {"version": 3, "revision": 7}, {"version": 3, "revision": 7}),
        ("rollback", {}, {}),
        ("rollback", {"version": 0, "quarantine": False}, {"version": 0, "quarantine": False}),
        ("rollback", {"version": None}, {}),
        ("stop", {"quarantine": True}, {"quarantine": True}),
        ("freeze", {}, {}),
        ("thaw", {}, {}),
        ("shadow", {"version": 3, "share": 1}, {"version": 3, "share": 1}),
        ("clear", {"version": 3}, {"version": 3}),
    ],
)
def test_reads_a_wish(move: str, document: dict[str, Any], request_: dict[str, Any]) -> None:
    assert wish(move, **document) == Request("flight-delay", move, Mark(ANA, AT, "why not"), **request_)


@pytest.mark.parametrize(
    ("move", "document", "fields"),
    [
        ("rollback", {"reason": None}, ["reason"]),
        ("rollback", {"reason": "  "}, ["reason"]),
        ("rollback", {"reason": "x" * 501}, ["reason"]),
        ("promote", {}, ["version"]),
        ("promote", {"version": "3"}, ["version"]),
        ("promote", {"version": -1}, ["version"]),
        ("promote", {"version": True}, ["version"]),
        ("clear", {}, ["version"]),
        ("freeze", {"version": 3}, ["version"]),
        ("shadow", {"version": 3, "share": 0}, ["share"]),
        ("shadow", {"version": 3, "share": True}, ["share"]),
        ("stop", {"quarantine": "yes"}, ["quarantine"]),
        ("thaw", {"revision": 0, "why": 1, "reason": 7}, ["reason", "revision", "why"]),
    ],
)
def test_refuses_a_wish_with_every_problem(move: str, document: dict[str, Any], fields: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        wish(move, **document)

    assert [problem.where for problem in refused.value.problems] == fields


def test_refuses_what_is_no_object() -> None:
    with pytest.raises(Invalid, match="body: expected an object"):
        parse_request("flight-delay", "freeze", ["reason"], ANA, AT)


def test_knows_its_moves() -> None:
    with pytest.raises(NotFound, match="no move 'undo': expected one of promote, rollback, stop"):
        wish("undo")


@pytest.mark.parametrize("move", ["promote", "clear"])
def test_a_move_of_a_version_needs_one(grown: World, move: str) -> None:
    with pytest.raises(Invalid, match="needs a version"):
        planned(Request("flight-delay", move, Mark(ANA, AT, "why not")), route_of(grown))


@pytest.mark.parametrize(
    ("move", "document", "champion", "quarantined"),
    [
        ("promote", {"version": 3}, 3, []),
        ("rollback", {}, 4, [5]),
        ("rollback", {"version": 2, "quarantine": False}, 2, []),
        ("freeze", {}, 5, []),
        ("shadow", {"version": 3}, 5, []),
    ],
)
def test_moves_the_route_in_one_write(
    grown: World, move: str, document: dict[str, Any], champion: int, quarantined: list[int]
) -> None:
    before = route_of(grown)

    after = done(grown, move, **document)

    assert after.execution is None
    assert after.route == route_of(grown)
    assert (after.route.champion, list(after.route.quarantined)) == (champion, quarantined)
    assert after.route.revision == before.revision + 1
    assert after.route.change == Mark(ANA, AT, "why not")


def test_takes_a_freeze_and_a_quarantine_back(grown: World) -> None:
    done(grown, "freeze")
    done(grown, "rollback")

    done(grown, "thaw")
    done(grown, "clear", version=5)
    after = done(grown, "promote", version=5)

    assert (after.route.champion, after.route.frozen, dict(after.route.quarantined)) == (5, None, {})


def test_a_change_of_a_revision_that_is_past_is_refused_with_what_came_after(grown: World) -> None:
    seen = route_of(grown).revision
    done(grown, "freeze")

    with pytest.raises(Conflict, match=rf"at revision {seen + 1}, not {seen} \(freeze by .*ana at 2026"):
        done(grown, "rollback", revision=seen)


def test_a_model_that_is_not_there_can_not_be_changed(world: World) -> None:
    with pytest.raises(NotFound, match="flight-delay has no route"):
        done(world, "freeze")


def test_ends_the_trial_of_the_canary_it_stops(grown: World) -> None:
    release = released(grown.carry(grown.upload("v6"), 6))
    grown.try_out(release)

    after = done(grown, "stop", quarantine=True)

    assert (after.route.canary, list(after.route.quarantined)) == (None, [6])
    assert grown.answers.sent == {"token-1": {"outcome": "superseded", "reason": f"stop by {ANA}: why not"}}


@pytest.mark.parametrize("goal", ["promote", "rollback"])
def test_a_version_without_an_endpoint_gets_one_first(grown: World, goal: str) -> None:
    before = route_of(grown)

    after = done(grown, goal, version=1)

    name = f"flight-delay-v1-{goal[0]}{before.revision}"
    assert (after.execution, after.route, route_of(grown)) == (name, before, before)
    version = grown.lineage.node("version", "flight-delay/1")
    assert version is not None
    assert grown.executions.started[MACHINE, name] == {
        "release": {"id": name, "goal": goal, "by": ANA, "at": AT, "reason": "why not"}
        | {"quarantine": True, "champion": 5},
        "run": {"id": None, "model": "flight-delay", "at": AT, "dataset": version.data["dataset"]},
        "version": {"number": 1, "name": f"heirloom-{name}"},
        "deployment": {
            "image": version.data["image"],
            "model_uri": version.data["model_uri"],
            "variants": [{**version.data["variants"][0], "ModelName": f"heirloom-{name}"}],
            "scaling": None,
        },
        "canary": None,
        "keep": 2,
    }


def test_asked_again_it_is_the_same_release(grown: World) -> None:
    first = done(grown, "rollback", version=1)

    assert done(grown, "rollback", version=1) == first
    assert [name for machine, name in grown.executions.started if machine == MACHINE] == [first.execution]


def test_asked_again_after_it_failed_it_is_another_one(grown: World) -> None:
    first = done(grown, "rollback", version=1, quarantine=False).execution
    assert first is not None
    grown.executions.ended[first] = Execution("FAILED")

    second = done(grown, "rollback", version=1, quarantine=False).execution

    assert second == f"{first}-2"
    started = grown.executions.started[MACHINE, second]
    assert started["version"]["name"] == f"heirloom-{second}"
    assert started["release"]["quarantine"] is False


def test_another_wish_for_the_same_version_is_another_release(grown: World) -> None:
    back, forward = done(grown, "rollback", version=1).execution, done(grown, "promote", version=1).execution

    started = {name: state for (machine, name), state in grown.executions.started.items() if machine == MACHINE}
    assert back != forward
    assert [started[name]["release"]["goal"] for name in (back, forward) if name] == ["rollback", "promote"]
    assert len({started[name]["version"]["name"] for name in (back, forward) if name}) == 2


def test_a_removed_project_s_endpoints_that_were_made_again_are_taken_down(grown: World) -> None:
    for goal in ("rollback", "promote"):
        name = done(grown, goal, version=1).execution
        grown.deployments.up.add(grown.executions.started[MACHINE, str(name)]["version"]["name"])

    grown.project(payload("register_project.delete"))

    assert grown.deployments.up == set()


def test_does_not_try_for_ever(grown: World) -> None:
    for _ in range(MOST_NAMES):
        name = done(grown, "rollback", version=1).execution
        assert name is not None
        grown.executions.ended[name] = Execution("FAILED")

    how = f"20 releases of version 1 of flight-delay have failed.*list-executions --state-machine-arn {MACHINE}"
    with pytest.raises(Conflict, match=how):
        done(grown, "rollback", version=1)


def test_a_version_that_never_was_can_not_be_made(grown: World) -> None:
    with pytest.raises(NotFound, match="no version 99 of flight-delay"):
        done(grown, "promote", version=99)


def test_a_version_of_a_removed_project_can_not_be_made(grown: World) -> None:
    route = route_of(grown)
    grown.project(payload("register_project.delete"))
    grown.routes._routes["flight-delay"] = route

    with pytest.raises(NotFound, match="no version 1 of flight-delay"):
        done(grown, "promote", version=1)


def test_a_shadow_needs_an_endpoint_that_is_there(grown: World) -> None:
    with pytest.raises(NotReady, match="version 1 of flight-delay has no endpoint"):
        done(grown, "shadow", version=1)


def test_a_frozen_route_has_no_endpoint_made_for_a_promotion(grown: World) -> None:
    done(grown, "freeze")

    with pytest.raises(Conflict, match="ana has frozen"):
        done(grown, "promote", version=1)
