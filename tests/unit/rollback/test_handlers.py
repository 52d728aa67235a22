"""roll_back by the events that SNS sends."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from heirloom.core.errors import Conflict, Invalid
from heirloom.core.monitoring.breach import Severity
from heirloom.core.monitoring.watch import REQUESTS, Subject, Writing
from heirloom.handlers import roll_back
from tests.unit.rollback.theatre import MODEL, Theatre, fails_on
from tests.unit.world import payload


def told(theatre: Theatre, case: str) -> dict[str, Any]:
    return roll_back.handle(payload(f"roll_back.{case}"), "heirloom", theatre.ports)


@pytest.fixture
def broken(theatre: Theatre) -> Theatre:
    theatre.labels(2, fails_on(2))
    theatre.breaks(2)
    return theatre


def test_the_critical_alarm_rolls_back(broken: Theatre) -> None:
    (outcome,) = told(broken, "alarm")["outcomes"]

    assert (outcome["action"], outcome["target"], broken.route.champion) == ("rollback", 1, 1)


def test_the_schedule_finds_what_no_alarm_has_told_of(broken: Theatre) -> None:
    (outcome,) = told(broken, "scheduled")["outcomes"]

    assert (outcome["action"], broken.route.champion) == ("rollback", 1)
    assert told(broken, "scheduled") == {"outcomes": []}


def test_the_schedule_leaves_alone_what_asks_for_nothing(theatre: Theatre) -> None:
    theatre.breaks(2, severity=Severity.PAGE)

    assert told(theatre, "scheduled") == {"outcomes": []}
    assert theatre.logged == []


def test_a_model_that_can_not_be_dealt_with_keeps_nobody_from_the_others(broken: Theatre) -> None:
    broken.world.deploy("another-model")
    broken.decisions.claim(next(iter(broken.watches.of(MODEL))).id, broken.now)
    another = replace(next(iter(broken.watches.of(MODEL))), model="another-model", version=0)
    broken.watches.put(Writing(Subject("another-model", 0), REQUESTS, 1, {}, (), breach=another))

    with pytest.raises(Conflict, match=MODEL):
        told(broken, "scheduled")

    assert broken.decisions.finished == {another.id}


@pytest.mark.parametrize("case", ["ok", "drift"])
def test_other_messages_do_not(broken: Theatre, case: str) -> None:
    assert told(broken, case) == {"outcomes": [], "runs": []}
    assert broken.route.champion == 2


def test_drift_starts_one_training_where_the_project_wants_it() -> None:
    theatre = Theatre(spec={"drift": {"retrain": True}})
    started = theatre.world.executions.started
    before = set(started)

    first, again = (told(theatre, "drift") for _ in range(2))

    assert first == again
    ((_, run),) = set(started) - before
    assert first == {"outcomes": [], "runs": [run]}


def test_drift_starts_no_training_of_a_model_that_is_gone() -> None:
    event = payload("roll_back.drift")
    message = json.loads(event["Records"][0]["Sns"]["Message"])
    message["AlarmName"] = "heirloom-gone-drift"
    event["Records"][0]["Sns"]["Message"] = json.dumps(message)

    assert roll_back.handle(event, "heirloom", Theatre().ports)["runs"] == []


def test_a_rollback_s_own_word_moves_nothing(broken: Theatre) -> None:
    told(broken, "alarm")
    event = payload("roll_back.alarm")
    event["Records"][0]["Sns"]["Message"] = json.dumps(broken.announcements.published[0])

    assert roll_back.handle(event, "heirloom", broken.ports) == {"outcomes": [], "runs": []}


def test_what_is_no_message_of_ours_becomes_a_dead_letter(broken: Theatre) -> None:
    event = payload("roll_back.alarm")
    event["Records"][0]["Sns"]["Message"] = "hello"

    with pytest.raises(Invalid):
        roll_back.handle(event, "heirloom", broken.ports)
