"""What a pager is told fits what PagerDuty takes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from heirloom.core.incident.incident import Incident, Sent
from heirloom.core.incident.moves import Order
from heirloom.core.incident.pager import LONGEST_SUMMARY, event_of, facts_of, links
from heirloom.core.release.route import Canary, Mark, Route
from tests.unit.incident.world import API, BEGAN, EVIDENCE, MODEL

INCIDENT = Incident(f"{MODEL}/accuracy/v3/{BEGAN}", MODEL, "accuracy", 3, "error", BEGAN, "it is wrong", EVIDENCE)


def event(action: str = "trigger", text: str = "it is wrong", incident: Incident = INCIDENT) -> dict[str, object]:
    return event_of(Order(action, incident, text), "heirloom", API)


def test_a_summary_that_is_too_long_is_cut() -> None:
    payload = event(text="x" * 2000)["payload"]

    assert isinstance(payload, dict)
    assert len(payload["summary"]) == LONGEST_SUMMARY
    assert payload["summary"].endswith("x...")


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
def test_what_follows_a_trigger_has_its_key_only(action: str) -> None:
    assert event(action) == {"event_action": action, "dedup_key": INCIDENT.id}


def test_the_key_of_the_longest_model_fits() -> None:
    longest = f"{'m' * 40}/drill-accuracy/v999999999/{BEGAN}"

    assert len(longest) <= 255


def test_the_model_s_dashboard_is_linked_where_there_is_a_console() -> None:
    _, dashboard = links(MODEL, "heirloom", API)

    assert dashboard["href"] == (
        "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1"
        f"#dashboards/dashboard/heirloom-{MODEL}"
    )
    assert f"heirloom drift show {MODEL} --out report.html" in dashboard["text"]
    assert len(links(MODEL, "heirloom", "http://a1b2c3.execute-api.localhost:4566")) == 1


def test_a_drift_report_is_linked_where_it_has_an_address() -> None:
    *_, last = links(MODEL, "heirloom", API, "https://example.com/report")

    assert last == {"href": "https://example.com/report", "text": "Drift report"}
    assert links(MODEL, "heirloom", API, "s3://bucket/report.json") == links(MODEL, "heirloom", API)


def test_evidence_of_any_kind_is_told() -> None:
    payload = event(incident=replace(INCIDENT, evidence={"p_value": 0.001, "metric": "AccuracyBreach"}))["payload"]

    assert isinstance(payload, dict)
    assert payload["custom_details"]["p_value"] == 0.001
    assert payload["custom_details"]["metric"] == "AccuracyBreach"
    assert payload["custom_details"]["incident"] == INCIDENT.id
    assert list(payload["custom_details"])[:3] == ["metric", "version", "value"]


def test_a_route_is_told_in_a_few_words() -> None:
    mark = Mark("ana", BEGAN, "holiday")
    route = Route(
        model=MODEL,
        revision=9,
        champion=3,
        ready={0: "a", 3: "b", 4: "c"},
        action="canary",
        change=mark,
        previous=0,
        canary=Canary(4, 0.1, 2000, "r"),
        frozen=mark,
        quarantined={2: mark, 1: mark},
    )

    assert facts_of(route) == {
        "champion": 3,
        "previous": 0,
        "canary": 4,
        "frozen": True,
        "quarantined": [1, 2],
        "last_change": f"canary by ana, {BEGAN}: holiday",
        "revision": 9,
    }


def test_an_incident_survives_being_stored() -> None:
    told = replace(INCIDENT, history=(Sent(BEGAN, "trigger", "error", "heirloom", "it is wrong", True),))

    assert Incident.from_document(json.loads(json.dumps(told.to_document()))) == told
    assert told.of_breach
    assert not replace(told, id=f"{MODEL}/drift/{BEGAN}", alarm="drift").of_breach
