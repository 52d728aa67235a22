"""What the steps of a release do to the route, and what the run's history says of it."""

from __future__ import annotations

from typing import Any

import pytest

from heirloom.core.errors import Conflict
from heirloom.core.lineage.graph import Entry
from heirloom.core.release import moves
from heirloom.core.release.change import change
from heirloom.core.release.route import Mark, Route
from heirloom.core.release.verdict import Verdict
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


def on_trial(world: World, name: str = "v1", token: str = "token-1", **policy: Any) -> dict[str, Any]:
    """A release whose canary is running."""
    release = released(world.carry(world.upload(name), 6))
    world.try_out(release, token, **policy)
    return release


def changes_of(world: World) -> tuple[Entry, ...]:
    return world.lineage.changes("flight-delay", 99).entries


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


BY_PERSON: list[tuple[Any, str]] = [
    (lambda route: moves.stop(route, None, ANA, False), f"stop by {ANA.by}: not before Monday"),
    (lambda route: moves.stop(route, None, ANA, True), f"stop by {ANA.by}: not before Monday"),
]


@pytest.mark.parametrize("verdict", [BETTER, UNDECIDED])
@pytest.mark.parametrize(("move", "why"), BY_PERSON)
def test_a_canary_that_a_person_has_stopped_is_never_promoted(
    deployed: World, verdict: dict[str, str], move: Any, why: str
) -> None:
    """Nobody could be told, or a late batch was better first."""
    release = {**on_trial(deployed, on_timeout="promote"), "verdict": verdict}
    by_person(deployed, move)

    outcome = deployed.move("promote", release)

    assert route_of(deployed).champion == 0
    assert (outcome["moved"], outcome["outcome"], outcome["reason"]) == (False, "stopped", why)
    assert last_event(deployed, release) == ("route", "failed", why)
    assert deployed.move("promote", release) == outcome


@pytest.mark.parametrize("steps", [6, 7], ids=["is tried", "answers"])
def test_a_better_canary_is_not_promoted_over_a_later_one(deployed: World, steps: int) -> None:
    older = {**on_trial(deployed), "verdict": BETTER}
    newer = released(deployed.carry(deployed.upload("v2"), steps))
    if steps == 6:
        deployed.try_out(newer, "token-2")
    before = route_of(deployed)

    outcome = deployed.move("promote", older)

    assert route_of(deployed) == before
    assert (outcome["moved"], outcome["outcome"]) == (False, "superseded")
    assert last_event(deployed, older)[:2] == ("route", "superseded")


def test_a_canary_that_a_person_has_promoted_is_done(deployed: World) -> None:
    release = {**on_trial(deployed), "verdict": BETTER}
    by_person(deployed, lambda route: moves.promote(route, 1, ANA))

    outcome = deployed.move("promote", release)

    assert (route_of(deployed).change, outcome["outcome"]) == (ANA, "promoted")


@pytest.mark.parametrize("move", ["promote", "stop"])
@pytest.mark.parametrize(
    ("stands", "champion", "quarantined", "outcome"),
    [("worse", 0, [1], "stopped"), ("better", 1, [], "promoted"), ("superseded", 0, [], "stopped")],
)
def test_a_verdict_that_could_not_be_told_stands_when_the_time_is_over(
    deployed: World, move: str, stands: Any, champion: int, quarantined: list[int], outcome: str
) -> None:
    release = {**on_trial(deployed, on_timeout="promote"), "verdict": UNDECIDED}
    deployed.trials.decide(release["release"]["id"], Verdict(stands, "12% errors"))

    ended = deployed.move(move, release)

    route = route_of(deployed)
    assert (route.champion, list(route.quarantined), route.canary) == (champion, quarantined, None)
    assert (ended["outcome"], ended["reason"]) == (outcome, "12% errors")
    assert deployed.move(move, release) == ended


@pytest.mark.parametrize(("policy", "champion"), [("promote", 1), ("rollback", 0)])
def test_without_a_verdict_the_trial_ends_as_the_project_says(deployed: World, policy: str, champion: int) -> None:
    release = {**on_trial(deployed, on_timeout=policy), "verdict": UNDECIDED}

    deployed.move("promote" if policy == "promote" else "stop", release)

    assert route_of(deployed).champion == champion
    trial = deployed.trials.get(release["release"]["id"])
    assert trial is not None
    assert trial.verdict is not None
    assert (trial.verdict.outcome, trial.verdict.reason) == ("undecided", UNDECIDED["reason"])


def test_a_step_repeated_after_a_person_s_change_does_not_undo_it(deployed: World) -> None:
    deployed.carry(deployed.upload("v1"))
    release = released(deployed.carry(deployed.upload("v2"), 6))
    first = deployed.move("promote", release)
    by_person(deployed, lambda route: moves.roll_back(route, None, ANA, quarantine=False))
    before = route_of(deployed)

    second = deployed.move("promote", release)

    assert route_of(deployed) == before
    assert before.champion == 1
    assert second == {**first, "revision": before.revision}


def test_a_canary_promoted_and_taken_back_by_a_person_stays_taken_back(deployed: World) -> None:
    release = {**on_trial(deployed), "verdict": BETTER}
    deployed.move("promote", release)
    by_person(deployed, lambda route: moves.roll_back(route, None, ANA, quarantine=False))

    assert deployed.move("promote", release)["outcome"] == "promoted"
    assert route_of(deployed).champion == 0


def test_a_worse_canary_that_a_person_has_cleared_is_not_marked_again(deployed: World) -> None:
    release = {**on_trial(deployed), "verdict": WORSE}
    deployed.move("stop", release)
    by_person(deployed, lambda route: moves.clear(route, 1, ANA))

    assert deployed.move("stop", release)["outcome"] == "stopped"
    assert dict(route_of(deployed).quarantined) == {}


def test_a_version_that_was_retired_is_not_made_ready_again_by_a_repeated_step(deployed: World) -> None:
    release = released(deployed.carry(deployed.upload(), 6))
    by_person(deployed, lambda route: moves.retire(route, [1], ANA))

    assert deployed.move("ready", release)["outcome"] == "ready"
    assert list(route_of(deployed).ready) == [0]


def test_a_step_that_runs_twice_at_once_moves_once(deployed: World) -> None:
    """The second looks at the history after the route: what it does not see there, it can't overwrite."""
    deployed.carry(deployed.upload("v1"))
    release = released(deployed.carry(deployed.upload("v2"), 6))
    put, happened = deployed.routes.put, list[str]()

    def meanwhile(*written: Any) -> None:
        if not happened:
            happened.append("the first one, and ana")
            deployed.move("promote", release)
            by_person(deployed, lambda route: moves.roll_back(route, None, ANA, quarantine=False))
        put(*written)

    deployed.routes.put = meanwhile  # type: ignore[method-assign]

    assert deployed.move("promote", release)["outcome"] == "promoted"
    assert (route_of(deployed).champion, route_of(deployed).change) == (1, ANA)


def test_the_history_says_which_release_made_a_change(deployed: World) -> None:
    release = {**on_trial(deployed), "verdict": BETTER}
    deployed.move("promote", release)
    by_person(deployed, lambda route: moves.freeze(route, ANA))

    made = [(change.summary["action"], change.summary["release"]) for change in changes_of(deployed)]

    name = release["release"]["id"]
    assert made == [("freeze", None), ("promote", name), ("canary", None), ("ready", name), ("open", None)]


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
    assert 1 not in route_of(world).ready
    release: dict[str, Any] = payload("move_route.rollback")["state"]
    release["release"]["goal"] = goal
    world.serve(release)
    return release


def test_a_rollback_moves_to_the_endpoint_that_was_made_again(deployed: World) -> None:
    release = ordered(deployed, "rollback")

    outcome = deployed.move("rollback", release)

    route = route_of(deployed)
    assert (route.champion, route.endpoint, list(route.quarantined)) == (1, "heirloom-flight-delay-v1-r9", [5])
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


@pytest.mark.parametrize("goal", ["rollback", "promote"])
def test_a_wish_is_past_when_another_champion_answers_than_was_seen(deployed: World, goal: str) -> None:
    """The endpoint takes minutes; by then the pipeline has promoted a version that nobody complained of."""
    release = ordered(deployed, goal)
    deployed.carry(deployed.upload("v6"))

    outcome = deployed.move(goal, release)

    route = route_of(deployed)
    assert (route.champion, dict(route.quarantined), route.ready[1]) == (6, {}, "heirloom-flight-delay-v1-r9")
    assert (outcome["moved"], outcome["outcome"]) == (False, "superseded")
    assert deployed.move(goal, release) == outcome
    assert "heirloom-flight-delay-v1-r9" in deployed.retire(release)
    assert deployed.move(goal, release)["outcome"] == "superseded"
    assert 1 not in route_of(deployed).ready


@pytest.mark.parametrize("goal", ["rollback", "promote"])
def test_a_version_that_another_release_brought_back_takes_the_new_endpoint(deployed: World, goal: str) -> None:
    release = ordered(deployed, goal)
    by_person(deployed, lambda route: moves.ready(route, 1, "heirloom-flight-delay-v1-r8", ANA))
    by_person(deployed, lambda route: moves.promote(route, 1, ANA))

    outcome = deployed.move(goal, release)

    route = route_of(deployed)
    assert (route.champion, route.endpoint) == (1, "heirloom-flight-delay-v1-r9")
    assert "heirloom-flight-delay-v1-r8" in route.retired
    assert outcome["moved"] is True
    assert "heirloom-flight-delay-v1-r8" in deployed.retire(release)


@pytest.mark.parametrize("goal", ["rollback", "promote"])
def test_what_a_person_has_ordered_is_ready_and_answers_in_one_change(deployed: World, goal: str) -> None:
    release = ordered(deployed, goal)
    before = route_of(deployed)

    deployed.move(goal, release)

    route = route_of(deployed)
    assert (route.revision, route.action) == (before.revision + 1, goal)
    assert (1 in before.ready, route.endpoint) == (False, "heirloom-flight-delay-v1-r9")


@pytest.mark.parametrize("goal", ["rollback", "promote"])
def test_what_a_person_has_ordered_is_done_once(deployed: World, goal: str) -> None:
    release = ordered(deployed, goal)
    first = deployed.move(goal, release)
    bo = Mark("bo", ANA.at, "no")
    by_person(deployed, lambda route: moves.promote(route, 3, bo))

    second = deployed.move(goal, release)

    assert (route_of(deployed).champion, route_of(deployed).change) == (3, bo)
    assert second == {**first, "revision": first["revision"] + 1}


def test_a_person_may_promote_an_earlier_version(deployed: World) -> None:
    release = ordered(deployed, "promote")

    outcome = deployed.move("promote", release)

    assert (route_of(deployed).champion, outcome["outcome"]) == (1, "promoted")
    assert deployed.move("promote", release) == outcome
