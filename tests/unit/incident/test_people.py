"""What persons are shown and may do."""

from __future__ import annotations

import pytest

from heirloom.core.errors import Invalid, NotFound
from heirloom.core.incident import people
from heirloom.core.monitoring.breach import Severity
from heirloom.handlers import notify_pagerduty
from tests.unit.incident.world import BEGAN, MODEL, World, later
from tests.unit.world import World as Deployed
from tests.unit.world import payload

ID = f"{MODEL}/accuracy/v3/{BEGAN}"


def test_a_model_s_incidents_are_listed_newest_first_a_page_at_a_time(scene: World, deployed: Deployed) -> None:
    ids = [scene.alarm("drift", at=later(BEGAN, n))[0].id for n in range(3)]

    first = people.list_incidents(MODEL, scene.incidents, deployed.lineage, limit=2)
    rest = people.list_incidents(MODEL, scene.incidents, deployed.lineage, limit=2, cursor=first.cursor)

    assert [each.id for each in (*first.incidents, *rest.incidents)] == ids[::-1]
    assert (first.cursor, rest.cursor) == (ids[1], None)


def test_without_a_model_those_of_all_are_listed(scene: World, deployed: Deployed) -> None:
    deployed.deploy("wine")
    scene.alarm("drift")
    scene.hear_of("wine", "drift", later(BEGAN, 3600))

    page = people.list_incidents(None, scene.incidents, deployed.lineage)

    assert [each.model for each in page.incidents] == ["wine", MODEL]
    with pytest.raises(Invalid, match="cursor"):
        people.list_incidents(None, scene.incidents, deployed.lineage, cursor=ID)


def test_a_model_without_incidents_has_none_and_an_unknown_one_is_not_found(scene: World, deployed: Deployed) -> None:
    assert people.list_incidents(MODEL, scene.incidents, deployed.lineage).incidents == ()
    with pytest.raises(NotFound, match="no model 'wine'"):
        people.list_incidents("wine", scene.incidents, deployed.lineage)


@pytest.mark.parametrize("limit", [0, 101])
def test_a_page_has_a_size(scene: World, deployed: Deployed, limit: int) -> None:
    with pytest.raises(Invalid, match="limit"):
        people.list_incidents(MODEL, scene.incidents, deployed.lineage, limit)


def test_one_incident_is_shown(scene: World) -> None:
    scene.breach()
    (told,) = scene.alarm("accuracy-page")

    assert people.show_incident(ID, scene.incidents) == told
    with pytest.raises(NotFound, match="no incident 'nothing'"):
        people.show_incident("nothing", scene.incidents)


@pytest.mark.parametrize("text", ["", "  ", "x" * 501])
def test_who_resolves_says_what_was_done(scene: World, text: str) -> None:
    with pytest.raises(Invalid, match="reason"):
        people.resolve(ID, "ana", text, scene.desk)


def test_the_handler_tells_of_what_the_topics_deliver(scene: World) -> None:
    def told(case: str) -> list[tuple[str, str]]:
        answer = notify_pagerduty.handle(payload(f"notify_pagerduty.{case}"), scene.book, scene.routes, scene.desk)
        return [(each["id"], each["status"]) for each in answer["incidents"]]

    breach = scene.breach(Severity.ROLLBACK)

    assert told("accuracy_page") == [(ID, "open")]
    assert told("critical") == [(ID, "open")]
    assert told("drift") == [(f"{MODEL}/drift/2026-11-23T15:10:35.412Z", "open")]
    assert told("escalated") == [(ID, "escalated")]
    scene.end(breach)
    assert told("critical_ok") == [(ID, "resolved")]
    assert told("resolved") == [(ID, "resolved")]
    assert scene.told(ID) == [[("trigger", "critical"), ("trigger", "critical"), ("resolve", None)]]
