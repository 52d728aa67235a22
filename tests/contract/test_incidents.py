"""The port Incidents."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from heirloom.adapters.dynamodb.incidents import DynamoIncidents
from heirloom.adapters.memory import MemoryIncidents
from heirloom.core.errors import Conflict, Invalid
from heirloom.core.incident.incident import ACKNOWLEDGED, Incident, Incidents, Sent
from local.connection import Connection
from tests.contract.test_trials import make_table

BEGAN = "2026-11-23T15:10:09.123Z"
WINE = Incident(
    id=f"wine/accuracy/v3/{BEGAN}",
    model="wine",
    alarm="accuracy",
    version=3,
    severity="error",
    opened_at=BEGAN,
    summary="wine, version 3: 86.0% of the last 1000 were right: März",
    evidence={"value": 0.86, "threshold": 1.0, "nothing": None, "route": {"champion": 3, "quarantined": [1, 2]}},
)
TOLD = replace(
    WINE,
    revision=2,
    status=ACKNOWLEDGED,
    paged_at=BEGAN,
    history=(Sent(BEGAN, "trigger", "error", "heirloom", "wine, version 3", True),),
    pending={"action": "resolve", "text": "over", "by": "ana", "incident": {"id": WINE.id}},
)


@pytest.fixture(params=["memory", "aws"])
def incidents(request: pytest.FixtureRequest) -> Incidents:
    if request.param == "memory":
        return MemoryIncidents()
    aws: Connection = request.getfixturevalue("aws")
    return DynamoIncidents(aws.client("dynamodb"), make_table(aws))


def at(seconds: int, about: str = "drift", model: str = "wine") -> Incident:
    opened_at = f"2026-11-23T15:10:{seconds:02d}.000Z"
    return replace(WINE, id=f"{model}/{about}/{opened_at}", model=model, alarm=about, opened_at=opened_at)


def test_gives_back_what_was_opened(incidents: Incidents) -> None:
    assert incidents.get(WINE.id) is None

    assert incidents.open(WINE) == WINE

    assert incidents.get(WINE.id) == WINE


def test_one_that_is_there_stays_as_it_is(incidents: Incidents) -> None:
    incidents.open(WINE)
    incidents.change(TOLD)

    assert incidents.open(replace(WINE, severity="critical", summary="another")) == TOLD
    assert incidents.get(WINE.id) == TOLD


def test_the_next_revision_is_written_and_no_other(incidents: Incidents) -> None:
    with pytest.raises(Conflict):
        incidents.change(TOLD)
    incidents.open(WINE)

    incidents.change(TOLD)

    for revision in (1, 2, 4):
        with pytest.raises(Conflict):
            incidents.change(replace(TOLD, revision=revision, status="resolved"))
    assert incidents.get(WINE.id) == TOLD


def test_of_many_who_change_at_once_one_does(incidents: Incidents) -> None:
    incidents.open(WINE)

    def change(number: int) -> bool:
        try:
            incidents.change(replace(WINE, revision=2, summary=str(number)))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(change, range(8))) == 1


def test_of_many_who_open_at_once_one_does(incidents: Incidents) -> None:
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda number: incidents.open(replace(WINE, summary=str(number))), range(8)))

    assert len({each.summary for each in opened}) == 1


def test_lists_a_model_s_incidents_newest_first_a_page_at_a_time(incidents: Incidents) -> None:
    ones = [at(5, "drift"), at(30, "accuracy/v3"), at(30, "probe"), at(7, "latency/v2"), at(9, "drift", "wine-cellar")]
    for each in ones:
        incidents.open(each)
    expected = [ones[2], ones[1], ones[3], ones[0]]

    whole = incidents.of("wine", 4)
    first = incidents.of("wine", 3)
    rest = incidents.of("wine", 3, first.cursor)

    assert (list(whole.incidents), whole.cursor) == (expected, None)
    assert [*first.incidents, *rest.incidents] == expected
    assert (first.cursor, rest.cursor) == (ones[3].id, None)
    assert incidents.of("beer", 3).incidents == ()


def test_a_cursor_that_is_none_is_refused(incidents: Incidents) -> None:
    with pytest.raises(Invalid, match="cursor"):
        incidents.of("wine", 3, at(9, "drift", "beer").id)


@pytest.mark.parametrize("identity", ["", "wine", "wine/", "wine//", "wine/drift"])
def test_what_is_no_id_is_no_incident(incidents: Incidents, identity: str) -> None:
    assert incidents.get(identity) is None


def test_remembers_when_an_alarm_was_ok_last_whatever_the_order(incidents: Incidents) -> None:
    assert incidents.last_ok("wine", "drift") is None

    for stamp in ("2026-11-23T15:10:05.000Z", "2026-11-23T15:10:09.000Z", "2026-11-23T15:10:07.000Z"):
        incidents.note_ok("wine", "drift", stamp)
    incidents.note_ok("wine", "probe", "2026-11-23T15:20:00.000Z")

    assert incidents.last_ok("wine", "drift") == "2026-11-23T15:10:09.000Z"
    assert incidents.last_ok("beer", "drift") is None
    assert incidents.of("wine", 10).incidents == ()
