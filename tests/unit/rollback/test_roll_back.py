"""A breach is acted on: the route, the lineage, what answers, what people are told, the metrics."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from heirloom.core.lineage.graph import BREACHES, CAUSES
from heirloom.core.monitoring.breach import LATENCY, Severity
from heirloom.core.release import moves
from tests.unit.rollback.theatre import EVIDENCE, MODEL, Theatre, bad_deploy, changed_world, fails_on, knows, mark, told
from tests.unit.world import released


def test_a_bad_deploy_is_rolled_back_seen_to_answer_and_resolved(theatre: Theatre) -> None:
    breach = bad_deploy(theatre).breaks(2)

    (outcome,) = theatre.roll_back()

    route = theatre.route
    assert (outcome.action, outcome.target, outcome.problem) == ("rollback", 1, None)
    assert (route.champion, route.action, route.change.by, route.release) == (1, "rollback", "monitor", breach.id)
    assert list(route.quarantined) == [2]
    assert route.change.reason == outcome.reason
    assert outcome.reason.startswith(f"{EVIDENCE['reason']}; only version 1 is right on 50 of 100 inputs")
    assert theatre.probe.asked == [(MODEL, theatre.probe.asked[0][1])]
    (announcement,) = theatre.announcements.published
    assert announcement["heirloom"] == "resolved"
    assert (announcement["breach"], announcement["model"]) == (breach.id, MODEL)
    assert announcement["text"].startswith(
        "version 2 of flight-delay was rolled back to version 1, which answers: 80 of"
    )
    assert announcement["evidence"]["value"] == 0.8
    assert announcement["evidence"]["checks"][-1]["name"] == "helps"
    assert theatre.breach(breach.id).ended_at is not None


def test_the_lineage_shows_the_cause_and_the_decision(theatre: Theatre) -> None:
    breach = bad_deploy(theatre).breaks(2)

    theatre.roll_back()

    lineage = theatre.world.lineage
    (incident,) = lineage.targets(f"version#{MODEL}/2", BREACHES)
    assert incident == f"incident#{breach.id.replace('/', '.')}"
    assert lineage.targets(incident, CAUSES) == (f"change#{MODEL}/{theatre.route.revision}",)
    node = lineage.node("incident", incident.removeprefix("incident#"))
    assert node is not None
    assert node.data["breach"]["evidence"] == EVIDENCE
    assert (node.data["decision"]["action"], node.data["decision"]["target"]) == ("rollback", 1)
    assert len(node.data["decision"]["checks"]) == 7


def test_the_alarms_are_told_that_the_promises_are_kept_again_now_and_in_the_next_period(theatre: Theatre) -> None:
    bad_deploy(theatre).breaks(2)

    theatre.roll_back()

    kept = {"AccuracyBreach": 0, "LatencyBreach": 0}
    assert theatre.metrics() == [{"later": 0.0, **kept}, {"later": 60.0, **kept}]


def test_another_breach_that_lasts_keeps_its_alarm_on(theatre: Theatre) -> None:
    bad_deploy(theatre).breaks(2)
    theatre.breaks(2, LATENCY, Severity.PAGE)

    theatre.roll_back()

    assert theatre.metrics()[0] == {"later": 0.0, "AccuracyBreach": 0, "LatencyBreach": 1}


def test_a_breach_that_asks_for_a_page_only_is_left_to_people(theatre: Theatre) -> None:
    bad_deploy(theatre).breaks(2, severity=Severity.PAGE)

    assert theatre.roll_back() == ()
    assert (theatre.route.champion, told(theatre)) == (2, [])


def test_a_breach_that_is_over_is_left_alone_and_its_alarm_is_turned_off(theatre: Theatre) -> None:
    breach = bad_deploy(theatre).breaks(2)
    theatre.watches.end(breach, breach.began_at)

    assert theatre.roll_back() == ()
    assert (theatre.route.champion, told(theatre)) == (2, [])
    assert [line["AccuracyBreach"] for line in theatre.metrics()] == [0, 0]


def test_a_model_that_is_not_deployed_any_more_has_nothing_to_roll_back(theatre: Theatre) -> None:
    bad_deploy(theatre).breaks(2)
    theatre.world.lineage.withdraw_project(MODEL)

    assert theatre.roll_back() == ()
    assert (theatre.logged, told(theatre)) == ([], [])


def test_a_message_that_comes_twice_moves_once(theatre: Theatre) -> None:
    bad_deploy(theatre).breaks(2)
    theatre.roll_back()
    before = theatre.route

    assert theatre.roll_back() == ()
    assert theatre.route == before
    assert len(told(theatre)) == 1


def test_a_changed_world_calls_people_and_leaves_the_version(theatre: Theatre) -> None:
    breach = changed_world(theatre).breaks(2)

    (outcome,) = theatre.roll_back()

    assert (outcome.action, theatre.route.champion, theatre.route.frozen) == ("page", 2, None)
    assert told(theatre) == [
        (
            "escalated",
            "version 2 of flight-delay is not rolled back: going back to version 1 would not help: only version 1 is"
            " right on 0 of 100 inputs, only version 2 on 0 (p = 1)",
        )
    ]
    assert theatre.breach(breach.id).ended_at is None
    assert [line["AccuracyBreach"] for line in theatre.metrics()] == [2, 2]
    assert theatre.world.lineage.targets(f"version#{MODEL}/2", BREACHES)
    assert theatre.roll_back() == ()


def test_a_changed_world_trains_on_the_newest_data_where_the_project_wants_it() -> None:
    theatre = changed_world(Theatre(spec={"drift": {"retrain": True}}))
    theatre.breaks(2)
    before = set(theatre.world.executions.started)

    theatre.roll_back()

    ((_, run),) = set(theatre.world.executions.started) - before
    assert told(theatre)[0][1].endswith(f"; run {run} trains on the newest data")
    assert theatre.announcements.published[0]["evidence"]["retraining"] == run


def test_a_bad_deploy_is_not_trained_again() -> None:
    theatre = bad_deploy(Theatre(spec={"drift": {"retrain": True}}))
    theatre.breaks(2)
    before = len(theatre.world.executions.started)

    theatre.roll_back()

    assert len(theatre.world.executions.started) == before


def test_nothing_moves_past_a_freeze(theatre: Theatre) -> None:
    bad_deploy(theatre).breaks(2)
    theatre.change(lambda route: moves.freeze(route, mark(reason="holiday traffic")))

    theatre.roll_back()

    assert theatre.route.champion == 2
    assert told(theatre)[0][0] == "escalated"
    assert "ana has frozen the route" in told(theatre)[0][1]


def test_a_version_that_has_left_needs_nobody(theatre: Theatre) -> None:
    breach = bad_deploy(theatre).breaks(2)
    theatre.change(lambda route: moves.roll_back(route, 0, mark(reason="seen it myself")))

    (outcome,) = theatre.roll_back()

    assert (outcome.action, theatre.route.champion) == ("nothing", 0)
    assert told(theatre) == [
        (
            "resolved",
            "version 2 of flight-delay: nothing is left to do: version 2 does not answer any more, version 0 does"
            " (rollback by ana: seen it myself)",
        )
    ]
    assert theatre.breach(breach.id).ended_at is not None


def test_a_route_that_flaps_is_frozen_and_people_are_called() -> None:
    theatre = Theatre(versions=5)
    for champion, target in ((5, 4), (3, 2)):
        theatre.change(lambda route, to=target: moves.roll_back(route, to, replace(mark("monitor"), at=now(theatre))))
        theatre.change(lambda route, to=champion - 2: moves.promote(route, to, mark("ana", now(theatre))))
    assert theatre.route.champion == 1
    theatre.now += timedelta(minutes=5)
    theatre.labels(1, fails_on(2))
    breach = theatre.breaks(1)

    (outcome,) = theatre.roll_back()

    route = theatre.route
    assert (outcome.action, route.champion, route.action, route.release) == ("page", 1, "freeze", breach.id)
    assert route.frozen is not None
    assert (route.frozen.by, route.frozen.reason) == (
        "monitor",
        "2 automatic rollbacks in the last 24 hours without a person's change of the route",
    )
    assert told(theatre)[0][1].endswith("; its route is frozen until a person has looked")
    (incident,) = theatre.world.lineage.targets(f"version#{MODEL}/1", BREACHES)
    assert theatre.world.lineage.targets(incident, CAUSES) == (f"change#{MODEL}/{route.revision}",)


def now(theatre: Theatre) -> str:
    return theatre.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_one_automatic_rollback_a_deployment() -> None:
    theatre = bad_deploy(Theatre(versions=2))
    theatre.breaks(2)
    theatre.roll_back()
    theatre.now += timedelta(hours=1)
    theatre.labels(1, fails_on(2))
    theatre.breaks(1)

    (outcome,) = theatre.roll_back()

    assert (outcome.action, theatre.route.champion) == ("page", 1)
    assert "an automatic rollback came to version 1 itself" in outcome.reason


def test_a_canary_that_a_rollback_ends_has_its_release_told(theatre: Theatre) -> None:
    world = theatre.world
    release = released(world.carry(world.upload("v3"), 6))
    world.try_out(release, "token-3")
    bad_deploy(theatre).breaks(2)

    theatre.roll_back()

    assert theatre.route.canary is None
    assert world.answers.sent["token-3"]["outcome"] == "superseded"


class Silent:
    """Predict goes on answering by the old version."""

    def __init__(self, theatre: Theatre, replies: int | None = None) -> None:
        self.theatre = theatre
        self.left = replies

    def __call__(self, model: str, rows: Any) -> Any:
        reply = self.theatre.predict(model, rows)
        if self.left is None or self.left > 0:
            self.left = None if self.left is None else self.left - 1
            return replace(reply, version=2)
        return reply


def test_waits_until_predict_goes_by_the_new_route(theatre: Theatre) -> None:
    bad_deploy(theatre).breaks(2)
    theatre.probe.answer = Silent(theatre, 2)

    (outcome,) = theatre.roll_back()

    assert outcome.problem is None
    assert theatre.paused == [0.5, 0.5]


def test_a_rollback_that_nobody_sees_answer_calls_people_and_keeps_the_alarm_on(theatre: Theatre) -> None:
    breach = bad_deploy(theatre).breaks(2)
    theatre.probe.answer = Silent(theatre)

    (outcome,) = theatre.roll_back()

    assert (outcome.problem, theatre.route.champion) == ("version 2 answers, not version 1", 1)
    assert sum(theatre.paused) == 10
    assert told(theatre)[0][0] == "escalated"
    assert "was rolled back to version 1, but version 2 answers, not version 1: 80 of" in told(theatre)[0][1]
    assert theatre.breach(breach.id).ended_at is not None
    assert theatre.metrics()[0] == {"later": 0.0, "LatencyBreach": 0}
    assert theatre.decisions.of(breach.id) == {**(theatre.decisions.of(breach.id) or {}), "problem": outcome.problem}


def test_the_baseline_answers_in_its_own_way(theatre: Theatre) -> None:
    bad_deploy(theatre).breaks(2)
    theatre.change(lambda route: moves.quarantine(route, 1, mark()))

    (outcome,) = theatre.roll_back()

    assert (outcome.target, outcome.problem, theatre.route.champion) == (0, None, 0)


def test_a_latency_breach_goes_the_same_way(theatre: Theatre) -> None:
    theatre.breaks(2, LATENCY)
    theatre.asked(2, [9000.0] * 12 + [100.0] * 18)

    (outcome,) = theatre.roll_back()

    assert (outcome.action, outcome.target, theatre.route.champion) == ("rollback", 1, 1)
    assert "only version 1 is fast enough on 12 of 30 inputs, only version 2 on 0" in outcome.reason


def test_an_earlier_version_that_is_as_slow_calls_people(theatre: Theatre) -> None:
    theatre.breaks(2, LATENCY)
    theatre.asked(2, [9000.0] * 12 + [100.0] * 18)
    theatre.labels(2, knows)
    theatre.world.endpoints.silent["heirloom-flight-delay-v1"] = 3.0

    (outcome,) = theatre.roll_back()

    assert (outcome.action, theatre.route.champion) == ("page", 2)
    assert outcome.reason.startswith("going back to version 1 would not help: only version 1 is fast enough on 0 of 30")
