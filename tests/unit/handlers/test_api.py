"""The routes of the API, by events as API Gateway sends them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from heirloom.handlers import list_models, predict, show_model
from heirloom.handlers.edge import http_entrypoint
from tests.unit.world import SMOKE, World, payload


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Heirloom")


def call(world: World, name: str) -> tuple[int, dict[str, Any]]:
    handlers: dict[str, Any] = {
        "predict": http_entrypoint(
            predict.handle, routes=lambda: world.routes, endpoints=lambda: world.endpoints, clock=lambda: world.clock
        ),
        "list_models": http_entrypoint(list_models.handle, lineage=lambda: world.lineage, routes=lambda: world.routes),
        "show_model": http_entrypoint(show_model.handle, lineage=lambda: world.lineage, routes=lambda: world.routes),
    }
    answer = handlers[name.partition(".")[0]](payload(name), None)
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
