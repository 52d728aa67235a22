"""Deployments, promotions and rollbacks are told beside the incidents; other changes are not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from heirloom.adapters.dynamodb.routes import route_of
from heirloom.adapters.memory import MemoryPager
from heirloom.core.errors import Unavailable
from heirloom.core.incident.announce import announce, routes_of
from heirloom.core.incident.pager import LONGEST_SUMMARY
from heirloom.core.release.route import Mark, Route
from heirloom.core.rollback.rehearsal import drill_route
from heirloom.handlers import announce_change
from tests.unit.incident.world import API, BEGAN, MODEL, World
from tests.unit.world import payload

READY = {0: "heirloom-flight-delay-v0", 3: "heirloom-flight-delay-v3"}


def route(action: str, reason: str = "it is better") -> Route:
    return Route(MODEL, 7, 3, READY, action, Mark("ana", BEGAN, reason), previous=0)


def record(route: Route | dict[str, Any]) -> dict[str, Any]:
    document = route.to_document() if isinstance(route, Route) else route
    return {"eventID": "1", "eventName": "MODIFY", "dynamodb": {"NewImage": {"route": {"S": json.dumps(document)}}}}


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("open", "deployed, answered by version 3"),
        ("ready", "a version was deployed"),
        ("promote", "version 3 was promoted"),
        ("rollback", "rolled back to version 3"),
    ],
)
def test_tells_what_can_break_something(action: str, said: str) -> None:
    pager = MemoryPager()

    assert announce([route(action)], pager, "heirloom", API) == 1

    (event,) = pager.changes
    assert event["payload"]["summary"] == f"{MODEL}: {said}, by ana: it is better"
    assert (event["payload"]["timestamp"], event["payload"]["source"]) == (BEGAN, f"heirloom/{MODEL}")
    assert event["payload"]["custom_details"]["champion"] == 3
    assert event["links"][0]["href"] == f"{API}/models/{MODEL}/release/changes"
    assert "event_action" not in event


@pytest.mark.parametrize(
    "action", ["freeze", "thaw", "canary", "stop", "shadow", "quarantine", "clear", "retire", "remove"]
)
def test_tells_nothing_else(action: str) -> None:
    pager = MemoryPager()

    assert announce([route(action)], pager, "heirloom", API) == 0
    assert pager.changes == []


def test_tells_nothing_of_a_drill() -> None:
    pager = MemoryPager()

    assert announce([replace(route("rollback"), model=drill_route(MODEL))], pager, "heirloom", API) == 0


def test_a_long_reason_is_cut() -> None:
    pager = MemoryPager()

    announce([route("promote", "x" * 2000)], pager, "heirloom", API)

    assert len(pager.changes[0]["payload"]["summary"]) == LONGEST_SUMMARY


def test_one_that_can_not_be_read_keeps_no_other_from_being_told() -> None:
    event = {"Records": [record({"model": MODEL}), record(route("promote")), {"eventID": "3", "dynamodb": {}}]}

    found, unreadable = routes_of(event, route_of)

    assert found == [route("promote")]
    assert set(unreadable) == {"1", "3"}


def test_what_can_not_be_told_comes_again() -> None:
    class Deaf:
        def change(self, event: Any) -> bool:
            raise Unavailable("PagerDuty answered 500")

        send = change

    with pytest.raises(Unavailable):
        announce([route("promote")], Deaf(), "heirloom", API)


@pytest.mark.parametrize(("case", "told"), [("promoted", 1), ("frozen", 0)])
def test_the_handler_tells_of_the_stream_s_records(scene: World, case: str, told: int) -> None:
    logged: list[str] = []

    answer = announce_change.handle(
        payload(f"announce_change.{case}"), route_of, scene.pager, "heirloom", API, logged.append, scene.clock
    )

    assert answer == {"announced": told, "unreadable": 0}
    assert (len(scene.pager.changes), logged) == (told, [])
