"""The HTTP API of the deployed stack: who may call it, and what a wrong request is told."""

from __future__ import annotations

import pytest

from tests.local.stack.client import Stack

pytestmark = pytest.mark.xdist_group("stack")
PATH = "/models/varnish/predictions"
ROW = {"thickness": 0.2, "colour": "red"}


@pytest.mark.parametrize(("method", "path"), [("POST", PATH), ("GET", "/models"), ("GET", "/models/varnish")])
def test_refuses_who_does_not_sign(stack: Stack, method: str, path: str) -> None:
    assert stack.call(method, path, signed=False)[0] == 403


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"{", 400, ""),
        ({"rows": [ROW]}, 422, "inputs"),
        ({"inputs": []}, 422, "inputs"),
        ({"inputs": [{"thickness": 0.2}]}, 422, "inputs[0].colour"),
        ({"inputs": [ROW, ROW | {"thickness": "thick"}]}, 422, "inputs[1].thickness"),
        ({"inputs": [ROW | {"smell": "sharp"}]}, 422, "inputs[0].smell"),
        (b'{"inputs": ["' + b"x" * 4_200_000 + b'"]}', 413, ""),
    ],
    ids=["malformed", "no inputs", "no rows", "missing", "wrong type", "unknown", "too large"],
)
def test_names_the_field_that_is_wrong(stack: Stack, body: object, status: int, field: str) -> None:
    found, problem = stack.call("POST", PATH, body)

    assert found == status, problem
    assert problem["status"] == status
    if field:
        assert field in [each["field"] for each in problem["errors"]]


def test_says_which_models_there_are(stack: Stack) -> None:
    status, answer = stack.call("GET", "/models")

    assert status == 200
    assert {"flight-delay", "paint", "varnish"} <= {model["model"] for model in answer["models"]}


def test_does_not_know_a_model_that_is_not_there(stack: Stack) -> None:
    assert stack.call("GET", "/models/nothing")[0] == 404
    assert stack.predict("nothing", [ROW])[0] == 404
