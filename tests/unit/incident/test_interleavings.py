"""Messages twice, in any order, at the same time, handled by processes that die: still one incident a breach.

A monitor begins a breach, makes it worse and ends it, a rollback has its last word, alarms follow; their messages are
delivered by Lambda until each was handled. tests/unit/incident/crowd.py lets all of them run at once, step by step.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heirloom.adapters.memory import MemoryPager
from heirloom.core.clock import stamp
from heirloom.core.errors import Conflict, NotFound, Unavailable
from heirloom.core.incident import people
from heirloom.core.incident.desk import Desk, Patience
from heirloom.core.incident.message import message_of
from heirloom.core.incident.notify import Notifier
from heirloom.core.monitoring.breach import Severity
from tests.unit.incident.crowd import Crowd, Killed
from tests.unit.incident.world import API, BEGAN, MODEL, World, alarm_text

ID = f"{MODEL}/accuracy/v3/{BEGAN}"
SEVERITY = {"warning": 0, "error": 1, "critical": 2}
EXAMPLES = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass
class Unreliable:
    """A pager that fails before or after it has told, so often."""

    pager: MemoryPager
    random: Random
    failures: int

    def send(self, event: Any) -> bool:
        if self.failures and self.random.random() < 0.4:
            self.failures -= 1
            if self.random.random() < 0.5:
                self.pager.send(event)
            raise Unavailable("PagerDuty answered 500")
        return self.pager.send(event)


@dataclass
class Story:
    """What happens, and who hears of it. ``copies`` is how often each message is delivered."""

    seed: int
    copies: int
    failures: int
    kills: int
    world: World = field(default_factory=World)
    pager: MemoryPager = field(default_factory=MemoryPager)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.crowd = Crowd(self.world, self.random, 0.02 if self.kills else 0)
        stopping = self.crowd.stopping
        self.incidents = stopping(self.world.incidents)
        patience = Patience(200, self.crowd.stop, self.world.monotonic)
        unreliable = stopping(Unreliable(self.pager, self.random, self.failures))
        self.desk = Desk(self.incidents, unreliable, self._clock, patience, "heirloom", API)
        self.notifier = Notifier(stopping(self.world.book), stopping(self.world.routes), self.desk)

    def _clock(self) -> Any:
        return self.world.now

    def tell(self, text: str) -> None:
        """Deliver a message so often as it is delivered, each time until it was handled."""
        sent_at = stamp(self.world.now)
        for copy in range(self.copies):
            self.crowd.add(f"{copy} {text}", lambda: self._deliver(text, sent_at))

    def alarm(self, alarm: str, state: str) -> None:
        self.tell(alarm_text(alarm, state, stamp(self.world.now)))

    def rule(self, word: str) -> None:
        self.tell(json.dumps({"heirloom": word, "breach": ID, "model": MODEL, "text": f"it is {word}"}))

    def happen(self, *events: Callable[[], None]) -> None:
        """One after the other, with time in between, beside all who hear of it."""

        def happening() -> None:
            for event in events:
                event()
                with suppress(Killed):
                    self.crowd.stop(self.random.choice([0.3, 5, 90]))

        self.crowd.add("what happens", happening)
        self.crowd.run()

    def _deliver(self, text: str, sent_at: str) -> None:
        while True:
            try:
                self.crowd.stop(self.random.choice([0, 0, 3, 100]))
                self.notifier.notify(message_of(text, sent_at, "heirloom"))
                return
            except Unavailable:
                continue
            except Killed:
                self.kills -= 1
                if self.kills <= 0:
                    self.crowd._killing = 0

    def alert(self) -> list[tuple[str, str | None]]:
        """What PagerDuty has of the breach: one alert, and no other."""
        (alert,) = self.pager.alerts[ID]
        return alert


def stories(**fixed: int) -> Any:
    chosen = {
        "seed": st.integers(0, 2**32),
        "copies": st.integers(1, 2),
        "failures": st.integers(0, 6),
        "kills": st.integers(0, 3),
    }
    return st.builds(Story, **{**chosen, **{name: st.just(value) for name, value in fixed.items()}})


def begin(story: Story, severity: Severity) -> list[Callable[[], None]]:
    """A breach of that severity, and the alarms that follow."""
    steps = [lambda: story.world.breach(severity) and None, lambda: story.alarm("accuracy-page", "ALARM")]
    return [*steps, *([lambda: story.alarm("critical", "ALARM")] if severity == Severity.ROLLBACK else [])]


def worsen(story: Story) -> list[Callable[[], None]]:
    def worse() -> None:
        (breach,) = story.world.book.of(MODEL)
        story.world.book.put(replace(breach, severity=Severity.ROLLBACK))

    return [worse, lambda: story.alarm("critical", "ALARM")]


def end(story: Story) -> list[Callable[[], None]]:
    def over() -> None:
        (breach,) = story.world.book.of(MODEL)
        story.world.end(breach, stamp(story.world.now))

    return [over, lambda: story.alarm("critical", "OK"), lambda: story.alarm("accuracy-page", "OK")]


def severities(alert: list[tuple[str, str | None]]) -> list[int]:
    return [SEVERITY[str(severity)] for action, severity in alert if action == "trigger"]


@EXAMPLES
@given(stories(), st.booleans(), st.booleans())
def test_a_breach_that_recovers_is_one_incident_that_is_closed(story: Story, sudden: bool, worsens: bool) -> None:
    first = Severity.ROLLBACK if sudden else Severity.PAGE

    story.happen(*begin(story, first), *(worsen(story) if worsens and not sudden else []), *end(story))

    alert = story.alert()
    assert alert[-1][0] == "resolve"
    assert severities(alert) == sorted(severities(alert))
    assert story.world.one().status == "resolved"


@EXAMPLES
@given(stories(failures=0, kills=0), st.booleans())
def test_where_nothing_fails_nothing_is_said_twice(story: Story, sudden: bool) -> None:
    first = Severity.ROLLBACK if sudden else Severity.PAGE

    story.happen(*begin(story, first), *(() if sudden else worsen(story)))

    told = severities(story.alert())
    assert len(told) == len(set(told))
    assert told[-1] == SEVERITY["critical"]
    assert [line.action for line in story.world.one().history] == ["trigger"] * len(told)


@EXAMPLES
@given(stories())
def test_a_breach_that_lasts_stays_open_whatever_its_alarm_does(story: Story) -> None:
    flicker = [lambda: story.alarm("accuracy-page", "OK"), lambda: story.alarm("accuracy-page", "ALARM")]

    story.happen(*begin(story, Severity.PAGE), *flicker, *worsen(story), *flicker)

    assert {action for action, _ in story.alert()} == {"trigger"}
    assert severities(story.alert())[-1] == SEVERITY["critical"]
    assert story.world.one().status == "open"


@EXAMPLES
@given(stories())
def test_a_rollback_that_helped_leaves_one_incident_that_is_closed(story: Story) -> None:
    story.happen(*begin(story, Severity.ROLLBACK), lambda: story.rule("resolved"), *end(story))

    assert story.alert()[-1][0] == "resolve"
    assert story.world.one().status == "resolved"


@EXAMPLES
@given(stories(), st.booleans())
def test_a_rollback_that_did_not_help_calls_until_the_promise_is_kept(story: Story, recovers: bool) -> None:
    story.happen(*begin(story, Severity.ROLLBACK), lambda: story.rule("escalated"), *(end(story) if recovers else []))

    assert severities(story.alert())[-1] == SEVERITY["critical"]
    assert (story.alert()[-1][0], story.world.one().status) == (
        ("resolve", "resolved") if recovers else ("trigger", "escalated")
    )


@EXAMPLES
@given(stories())
def test_a_person_who_acknowledges_meanwhile_disturbs_nothing(story: Story) -> None:
    def person() -> None:
        with suppress(Conflict, NotFound, Unavailable, Killed):
            people.acknowledge(ID, "ana", story.desk)

    story.happen(*begin(story, Severity.PAGE), lambda: story.crowd.add("ana", person), *worsen(story), *end(story))

    assert story.alert()[-1][0] == "resolve"
    assert story.world.one().status == "resolved"


@EXAMPLES
@given(stories(), st.booleans())
def test_an_alarm_of_no_promise_is_an_incident_each_time_it_goes_off(story: Story, ends: bool) -> None:
    again = [lambda: story.alarm("drift", "ALARM"), lambda: story.alarm("drift", "OK")]

    story.happen(*again, *again, *again[: 2 if ends else 1])

    newest, *older = story.world.incidents.of(MODEL, 10).incidents
    assert len(older) == 2
    assert all(len(alerts) == 1 for alerts in story.pager.alerts.values())
    assert {each.status for each in older} == {"resolved"}
    assert newest.status == ("resolved" if ends else "open")
