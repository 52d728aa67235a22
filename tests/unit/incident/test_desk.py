"""One hand at a time on an incident: who tells of it, who waits, and who goes on after one that died."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from heirloom.adapters.memory import MemoryPager
from heirloom.core.errors import Invalid, NotFound, Unavailable
from heirloom.core.incident import moves
from heirloom.core.incident.desk import LEASE, LONGEST_PAUSE
from heirloom.core.incident.incident import Incident
from tests.unit.incident.world import BEGAN, MODEL, World

ID = f"{MODEL}/drift/{BEGAN}"
TELL = moves.page("warning", "it drifts", {})


@dataclass
class Failing:
    """A pager that raises this so often, and does ``meanwhile`` each time."""

    times: int
    error: Exception
    meanwhile: Callable[[], Any] = lambda: None
    then: Any = None
    sent: int = 0

    def send(self, event: Any) -> bool:
        self.sent += 1
        self.meanwhile()
        if self.sent <= self.times:
            raise self.error
        told: bool = self.then.send(event) if self.then else True
        return told


class Nobody:
    """There is no pager."""

    def send(self, event: Any) -> bool:
        return False


@pytest.fixture
def scene() -> World:
    scene = World()
    scene.incidents.open(Incident(ID, MODEL, "drift", None, "warning", BEGAN, "it drifts"))
    return scene


def hold(scene: World) -> None:
    """Somebody else takes the incident in hand."""
    known = scene.incident(ID)
    scene.incidents.change(replace(known, in_hand=True, revision=known.revision + 1))


def test_what_is_told_is_written_down(scene: World) -> None:
    told = scene.desk.carry_out(ID, TELL)

    assert told == scene.incident(ID)
    assert not told.in_hand
    assert [(line.action, line.by, line.sent) for line in told.history] == [("trigger", "heirloom", True)]


def test_where_there_is_no_pager_nobody_was_paged(scene: World) -> None:
    scene.pager = Nobody()

    told = scene.desk.carry_out(ID, TELL)

    assert (told.paged_at, told.history[0].sent, told.triggered) == (None, False, True)
    assert scene.desk.carry_out(ID, TELL) == told


def test_what_has_nothing_to_say_writes_nothing(scene: World) -> None:
    told = scene.desk.carry_out(ID, TELL)

    assert scene.desk.carry_out(ID, TELL).revision == told.revision


def test_who_was_slower_finds_that_it_was_told(scene: World) -> None:
    """It looked before the other took the incident, and takes it after the other is done."""
    looks = 0

    def move(incident: Incident) -> moves.Order | None:
        nonlocal looks
        looks += 1
        if looks == 1:
            scene.desk.carry_out(ID, TELL)  # the other
        return TELL(incident)

    scene.desk.carry_out(ID, move)

    assert scene.told(ID) == [[("trigger", "warning")]]
    assert not scene.incident(ID).in_hand


def test_a_pager_that_fails_is_tried_again_ever_later(scene: World) -> None:
    working = scene.pager
    scene.pager = Failing(6, Unavailable("PagerDuty answered 500"), then=working)

    told = scene.desk.carry_out(ID, TELL)

    assert working.alerts[ID] == [[("trigger", "warning")]]
    assert len(scene.slept) == 6
    assert all(limit / 2 <= slept <= limit for slept, limit in zip(scene.slept, [1, 2, 4, 8, 15, 15], strict=True))
    assert told.revision == 1 + 1 + 6 + 1  # opened, taken, a sign of life before each other attempt, told


def test_a_pager_that_goes_on_failing_is_left_to_who_calls_again(scene: World) -> None:
    scene.pager = Failing(999, Unavailable("PagerDuty answered 500"))

    with pytest.raises(Unavailable, match="answered 500"):
        scene.desk.carry_out(ID, TELL)

    assert sum(scene.slept) <= scene.patience
    assert (scene.incident(ID).in_hand, scene.incident(ID).history) == (False, ())


def test_what_may_have_been_heard_is_said_again_before_anything_else(scene: World) -> None:
    """The pager heard the resolve, and died before it said so: a trigger now would open a second incident."""
    scene.desk.carry_out(ID, TELL)
    working = scene.pager
    scene.pager = Failing(999, Unavailable("no answer within 5 s"), meanwhile=lambda: working.send(resolve))
    resolve = {"event_action": "resolve", "dedup_key": ID}
    with pytest.raises(Unavailable):
        scene.desk.carry_out(ID, moves.recover("it is over", BEGAN))
    scene.pager = working

    told = scene.desk.carry_out(ID, moves.page("critical", "it got worse", {}))

    assert len(scene.told(ID)) == 1
    assert (told.status, told.pending, told.history[-1].text) == ("resolved", None, "it is over")


def test_what_the_pager_refuses_is_not_tried_again(scene: World) -> None:
    scene.pager = Failing(999, Invalid("PagerDuty answered 400"))

    with pytest.raises(Invalid):
        scene.desk.carry_out(ID, TELL)

    assert scene.pager.sent == 1
    assert (scene.incident(ID).in_hand, scene.incident(ID).pending) == (False, None)


def test_who_holds_it_is_waited_for(scene: World) -> None:
    hold(scene)
    let_go_at = scene.now.timestamp() + 5
    known = scene.incident(ID)

    def sleep(seconds: float) -> None:
        World.sleep(scene, seconds)
        if scene.now.timestamp() >= let_go_at and scene.incident(ID).in_hand:
            scene.incidents.change(replace(known, in_hand=False, revision=known.revision + 1))

    patient = replace(scene.desk, patience=replace(scene.desk.patience, sleep=sleep))
    patient.carry_out(ID, TELL)

    assert scene.told(ID) == [[("trigger", "warning")]]
    assert sum(scene.slept) < LEASE


def test_who_died_with_it_in_hand_is_not_waited_for_for_ever(scene: World) -> None:
    hold(scene)

    scene.desk.carry_out(ID, TELL)

    assert scene.told(ID) == [[("trigger", "warning")]]
    assert LEASE <= sum(scene.slept) <= LEASE + 1


def test_a_sign_of_life_is_enough_to_keep_it(scene: World) -> None:
    hold(scene)

    def sleep(seconds: float) -> None:
        World.sleep(scene, LONGEST_PAUSE)
        hold(scene)

    patient = replace(scene.desk, patience=replace(scene.desk.patience, sleep=sleep))
    with pytest.raises(Unavailable, match="in somebody else's hand"):
        patient.carry_out(ID, TELL)

    assert scene.pager.sent == []
    assert scene.incident(ID).in_hand


def test_who_was_believed_dead_says_nothing_more_and_lets_go_of_nothing(scene: World) -> None:
    """A process that was frozen for a minute between two attempts."""
    scene.pager = Failing(1, Unavailable("PagerDuty answered 500"), meanwhile=lambda: hold(scene))

    with pytest.raises(Unavailable, match="was changed meanwhile"):
        scene.desk.carry_out(ID, TELL)

    assert scene.pager.sent == 1
    assert scene.incident(ID).in_hand


def test_two_who_take_it_at_once_do_not_both_have_it(scene: World) -> None:
    change, raced = scene.incidents.change, False

    def slower(incident: Incident) -> None:
        nonlocal raced
        if not raced:
            raced = True
            scene.desk.carry_out(ID, TELL)
        change(incident)

    scene.incidents.change = slower  # type: ignore[method-assign]
    scene.desk.carry_out(ID, TELL)

    assert scene.told(ID) == [[("trigger", "warning")]]


def test_what_is_not_there_is_not_found(scene: World) -> None:
    with pytest.raises(NotFound, match="no incident flight-delay/drift/never"):
        scene.desk.carry_out(f"{MODEL}/drift/never", TELL)


def test_the_pager_in_memory_is_told_what_is_plain_json(scene: World) -> None:
    assert isinstance(scene.pager, MemoryPager)

    scene.desk.carry_out(ID, TELL)

    assert scene.pager.sent[0]["dedup_key"] == ID
