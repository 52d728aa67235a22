"""The routes of the API, by events as API Gateway sends them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from heirloom.handlers import change_release, list_changes, list_models, predict, show_model, show_release
from heirloom.handlers.edge import http_entrypoint
from tests.unit.world import SMOKE, World, payload, released


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Heirloom")


HANDLERS: dict[str, Any] = {
    "predict": (predict.handle, ("routes", "endpoints", "warmth", "log", "clock")),
    "list_models": (list_models.handle, ("lineage", "routes")),
    "show_model": (show_model.handle, ("lineage", "routes")),
    "show_release": (show_release.handle, ("routes", "trials")),
    "list_changes": (list_changes.handle, ("lineage",)),
    "change_release": (
        change_release.handle,
        ("routes", "lineage", "executions", "trials", "answers", "clock"),
    ),
}


def call(world: World, name: str, **replaced: Any) -> tuple[int, dict[str, Any]]:
    """The answer to the event of this name, with some of its keys replaced."""
    handle, ports = HANDLERS[name.partition(".")[0]]
    entry = http_entrypoint(handle, **{port: lambda port=port: getattr(world, port) for port in ports})
    answer = entry({**payload(name), **replaced}, None)
    return answer["statusCode"], json.loads(answer["body"])


def test_a_prediction_comes_from_the_version_that_serves(deployed: World) -> None:
    deployed.carry(deployed.upload())

    status, body = call(deployed, "predict.rows")

    assert (status, body["model"], body["version"]) == (200, "flight-delay", 1)
    assert [prediction["label"] for prediction in body["predictions"]] == ["yes", "no"]
    assert deployed.endpoints.asked[-1][1]["inputs"][0] == {"carrier": "UA", "distance": 1400}


@pytest.mark.parametrize(
    ("case", "status", "said"),
    [
        ("not_json", 400, "body: expected JSON"),
        ("no_inputs", 422, "inputs: expected a list of objects"),
        ("unknown_model", 404, "there is no model 'wine'"),
        ("rows", 503, "heirloom-flight-delay-v0"),
    ],
)
def test_what_can_not_be_answered_says_why(deployed: World, case: str, status: int, said: str) -> None:
    answer, body = call(deployed, f"predict.{case}")

    assert answer == body["status"] == status
    assert said in body["detail"]


def test_the_list_of_models_names_their_champions(deployed: World) -> None:
    status, body = call(deployed, "list_models.get")

    assert status == 200
    assert [(model["model"], model["champion"]) for model in body["models"]] == [("flight-delay", 0)]


def test_a_model_is_shown_with_its_route_and_versions(deployed: World) -> None:
    deployed.carry(deployed.upload())

    status, body = call(deployed, "show_model.get")

    assert (status, body["model"], body["champion"], body["route"]["previous"]) == (200, "flight-delay", 1, 0)
    assert [version["number"] for version in body["versions"]] == [1, 0]


def test_an_unknown_model_is_not_found(world: World) -> None:
    status, body = call(world, "show_model.get")

    assert (status, body["title"]) == (404, "Not Found")


def test_smoke_rows_are_what_the_endpoint_answers(deployed: World) -> None:
    deployed.carry(deployed.upload(), 4)

    assert deployed.endpoints.answers["heirloom-flight-delay-v1"]["predictions"] == SMOKE["predictions"]


def test_a_release_is_shown_with_its_trial(deployed: World) -> None:
    release = released(deployed.carry(deployed.upload(), 6))
    deployed.try_out(release)

    status, body = call(deployed, "show_release.get")

    assert status == 200
    assert body["route"]["canary"] == {
        "version": 1,
        "share": 0.1,
        "limit_ms": 2000,
        "release": release["release"]["id"],
    }
    assert (body["route"]["ready"]["1"], body["trial"]["challenger"]) == ("heirloom-flight-delay-v1", 1)


def test_the_changes_of_a_release_are_listed_a_page_at_a_time(deployed: World) -> None:
    deployed.carry(deployed.upload("v1"))

    status, body = call(deployed, "list_changes.page")

    assert status == 200
    assert [(change["revision"], change["action"], change["by"]) for change in body["changes"]] == [
        (2, "ready", "pipeline"),
        (1, "open", "deploy"),
    ]
    assert body["cursor"] is None


def test_a_page_of_changes_has_a_size_that_is_a_number(deployed: World) -> None:
    status, body = call(deployed, "list_changes.page", queryStringParameters={"limit": "many"})

    assert (status, body["errors"][0]["field"]) == (422, "limit")


def test_a_page_of_changes_takes_no_other_parameter(deployed: World) -> None:
    status, body = call(deployed, "list_changes.page", queryStringParameters={"limits": "2"})

    assert (status, [error["field"] for error in body["errors"]]) == (422, ["limits"])
    assert "limit, cursor" in body["detail"]


def test_a_person_rolls_back_in_their_own_name(deployed: World) -> None:
    deployed.carry(deployed.upload())

    status, body = call(deployed, "change_release.rollback")

    assert (status, body["champion"], body["action"]) == (200, 0, "rollback")
    assert (body["change"]["by"], body["change"]["reason"]) == (
        "arn:aws:iam::111122223333:user/caller",
        "late flights are missed",
    )
    assert list(body["quarantined"]) == ["1"]


def test_a_version_that_has_to_be_made_first_is_accepted(deployed: World) -> None:
    for number in range(1, 6):
        deployed.carry(deployed.upload(f"v{number}"))
    wish = json.dumps({"version": 1, "reason": "the old one was better"})

    status, body = call(deployed, "change_release.promote", body=wish)

    route = deployed.routes.get("flight-delay")
    assert route is not None
    assert (status, body) == (202, {"execution": f"flight-delay-v1-p{route.revision}"})


@pytest.mark.parametrize(
    ("case", "status", "said"),
    [
        ("promote", 409, "the route of flight-delay is at revision 1, not 3"),
        ("no_reason", 422, "reason: expected a text of 1 to 500 letters that says why, got nothing"),
        ("unknown_move", 404, "there is no move 'undo'"),
    ],
)
def test_a_change_that_can_not_be_made_says_why(deployed: World, case: str, status: int, said: str) -> None:
    answer, body = call(deployed, f"change_release.{case}")

    assert answer == body["status"] == status
    assert said in body["detail"]


def test_who_has_frozen_a_release_is_told_to_who_wants_to_promote(deployed: World) -> None:
    deployed.carry(deployed.upload(), 6)
    call(deployed, "change_release.freeze")

    status, body = call(deployed, "change_release.promote", body=json.dumps({"version": 1, "reason": "now"}))

    assert status == 409
    assert "user/caller has frozen the route of flight-delay since 2026-11-23T" in body["detail"]
    assert "holiday traffic" in body["detail"]
