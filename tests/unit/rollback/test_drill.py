"""A drill: bad outcomes go the real way, over a route of their own, and nothing is left of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from heirloom.adapters.memory import MemoryIncidents
from heirloom.core.clock import stamp
from heirloom.core.errors import Conflict, NotFound, Unavailable
from heirloom.core.incident.incident import Incident, Sent
from heirloom.core.monitoring.accuracy import Reference
from heirloom.core.monitoring.breach import ACCURACY, Severity
from heirloom.core.monitoring.monitor import Monitor
from heirloom.core.monitoring.observation import Outcomes
from heirloom.core.monitoring.standard import Standard
from heirloom.core.prediction.records import OUTCOMES
from heirloom.core.project.registration import registered
from heirloom.core.release import moves
from heirloom.core.release.change import write
from heirloom.core.release.route import OPEN, Mark, Route
from heirloom.core.rollback.drill import Report, Stage, run_drill
from tests.unit.rollback.theatre import MODEL, Theatre, mark

DRILL = f"drill.{MODEL}"


@dataclass
class Rehearsed:
    """The deployed stack as a drill meets it: what is stored is watched, and what is seen is acted on a look later."""

    theatre: Theatre = field(default_factory=Theatre)
    reference: Reference | None = field(default_factory=lambda: Reference(0.9, 2000))
    incidents: MemoryIncidents = field(default_factory=MemoryIncidents)
    acts: Callable[[], object] | None = None
    pages: bool = True
    pager: bool = True
    states: list[str | None] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    reports: list[Report] = field(default_factory=list)

    def of(self, model: str, version: int) -> Standard | None:
        """As Standards."""
        found = registered(model, self.theatre.world.lineage)
        return Standard(found.project, self.reference, None) if found else None

    @property
    def stage(self) -> Stage:
        theatre = self.theatre
        return Stage(
            routes=theatre.world.routes,
            lineage=theatre.world.lineage,
            predictions=theatre.predictions,
            book=theatre.watches,
            held=self,
            incidents=self.incidents,
            decisions=theatre.decisions,
            alarm=lambda: self.states.pop(0) if self.states else "OK",
            clock=lambda: theatre.now,
            pause=self.pause,
        )

    def pause(self, seconds: float) -> None:
        """Time goes on, and the platform with it."""
        self.theatre.pause(seconds)
        self.watch()
        drills = [each for each in self.theatre.watches.of(MODEL) if each.drill and each.ended_at is None]
        for breach in drills:
            if self.pages:
                self.page(breach.id)
        if drills:
            (self.acts or self.theatre.roll_back)()

    def watch(self) -> None:
        """The stream brings what is new to the monitor."""
        theatre = self.theatre
        new = [it for it in theatre.predictions.records.values() if it.part == OUTCOMES and it.id not in self.seen]
        self.seen.update(record.id for record in new)
        monitor = Monitor(theatre.watches, self, theatre.world.routes, theatre.logged.append, theatre.now)
        monitor.observe([Outcomes.from_record(record) for record in new])

    def page(self, breach: str) -> None:
        at = stamp(self.theatre.now)
        sent = Sent(at, "trigger", "info", "heirloom", "DRILL", self.pager)
        incident = Incident(breach, MODEL, ACCURACY, 2, "info", at, "DRILL", history=(sent,))
        self.incidents.open(replace(incident, paged_at=at if self.pager else None))

    def run(self, timeout: float = 60.0) -> Report:
        return run_drill(MODEL, "ana", self.stage, timeout, lambda report: self.reports.append(replace(report)))


def sent(rehearsed: Rehearsed) -> list[Outcomes]:
    records = rehearsed.theatre.predictions.records.values()
    return [Outcomes.from_record(record) for record in records if record.part == OUTCOMES]


def test_reports_when_what_came() -> None:
    rehearsed = Rehearsed()

    report = rehearsed.run()

    assert report.done
    assert (report.model, report.version, report.outcomes, report.paged) == (MODEL, 2, 100, True)
    assert str(report.breach).startswith("flight-delay/drill-accuracy/v2/")
    assert [report.seen, report.page, report.moved, report.answered] == [0.2, 0.2, 0.2, 0.2]
    assert rehearsed.reports[0].outcomes == 100


def test_no_caller_is_answered_otherwise_and_nothing_is_left() -> None:
    rehearsed = Rehearsed()
    before = rehearsed.theatre.route

    rehearsed.run()

    theatre = rehearsed.theatre
    assert theatre.route == before
    assert theatre.world.routes.get(DRILL) is None
    assert not [each for each in theatre.watches.of(MODEL) if each.ended_at is None]
    assert [change["action"] for change in theatre.changes(DRILL)] == ["rollback", "open"]
    assert {model for model, _ in theatre.probe.asked} == {DRILL}
    assert theatre.announcements.published[-1]["text"].startswith("DRILL: version 2 of flight-delay was rolled back")


def test_the_drill_s_route_names_the_real_endpoints() -> None:
    rehearsed = Rehearsed()

    rehearsed.run()

    opened = rehearsed.theatre.world.lineage.node("change", f"{DRILL}/1")
    assert opened is not None
    route = Route.from_document(opened.data)
    assert dict(route.ready) == {0: "heirloom-flight-delay-v1", 1: "heirloom-flight-delay-v2"}
    assert (route.champion, route.change.by) == (1, "ana")


def test_the_outcomes_are_a_bad_twin_s_and_marked_as_a_drill_s() -> None:
    rehearsed = Rehearsed()

    rehearsed.run()

    (batch,) = sent(rehearsed)
    assert (batch.version, batch.drill, len(batch.outcomes)) == (2, True, 100)
    assert sum(outcome.correct for outcome in batch.outcomes) == 10


def test_drills_follow_each_other_on_one_day() -> None:
    """Neither does one wear out the guard against flapping, nor is its twin's quarantine the next one's."""
    rehearsed = Rehearsed()

    reports = [rehearsed.run() for _ in range(4)]

    assert all(report.done for report in reports)
    assert len({report.breach for report in reports}) == 4
    assert [change["revision"] for change in rehearsed.theatre.changes(DRILL)] == [8, 7, 6, 5, 4, 3, 2, 1]


def test_more_outcomes_are_sent_while_no_breach_shows() -> None:
    theatre = Theatre(spec={"slo": {"rolling_accuracy": {"window": 300, "rule": "naive"}}})
    rehearsed = Rehearsed(theatre)

    report = rehearsed.run()

    assert report.outcomes == 300
    assert report.seen is not None
    assert report.seen >= 2.0


def test_a_model_that_has_a_baseline_only_can_drill_too() -> None:
    rehearsed = Rehearsed(Theatre(versions=0))

    report = rehearsed.run()

    assert (report.version, report.done) == (0, True)


def test_without_a_pager_the_page_is_written_down() -> None:
    rehearsed = Rehearsed(pager=False)

    report = rehearsed.run()

    assert (report.done, report.paged) == (True, False)


def test_what_does_not_come_in_time_is_told() -> None:
    rehearsed = Rehearsed(pages=False, acts=lambda: None)

    with pytest.raises(
        Unavailable, match="has not come to its end in 60 seconds: the page, the rollback, the check of"
    ):
        rehearsed.run()

    assert rehearsed.theatre.world.routes.get(DRILL) is None


def test_a_drill_that_is_broken_off_ends_its_breach_and_lets_the_monitor_turn_the_alarm_off() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    rehearsed = Rehearsed(acts=interrupted)

    with pytest.raises(KeyboardInterrupt):
        rehearsed.run()

    theatre = rehearsed.theatre
    assert theatre.world.routes.get(DRILL) is None
    assert not [each for each in theatre.watches.of(MODEL) if each.ended_at is None]
    theatre.logged.clear()
    rehearsed.watch()
    assert [json.loads(line)["AccuracyBreach"] for line in theatre.logged] == [0]


def test_an_earlier_version_that_is_not_well_is_what_a_drill_is_for() -> None:
    rehearsed = Rehearsed()
    rehearsed.theatre.world.endpoints.answers["heirloom-flight-delay-v1"] = Unavailable("it was deleted")

    with pytest.raises(Conflict, match=r"did not go well: there is no earlier version .*: it was deleted"):
        rehearsed.run()


def test_a_predict_that_does_not_follow_is_found_out() -> None:
    rehearsed = Rehearsed()
    theatre = rehearsed.theatre
    theatre.probe.answer = lambda model, rows: replace(theatre.predict(model, rows), version=1)

    with pytest.raises(Conflict, match="did not go well: version 1 answers, not version 0"):
        rehearsed.run()


def test_a_drill_whose_route_is_gone_ends_without_a_move() -> None:
    """roll_back hears of it after Ctrl-C."""
    theatre = Theatre()
    breach = theatre.breaks(2, drill=True)

    (outcome,) = theatre.roll_back()

    assert (outcome.action, outcome.reason) == ("nothing", f"there is no route {DRILL}")
    assert theatre.breach(breach.id).ended_at is not None
    assert theatre.route.champion == 2


def test_waits_until_the_alarm_of_the_last_drill_is_off() -> None:
    rehearsed = Rehearsed(states=["ALARM", "ALARM", "OK"])

    rehearsed.run()

    assert rehearsed.theatre.paused[:2] == [0.2, 0.2]


def test_an_alarm_that_stays_on_is_no_time_for_a_drill() -> None:
    rehearsed = Rehearsed(states=["ALARM"] * 400)

    with pytest.raises(Unavailable, match="the critical alarm of flight-delay is on, without a breach"):
        rehearsed.run()

    assert sent(rehearsed) == []


def test_there_is_no_drill_while_people_are_needed() -> None:
    rehearsed = Rehearsed()
    rehearsed.theatre.breaks(2, severity=Severity.PAGE)

    with pytest.raises(Conflict, match="is a real breach, and it lasts"):
        rehearsed.run()


def test_a_version_without_a_test_accuracy_breaks_no_promise() -> None:
    with pytest.raises(Conflict, match="version 2 of flight-delay is not held to an accuracy"):
        Rehearsed(reference=None).run()


def test_a_regression_without_a_tolerance_breaks_none_either() -> None:
    theatre = Theatre()
    theatre.declare(
        data={"label": "late", "task": "regression"},
        objective={"statement": "Close.", "metric": "r2", "at_least": 0.1},
    )

    with pytest.raises(Conflict, match=r"declare slo\.rolling_accuracy\.tolerance"):
        Rehearsed(theatre).run()


def test_a_model_that_there_is_not() -> None:
    rehearsed = Rehearsed()
    rehearsed.theatre.world.routes.delete(MODEL)

    with pytest.raises(NotFound, match="there is no model 'flight-delay'"):
        rehearsed.run()


def another(theatre: Theatre, at: str) -> None:
    ready = {0: "heirloom-flight-delay-v1", 1: "heirloom-flight-delay-v2"}
    write(Route(DRILL, 1, 1, ready, OPEN, Mark("bo", at, "a drill")), theatre.world.routes)


def test_one_drill_at_a_time() -> None:
    rehearsed = Rehearsed()
    another(rehearsed.theatre, "2026-11-23T15:59:00.000Z")

    with pytest.raises(Conflict, match="bo has begun a drill of flight-delay at 2026-11-23T15:59"):
        rehearsed.run()


def test_one_that_never_cleared_up_is_cleared_up_after() -> None:
    rehearsed = Rehearsed()
    another(rehearsed.theatre, "2026-11-23T15:00:00.000Z")
    left = rehearsed.theatre.breaks(2, drill=True, ago=3600)

    assert rehearsed.run().done
    assert left.id != rehearsed.reports[-1].breach


def test_a_real_freeze_does_not_stop_a_drill() -> None:
    rehearsed = Rehearsed()
    rehearsed.theatre.change(lambda route: moves.freeze(route, mark()))

    assert rehearsed.run().done


def test_says_what_is_missing() -> None:
    report = Report(MODEL, 2, seen=1.0, moved=3.0)

    assert not report.done
    assert report.missing == "the page, the check of what answers"
