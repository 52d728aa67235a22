"""One incident a breach, whatever the topics deliver, how often and in which order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from heirloom.core.errors import Conflict, Denied, Unavailable
from heirloom.core.incident import moves, people
from heirloom.core.incident.message import ALARMS
from heirloom.core.monitoring.breach import Severity
from heirloom.core.project.reading import parse_project
from heirloom.core.project.watching import alarms, critical
from tests.unit.incident.world import API, BEGAN, EVIDENCE, MODEL, World, later

ID = f"{MODEL}/accuracy/v3/{BEGAN}"


def test_a_breach_is_paged_with_its_evidence(scene: World) -> None:
    scene.open_route()
    breach = scene.breach()

    (told,) = scene.alarm("accuracy-page")

    (event,) = scene.pager.sent
    details = event["payload"]["custom_details"]
    assert breach.id == event["dedup_key"] == told.id == ID
    assert event["event_action"] == "trigger"
    assert (event["payload"]["severity"], event["payload"]["class"]) == ("error", "accuracy")
    assert event["payload"]["summary"] == f"{MODEL}, version 3: {EVIDENCE['reason']}"
    assert event["payload"]["timestamp"] == BEGAN
    assert (event["payload"]["source"], event["payload"]["component"]) == (f"heirloom/{MODEL}", MODEL)
    assert [details[name] for name in ("metric", "version", "value", "threshold", "low", "high", "samples")] == [
        *("accuracy", 3, 0.86, 0.873, 0.837, 0.88, 1000)
    ]
    assert (details["route"]["champion"], details["route"]["frozen"]) == (0, False)
    assert event["links"][0]["href"] == f"{API}/models/{MODEL}/release/changes"
    assert (told.status, told.severity, told.opened_at) == ("open", "error", BEGAN)
    assert told.paged_at == told.history[0].at == "2026-11-23T15:11:01.000Z"


def test_the_same_message_again_tells_nobody_again(scene: World) -> None:
    scene.breach()

    first = scene.alarm("accuracy-page")
    again = scene.alarm("accuracy-page")

    assert scene.told(ID) == [[("trigger", "error")]]
    assert again == first


def test_a_breach_that_gets_worse_is_told_once_more_in_the_same_incident(scene: World) -> None:
    breach = scene.breach()
    scene.alarm("accuracy-page")
    scene.book.put(replace(breach, severity=Severity.ROLLBACK))

    scene.alarm("critical", at="2026-11-23T15:12:00.000Z")
    scene.alarm("accuracy-page")
    scene.alarm("critical", at="2026-11-23T15:12:00.000Z")

    assert scene.told(ID) == [[("trigger", "error"), ("trigger", "critical")]]
    assert scene.one().severity == "critical"


def test_a_recovery_closes_the_incident(scene: World) -> None:
    breach = scene.breach()
    scene.alarm("accuracy-page")
    scene.end(breach)

    (closed,) = scene.alarm("accuracy-page", "OK", "2026-11-23T15:21:00.000Z")

    assert scene.told(ID) == [[("trigger", "error"), ("resolve", None)]]
    assert (closed.status, closed.resolved_at) == ("resolved", "2026-11-23T15:21:00.000Z")
    assert closed.history[-1].text == "the promise is kept again"


def test_an_alarm_that_flickers_closes_nothing(scene: World) -> None:
    scene.breach()
    scene.alarm("accuracy-page")

    assert scene.alarm("accuracy-page", "OK", "2026-11-23T15:12:00.000Z") == ()
    scene.alarm("accuracy-page", at="2026-11-23T15:13:00.000Z")

    assert scene.told(ID) == [[("trigger", "error")]]
    assert scene.one().status == "open"


def test_a_state_that_is_neither_changes_nothing(scene: World) -> None:
    assert scene.alarm("accuracy-page", "INSUFFICIENT_DATA") == ()
    assert scene.pager.sent == []


def test_who_hears_of_the_end_first_is_told_of_both(scene: World) -> None:
    """The topic may deliver OK before ALARM."""
    breach = scene.breach()
    scene.end(breach)

    assert scene.alarm("accuracy-page", "OK", "2026-11-23T15:21:00.000Z") == ()
    (late,) = scene.alarm("accuracy-page")

    assert late.status == "resolved"
    assert scene.told(ID) == [[("trigger", "error"), ("resolve", None)]]


def test_a_late_duplicate_of_a_breach_that_is_over_opens_nothing(scene: World) -> None:
    breach = scene.breach()
    scene.alarm("accuracy-page")
    scene.end(breach)
    scene.alarm("accuracy-page", "OK", "2026-11-23T15:21:00.000Z")

    scene.alarm("accuracy-page")
    scene.alarm("accuracy-page", at="2026-11-23T15:20:30.000Z")

    assert scene.told(ID) == [[("trigger", "error"), ("resolve", None)]]
    assert len(scene.incidents.of(MODEL, 10).incidents) == 1


def test_the_next_breach_is_another_incident_and_closes_the_one_before(scene: World) -> None:
    scene.breach()
    scene.alarm("accuracy-page")
    after = scene.breach(began_at="2026-11-23T16:00:00.000Z", version=4)

    scene.alarm("accuracy-page", at="2026-11-23T16:01:00.000Z")

    assert scene.told(ID) == [[("trigger", "error"), ("resolve", None)]]
    assert scene.told(after.id) == [[("trigger", "error")]]


def test_a_critical_alarm_is_of_both_promises_and_of_what_asks_for_a_rollback_only(scene: World) -> None:
    slow = scene.breach(Severity.ROLLBACK, slo="latency")
    scene.breach(Severity.PAGE)

    scene.alarm("critical")

    assert list(scene.pager.alerts) == [slow.id]
    assert scene.told(slow.id) == [[("trigger", "critical")]]


def test_a_drill_is_an_incident_of_its_own_that_says_so(scene: World) -> None:
    drill = scene.breach(Severity.ROLLBACK, drill=True)

    scene.alarm("critical")

    (event,) = scene.pager.sent
    assert event["dedup_key"] == drill.id == f"{MODEL}/drill-accuracy/v3/{BEGAN}"
    assert event["payload"]["summary"].startswith("DRILL, nobody is affected: flight-delay, version 3: 860 of")
    assert event["payload"]["severity"] == "info"

    scene.rule("escalated", drill.id)

    assert scene.told(drill.id) == [[("trigger", "info"), ("trigger", "info")]]


def test_an_alarm_of_no_breach_on_record_is_told_all_the_same(scene: World) -> None:
    """By hand, say: `aws cloudwatch set-alarm-state` is how people try whether they are paged."""
    (told,) = scene.alarm("critical")

    assert told.id == f"{MODEL}/critical/2026-11-23T15:11:00.000Z"
    assert scene.told(told.id) == [[("trigger", "critical")]]

    scene.alarm("critical", "OK", "2026-11-23T15:12:00.000Z")

    assert scene.told(told.id) == [[("trigger", "critical"), ("resolve", None)]]


def test_a_breach_that_ended_long_ago_is_not_what_an_alarm_is_about(scene: World) -> None:
    breach = scene.breach()
    scene.end(breach, "2026-11-23T15:00:59.999Z")

    (told,) = scene.alarm("accuracy-page", at="2026-11-23T15:11:00.000Z")

    assert told.id == f"{MODEL}/accuracy-page/2026-11-23T15:11:00.000Z"


@pytest.mark.parametrize(
    ("alarm", "severity"), [("drift", "warning"), ("labels-overdue", "warning"), ("probe", "error")]
)
def test_an_alarm_of_no_promise_is_an_incident_until_it_is_ok(scene: World, alarm: str, severity: str) -> None:
    (told,) = scene.alarm(alarm)
    scene.alarm(alarm)
    scene.alarm(alarm, "OK", "2026-11-23T15:30:00.000Z")
    again = scene.alarm(alarm, at="2026-11-23T15:40:00.000Z")[0]

    details = scene.pager.sent[0]["payload"]["custom_details"]
    assert scene.told(told.id) == [[("trigger", severity), ("resolve", None)]]
    assert scene.told(again.id) == [[("trigger", severity)]]
    assert (details["version"], details["alarm"]) == (None, f"heirloom-{MODEL}-{alarm}")
    assert scene.pager.sent[0]["payload"]["summary"] == f"{MODEL}: the alarm {alarm}: docs/slo.md"


def test_an_alarm_that_was_ok_again_before_it_was_heard_of_is_begun_and_closed(scene: World) -> None:
    scene.alarm("drift", "OK", "2026-11-23T15:30:00.000Z")

    (told,) = scene.alarm("drift")

    assert scene.told(told.id) == [[("trigger", "warning"), ("resolve", None)]]
    assert told.resolved_at == "2026-11-23T15:30:00.000Z"


def test_an_older_ok_closes_no_younger_alarm(scene: World) -> None:
    (told,) = scene.alarm("drift", at="2026-11-23T15:40:00.000Z")

    scene.alarm("drift", "OK", "2026-11-23T15:30:00.000Z")

    assert scene.incident(told.id).status == "open"


def test_every_alarm_that_is_made_is_known_here() -> None:
    project = parse_project(
        {
            "name": "tiny",
            "description": "d",
            "owner": "o",
            "data": {"label": "y"},
            "objective": {"statement": "s", "metric": "accuracy", "at_least": 0.5},
        }
    )

    assert {alarm.name for alarm in alarms(project)} | {critical(project).name} == set(ALARMS)


def test_people_are_told_without_the_route_where_it_can_not_be_read(scene: World) -> None:
    class Gone:
        def get(self, model: str) -> Any:
            raise Denied("no")

    scene.routes = Gone()  # type: ignore[assignment]
    scene.breach()

    scene.alarm("accuracy-page")

    assert scene.pager.sent[0]["payload"]["custom_details"]["route"] is None


def test_a_rollback_that_helped_closes_the_incident(scene: World) -> None:
    scene.breach(Severity.ROLLBACK)
    scene.alarm("critical")

    (closed,) = scene.rule("resolved", ID, evidence={"to": 2})

    assert scene.told(ID) == [[("trigger", "critical"), ("resolve", None)]]
    assert (closed.status, closed.history[-1].text, closed.evidence["to"]) == ("resolved", "it is resolved", 2)
    scene.alarm("critical")
    scene.alarm("accuracy-page")
    assert scene.rule("resolved", ID)[0] == closed
    assert len(scene.told(ID)) == 1


def test_a_rollback_is_told_of_though_its_breach_was_not_yet(scene: World) -> None:
    scene.breach(Severity.ROLLBACK)

    scene.rule("resolved", ID)
    scene.alarm("critical")

    assert scene.told(ID) == [[("trigger", "critical"), ("resolve", None)]]
    assert scene.pager.sent[0]["payload"]["custom_details"]["value"] == 0.86


@pytest.mark.parametrize(("kind", "severity"), [("accuracy", "critical"), ("drill-accuracy", "info")])
def test_a_rollback_of_a_breach_that_is_on_record_no_more_is_told_by_its_own_words(
    scene: World, kind: str, severity: str
) -> None:
    identity = f"{MODEL}/{kind}/v3/{BEGAN}"

    scene.rule("resolved", identity, text="version 2 answers", evidence={"value": 0.8})

    first, second = scene.pager.sent
    assert ("DRILL" in first["payload"]["summary"]) == (kind == "drill-accuracy")
    assert first["payload"]["summary"].endswith(f"{MODEL}, version 3: version 2 answers")
    assert (first["payload"]["severity"], first["payload"]["custom_details"]["value"]) == (severity, 0.8)
    assert second["event_action"] == "resolve"


def test_who_is_called_by_the_rollback_first_is_called_once(scene: World) -> None:
    scene.breach(Severity.ROLLBACK)

    scene.rule("escalated", ID, text="no version is better")
    scene.alarm("critical")
    scene.alarm("accuracy-page")

    assert scene.told(ID) == [[("trigger", "critical")]]
    assert scene.one().summary == "no version is better"


def test_a_rejection_that_a_freeze_stops_calls_people_until_one_of_them_closes_it(scene: World) -> None:
    """Of the model registry: it is of no promise, so no alarm says that it is over."""
    identity = f"{MODEL}/registry/v3/{BEGAN}"

    scene.rule("escalated", identity)
    people.acknowledge(identity, "ana", scene.desk)
    for state in ("ALARM", "OK"):
        scene.alarm("drift", state, later(BEGAN, 3600))
        scene.alarm("critical", "OK", later(BEGAN, 3600))

    assert scene.incident(identity).status == "acknowledged"
    people.resolve(identity, "ana", "thawed", scene.desk)
    assert scene.told(identity) == [[("trigger", "critical"), ("acknowledge", None), ("resolve", None)]]


def test_a_rollback_that_can_not_help_calls_for_people_once(scene: World) -> None:
    scene.breach(Severity.ROLLBACK)
    scene.alarm("critical")

    scene.rule("escalated", ID, text="no version is better")
    (told,) = scene.rule("escalated", ID, text="no version is better")

    assert scene.told(ID) == [[("trigger", "critical"), ("trigger", "critical")]]
    assert (told.status, told.severity, told.summary) == ("escalated", "critical", "no version is better")


def test_an_escalation_stays_until_the_promise_is_kept_again(scene: World) -> None:
    """The rollback ends the breach on record as it acts: that alone is no recovery."""
    breach = scene.breach(Severity.ROLLBACK)
    scene.alarm("critical")
    scene.end(breach)

    scene.rule("escalated", ID, "2026-11-23T15:21:00.000Z")
    scene.alarm("critical", "OK", "2026-11-23T15:20:30.000Z")
    assert scene.one().status == "escalated"

    scene.alarm("critical", "OK", "2026-11-23T15:40:00.000Z")
    assert scene.one().status == "resolved"


def test_an_escalation_that_a_person_has_acknowledged_stays_as_long(scene: World) -> None:
    breach = scene.breach(Severity.ROLLBACK)
    scene.alarm("critical")
    scene.rule("escalated", ID, "2026-11-23T15:21:00.000Z")
    people.acknowledge(ID, "ana", scene.desk)
    scene.end(breach)

    scene.alarm("critical", "OK", "2026-11-23T15:20:30.000Z")
    assert scene.one().status == "acknowledged"

    scene.alarm("critical", "OK", "2026-11-23T15:40:00.000Z")
    assert scene.one().status == "resolved"


def test_an_escalation_after_the_end_calls_again(scene: World) -> None:
    scene.breach(Severity.ROLLBACK)
    scene.alarm("critical")
    scene.rule("resolved", ID, "2026-11-23T15:13:00.000Z")

    scene.rule("escalated", ID, "2026-11-23T15:14:00.000Z")

    assert scene.told(ID) == [[("trigger", "critical"), ("resolve", None)], [("trigger", "critical")]]
    assert (scene.one().status, scene.one().resolved_at) == ("escalated", None)


@pytest.mark.parametrize("order", [("escalated", "resolved"), ("resolved", "escalated")])
def test_of_two_words_of_the_rollback_the_later_one_counts(scene: World, order: tuple[str, str]) -> None:
    times = {"escalated": "2026-11-23T15:13:00.000Z", "resolved": "2026-11-23T15:14:00.000Z"}
    scene.breach(Severity.ROLLBACK)
    scene.alarm("critical")

    for word in order:
        scene.rule(word, ID, times[word])

    assert scene.one().status == "resolved"
    assert len(scene.told(ID)) == 1


def test_a_recovery_outlives_an_older_escalation(scene: World) -> None:
    breach = scene.breach(Severity.ROLLBACK)
    scene.alarm("critical")
    scene.end(breach)
    scene.alarm("critical", "OK", "2026-11-23T15:21:00.000Z")

    scene.rule("escalated", ID, "2026-11-23T15:20:59.000Z")

    assert scene.one().status == "resolved"
    assert len(scene.told(ID)) == 1


def test_what_a_person_closed_stays_closed_unless_it_gets_worse(scene: World) -> None:
    breach = scene.breach()
    scene.alarm("accuracy-page")
    people.resolve(ID, "ana", "the airport was closed", scene.desk)

    scene.alarm("accuracy-page")
    assert len(scene.told(ID)) == 1

    scene.book.put(replace(breach, severity=Severity.ROLLBACK))
    scene.alarm("critical")
    assert scene.told(ID)[1:] == [[("trigger", "critical")]]


def test_what_got_worse_after_the_rollback_closed_it_is_no_second_incident(scene: World) -> None:
    """The alarm of the same breach, late."""
    breach = scene.breach()
    scene.alarm("accuracy-page")
    scene.rule("resolved", ID)
    scene.book.put(replace(breach, severity=Severity.ROLLBACK))

    scene.alarm("critical")

    assert len(scene.told(ID)) == 1


def test_what_could_not_be_told_is_told_with_its_end_when_it_comes_again(scene: World) -> None:
    breach = scene.breach()
    working, scene.pager = scene.pager, _Deaf()
    with pytest.raises(Unavailable):
        scene.alarm("accuracy-page")
    scene.end(breach)
    scene.alarm("accuracy-page", "OK", "2026-11-23T15:21:00.000Z")
    assert scene.one().history == ()
    scene.pager = working

    scene.alarm("accuracy-page")

    assert scene.told(ID) == [[("trigger", "error"), ("resolve", None)]]


class _Deaf:
    def send(self, event: Any) -> bool:
        raise Unavailable("PagerDuty answered 500")


def test_who_opens_with_less_does_not_make_it_less(scene: World) -> None:
    """Two hear of it at once: the first to open it had seen it worse, and died."""
    breach = scene.breach(Severity.ROLLBACK)
    working, scene.pager = scene.pager, _Deaf()
    with pytest.raises(Unavailable):
        scene.alarm("critical")
    scene.pager = working
    scene.book.put(replace(breach, severity=Severity.PAGE))

    scene.alarm("accuracy-page")

    assert scene.told(ID) == [[("trigger", "critical")]]


def test_a_person_acknowledges_once(scene: World) -> None:
    scene.breach()
    scene.alarm("accuracy-page")

    told = people.acknowledge(ID, "ana", scene.desk)

    assert (told.status, told.history[-1].by) == ("acknowledged", "ana")
    assert scene.told(ID) == [[("trigger", "error"), ("acknowledge", None)]]
    with pytest.raises(Conflict, match=r"acknowledged already: acknowledge by ana, .*: at it"):
        people.acknowledge(ID, "ben", scene.desk)


def test_a_person_resolves_once(scene: World) -> None:
    scene.breach()
    scene.alarm("accuracy-page")

    people.resolve(ID, "ana", "fixed the feed", scene.desk)

    for again in (
        lambda: people.resolve(ID, "ben", "me too", scene.desk),
        lambda: people.acknowledge(ID, "ben", scene.desk),
    ):
        with pytest.raises(Conflict, match=r"resolved already: resolve by ana, .*: fixed the feed"):
            again()


def test_an_acknowledged_incident_closes_by_itself(scene: World) -> None:
    breach = scene.breach()
    scene.alarm("accuracy-page")
    people.acknowledge(ID, "ana", scene.desk)
    scene.end(breach)

    scene.alarm("accuracy-page", "OK", later(BEGAN, 900))

    assert scene.one().status == "resolved"


def test_moves_say_nothing_of_what_is_closed(scene: World) -> None:
    breach = scene.breach()
    scene.alarm("accuracy-page")
    scene.end(breach)
    scene.alarm("accuracy-page", "OK", later(BEGAN, 900))
    closed = scene.one()

    assert moves.recover("again", later(BEGAN, 901))(closed) is None
    assert moves.settle("again", {}, later(BEGAN, 901))(closed) is None
