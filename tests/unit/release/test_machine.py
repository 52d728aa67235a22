"""What the steps of a release do to the route, and what the run's history says of it."""

from __future__ import annotations

from typing import Any

import pytest

from heirloom.core.errors import Conflict
from heirloom.core.release import moves
from heirloom.core.release.change import change
from heirloom.core.release.route import Mark, Route
from tests.unit.world import World, payload, released

ANA = Mark("arn:aws:iam::111122223333:user/ana", "2026-11-23T16:00:00.000Z", "not before Monday")
BETTER = {"outcome": "better", "reason": "0.2% errors, the champion 0.3%"}
WORSE = {"outcome": "worse", "reason": "12% errors, the champion 0.3%"}
UNDECIDED = {"outcome": "undecided", "reason": "no verdict within 3600 seconds"}
SUPERSEDED = {"outcome": "superseded", "reason": "canary by pipeline: on trial with 10% of the callers"}


def route_of(world: World) -> Route:
    route = world.routes.get("flight-delay")
    assert route is not None
    return route


def on_trial(world: World, name: str = "v1") -> dict[str, Any]:
    """A release whose canary is running."""
    release = released(world.carry(world.upload(name), 6))
    world.try_out(release)
    return release


def last_event(world: World, release: dict[str, Any]) -> tuple[str, str, str | None]:
    event = world.lineage.history(release["run"]["id"])[-1]
    return event.stage, event.state, event.detail.get("reason")


def by_person(world: World, move: Any) -> None:
    change("flight-delay", move, world.routes)


def test_a_tested_version_is_ready_and_does_not_answer_yet(deployed: World) -> None:
    release = released(deployed.carry(deployed.upload(), 5))

    outcome = deployed.move("ready", release)

    route = route_of(deployed)
    assert (route.champion, dict(route.ready)) == (0, {0: "heirloom-flight-delay-v0", 1: "heirloom-flight-delay-v1"})
    assert outcome == {
        "moved": True,
        "revision": 2,
        "reason": "tested: heirloom-flight-delay-v1 answers as training did",
        "outcome": "ready",
    }
    assert last_event(deployed, release)[0] == "test"


def test_a_better_canary_is_promoted_for_what_it_has_shown(deployed: World) -> None:
    release = {**on_trial(deployed), "verdict": BETTER}

    outcome = deployed.move("promote", release)

    route = route_of(deployed)
    assert (route.champion, route.canary, route.change.reason) == (1, None, BETTER["reason"])
    assert (outcome["moved"], outcome["outcome"]) == (True, "promoted")
    assert last_event(deployed, release) == ("route", "done", None)


def test_a_worse_canary_is_taken_back_and_marked(deployed: World) -> None:
    release = {**on_trial(deployed), "verdict": WORSE}

    outcome = deployed.move("stop", release)

    route = route_of(deployed)
    assert (route.champion, route.canary, route.action) == (0, None, "stop")
    assert route.quarantined[1].reason == WORSE["reason"]
    assert (outcome["moved"], outcome["outcome"], outcome["reason"]) == (True, "stopped", WORSE["reason"])
    assert last_event(deployed, release) == ("route", "failed", WORSE["reason"])


def test_a_canary_that_ran_out_of_time_is_taken_back_and_not_marked(deployed: World) -> None:
    release = {**on_trial(deployed), "verdict": UNDECIDED}

    outcome = deployed.move("stop", release)

    assert (outcome["outcome"], dict(route_of(deployed).quarantined)) == ("stopped", {})


@pytest.mark.parametrize(("move", "verdict"), [("promote", BETTER), ("stop", WORSE), ("stop", UNDECIDED)])
def test_a_step_repeated_after_a_lost_answer_says_the_same(deployed: World, move: str, verdict: dict[str, str]) -> None:
    release = {**on_trial(deployed), "verdict": verdict}

    first = deployed.move(move, release)
    events = deployed.lineage.history(release["run"]["id"])
    second = deployed.move(move, release)

    assert second == first
    assert deployed.lineage.history(release["run"]["id"]) == events


def test_a_canary_that_a_person_has_promoted_is_not_taken_back(deployed: World) -> None:
    release = {**on_trial(deployed), "verdict": WORSE}
    by_person(deployed, lambda route: moves.promote(route, 1, ANA))

    outcome = deployed.move("stop", release)

    route = route_of(deployed)
    assert (route.champion, dict(route.quarantined)) == (1, {})
    assert (outcome["moved"], outcome["outcome"]) == (False, "superseded")


def test_a_canary_that_a_person_has_stopped_fails_the_run_with_who_and_why(deployed: World) -> None:
    stopped = {"outcome": "superseded", "reason": "stop by ana: the wrong month"}
    release = {**on_trial(deployed), "verdict": stopped}
    by_person(deployed, lambda route: moves.stop(route, None, ANA, False))

    outcome = deployed.move("stop", release)

    assert (outcome["outcome"], dict(route_of(deployed).quarantined)) == ("stopped", {})
    assert last_event(deployed, release) == ("route", "failed", "stop by ana: the wrong month")


def test_a_canary_whose_place_another_took_is_superseded(deployed: World) -> None:
    older = {**on_trial(deployed), "verdict": SUPERSEDED}
    newer = on_trial(deployed, "v2")

    outcome = deployed.move("stop", older)

    route = route_of(deployed)
    assert route.canary is not None
    assert route.canary.release == newer["release"]["id"]
    assert (outcome["moved"], outcome["outcome"], dict(route.quarantined)) == (False, "superseded", {})
    assert last_event(deployed, older) == ("route", "superseded", SUPERSEDED["reason"])


def test_a_worse_canary_is_marked_even_when_another_took_its_place(deployed: World) -> None:
    older = {**on_trial(deployed), "verdict": WORSE}
    newer = on_trial(deployed, "v2")

    deployed.move("stop", older)

    route = route_of(deployed)
    assert route.canary is not None
    assert route.canary.release == newer["release"]["id"]
    assert list(route.quarantined) == [1]


def test_a_promotion_ends_the_trial_of_another_release(deployed: World) -> None:
    on_trial(deployed)
    newer = released(deployed.carry(deployed.upload("v2"), 6))

    deployed.move("promote", newer)

    assert route_of(deployed).canary is None
    assert deployed.answers.sent["token-1"]["outcome"] == "superseded"


def test_a_frozen_route_fails_the_promotion_with_who_and_why(deployed: World) -> None:
    release = released(deployed.carry(deployed.upload(), 6))
    by_person(deployed, lambda route: moves.freeze(route, ANA))

    with pytest.raises(Conflict, match=r"ana has frozen the route of flight-delay since 2026-11-23T16.*before Monday"):
        deployed.move("promote", release)


def test_automation_never_promotes_what_is_marked_as_bad(deployed: World) -> None:
    release = released(deployed.carry(deployed.upload(), 6))
    by_person(deployed, lambda route: moves.quarantine(route, 1, ANA))

    with pytest.raises(Conflict, match="version 1 of flight-delay is quarantined"):
        deployed.move("promote", release)


def ordered(world: World, goal: str) -> dict[str, Any]:
    """A person's release of version 1, whose endpoint was removed; version 5 answers."""
    for number in range(1, 6):
        world.carry(world.upload(f"v{number}"))
    release: dict[str, Any] = payload("move_route.rollback")["state"]
    release["release"]["goal"] = goal
    world.serve(release)
    world.move("ready", release)
    return release


def test_a_rollback_moves_to_the_endpoint_that_was_made_again(deployed: World) -> None:
    release = ordered(deployed, "rollback")

    outcome = deployed.move("rollback", release)

    route = route_of(deployed)
    assert (route.champion, route.endpoint, list(route.quarantined)) == (1, "heirloom-flight-delay-v1-9", [5])
    assert (route.change.by, route.change.reason) == (release["release"]["by"], "late flights are missed")
    assert outcome["outcome"] == "rolled back"
    assert deployed.move("rollback", release) == outcome


def test_a_rollback_marks_nothing_where_nobody_wants_it(deployed: World) -> None:
    release = ordered(deployed, "rollback")
    release["release"]["quarantine"] = False

    deployed.move("rollback", release)

    assert dict(route_of(deployed).quarantined) == {}


def test_a_rollback_that_is_not_needed_any_more_is_superseded(deployed: World) -> None:
    release = ordered(deployed, "rollback")
    by_person(deployed, lambda route: moves.roll_back(route, 0, ANA))

    outcome = deployed.move("rollback", release)

    assert (outcome["moved"], outcome["outcome"]) == (False, "superseded")
    assert route_of(deployed).champion == 0


def test_a_person_may_promote_an_earlier_version(deployed: World) -> None:
    release = ordered(deployed, "promote")

    outcome = deployed.move("promote", release)

    assert (route_of(deployed).champion, outcome["outcome"]) == (1, "promoted")
    assert deployed.move("promote", release) == outcome
