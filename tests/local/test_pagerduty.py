"""The PagerDuty of the embedded AWS takes and refuses what the Events API v2 takes and refuses.

Pages: "Send an alert event", "Send a change event", "Events API v2 overview", "Events API rate limits".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

from local.connection import Connection
from local.launcher import EmbeddedAws
from local.pagerduty import A_MINUTE, ALERTS, CHANGES, FAULTS, FILE, INCIDENTS, PREFIX, Receiver
from tests.embedded import free_port

KEY = "0123456789abcdef0123456789abcdef"
TRIGGER = {
    "routing_key": KEY,
    "event_action": "trigger",
    "dedup_key": "wine/accuracy",
    "payload": {"summary": "wine is wrong", "source": "heirloom/wine", "severity": "error"},
    "links": [{"href": "https://example.com/", "text": "Lineage"}],
}
CHANGE = {"routing_key": KEY, "payload": {"summary": "version 3 was promoted", "timestamp": "2026-11-23T15:10:09.123Z"}}


class Desk:
    """A receiver, and the clock it goes by."""

    def __init__(self, folder: Path) -> None:
        self.seconds = 1_000_000.0
        self.receiver = Receiver(folder / FILE, lambda: self.seconds)

    def post(self, event: object, path: str = ALERTS) -> tuple[int, Any]:
        status, answer = self.receiver.answer("POST", path, json.dumps(event).encode())
        return int(status), answer

    def incidents(self) -> list[tuple[str, str, int]]:
        _, kept = self.receiver.answer("GET", INCIDENTS, b"")
        return [(each["dedup_key"], each["status"], each["triggers"]) for each in kept["incidents"]]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def without(event: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name not in names}


def test_an_event_is_accepted_and_makes_an_incident(desk: Desk) -> None:
    assert desk.post(TRIGGER) == (
        202,
        {"status": "success", "message": "Event processed", "dedup_key": "wine/accuracy"},
    )
    assert desk.incidents() == [("wine/accuracy", "triggered", 1)]


def test_events_of_one_key_are_of_one_incident_until_it_is_resolved(desk: Desk) -> None:
    for action in ("trigger", "trigger", "acknowledge", "trigger"):
        assert desk.post({**TRIGGER, "event_action": action})[0] == 202
    assert desk.incidents() == [("wine/accuracy", "acknowledged", 3)]

    desk.post({**TRIGGER, "event_action": "resolve"})
    desk.post({**TRIGGER, "event_action": "acknowledge"})
    desk.post(TRIGGER)

    assert desk.incidents() == [("wine/accuracy", "resolved", 3), ("wine/accuracy", "triggered", 1)]


def test_what_is_said_of_no_incident_is_accepted_and_dropped(desk: Desk) -> None:
    assert desk.post({**TRIGGER, "event_action": "resolve"})[0] == 202
    assert desk.incidents() == []


def test_a_trigger_without_a_key_is_given_one(desk: Desk) -> None:
    first = desk.post(without(TRIGGER, "dedup_key"))[1]["dedup_key"]
    desk.seconds += 1
    second = desk.post(without(TRIGGER, "dedup_key"))[1]["dedup_key"]

    assert first != second
    assert len(desk.incidents()) == 2


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ([], "no JSON object"),
        (without(TRIGGER, "routing_key"), "Length of 'routing_key' is incorrect (should be 32 characters)"),
        ({**TRIGGER, "routing_key": "short"}, "Length of 'routing_key' is incorrect (should be 32 characters)"),
        ({**TRIGGER, "event_action": "open"}, "'event_action'"),
        ({**TRIGGER, "dedup_key": "x" * 256}, "'dedup_key'"),
        (without({**TRIGGER, "event_action": "resolve"}, "dedup_key"), "'dedup_key' is missing"),
        (without(TRIGGER, "payload"), "'payload' is missing"),
        ({**TRIGGER, "payload": without(TRIGGER["payload"], "summary")}, "'payload.summary' is missing or blank"),  # type: ignore[arg-type]
        ({**TRIGGER, "payload": without(TRIGGER["payload"], "source")}, "'payload.source' is missing or blank"),  # type: ignore[arg-type]
        ({**TRIGGER, "payload": {**TRIGGER["payload"], "severity": "bad"}}, "'payload.severity'"),  # type: ignore[dict-item]
        ({**TRIGGER, "payload": {**TRIGGER["payload"], "summary": "x" * 1025}}, "'payload.summary'"),  # type: ignore[dict-item]
        ({**TRIGGER, "payload": {**TRIGGER["payload"], "timestamp": "noon"}}, "'payload.timestamp'"),  # type: ignore[dict-item]
        ({**TRIGGER, "payload": {**TRIGGER["payload"], "custom_details": 1}}, "'payload.custom_details'"),  # type: ignore[dict-item]
        ({**TRIGGER, "links": [{"text": "nowhere"}]}, "'links'"),
        ({**TRIGGER, "padding": "x" * 512 * 1024}, "larger than 524288 bytes"),
    ],
)
def test_an_event_that_is_none_is_refused_with_the_reason(desk: Desk, event: object, said: str) -> None:
    status, answer = desk.post(event)

    assert (status, answer["status"], answer["message"]) == (400, "invalid event", "Event object is invalid")
    assert any(said in error for error in answer["errors"])
    assert desk.incidents() == []


def test_what_is_no_json_is_refused(desk: Desk) -> None:
    assert desk.receiver.answer("POST", ALERTS, b"{")[0] == 400
    assert desk.receiver.answer("GET", "/v2/nothing", b"")[0] == 404


def test_changes_are_kept_and_call_nobody(desk: Desk) -> None:
    assert desk.post(CHANGE, CHANGES) == (202, {"status": "success", "message": "Change event processed"})
    assert desk.post({"routing_key": KEY, "payload": {}}, CHANGES)[0] == 400
    assert desk.post({"routing_key": KEY}, CHANGES)[0] == 400

    _, kept = desk.receiver.answer("GET", INCIDENTS, b"")
    assert [each["payload"]["summary"] for each in kept["changes"]] == ["version 3 was promoted"]
    assert kept["incidents"] == []


def test_more_than_two_a_second_for_a_minute_are_too_many(desk: Desk) -> None:
    assert [desk.post(TRIGGER)[0] for _ in range(A_MINUTE)] == [202] * A_MINUTE

    assert desk.post(TRIGGER)[0] == 429
    assert desk.post({**TRIGGER, "routing_key": KEY[::-1]})[0] == 202
    desk.seconds += 60
    assert desk.post(TRIGGER)[0] == 202


def test_it_is_out_of_order_for_as_long_as_it_is_told(desk: Desk) -> None:
    desk.post({"seconds": 30}, FAULTS)

    assert (desk.post(TRIGGER)[0], desk.post(CHANGE, CHANGES)[0]) == (500, 500)
    desk.seconds += 30
    assert desk.post(TRIGGER)[0] == 202
    assert desk.receiver.answer("GET", INCIDENTS, b"")[1]["refused"] == 2


def send(aws: Connection, method: str, path: str, document: object = None, content: str = "application/json") -> Any:
    body = None if document is None else json.dumps(document).encode()
    request = AWSRequest(method, f"{aws.endpoint_url}{PREFIX}{path}", {"Content-Type": content}, body)
    return URLLib3Session().send(request.prepare())


def test_it_answers_on_the_port_of_the_embedded_aws_and_survives_a_restart(tmp_path: Path) -> None:
    embedded = EmbeddedAws(tmp_path / "state", free_port())
    aws = embedded.start(die_with_parent=True)
    answer = send(aws, "POST", ALERTS, TRIGGER)
    assert (answer.status_code, json.loads(answer.content)["dedup_key"]) == (202, "wine/accuracy")
    embedded.stop()

    again = embedded.start(die_with_parent=True)

    (kept,) = json.loads(send(again, "GET", INCIDENTS).content)["incidents"]
    assert (kept["status"], kept["summary"]) == ("triggered", "wine is wrong")
    assert kept["events"][0]["links"] == TRIGGER["links"]
    assert KEY not in (tmp_path / "state" / FILE).read_text()
    embedded.stop()


def test_a_page_in_a_browser_can_send_nothing(aws: Connection) -> None:
    """It may post text to any address, and JSON to those only that let it."""
    assert send(aws, "POST", FAULTS, {"seconds": 1}, "text/plain").status_code == 415
