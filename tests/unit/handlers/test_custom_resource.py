"""CloudFormation hears of every request, however it ended."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest

from heirloom.core.errors import Invalid
from heirloom.handlers import custom_resource
from heirloom.handlers.custom_resource import LONGEST_REASON, resource_entrypoint
from tests.unit.world import payload


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The requests that would go to CloudFormation's bucket: it is the one thing here that is not on this machine."""
    requests: list[Any] = []

    def urlopen(request: Any, timeout: float) -> Any:
        requests.append(request)
        return contextlib.nullcontext()

    monkeypatch.setattr(custom_resource.urllib.request, "urlopen", urlopen)
    return requests


def test_answers_success_with_the_attributes(put: list[Any]) -> None:
    event = payload("register_project.create")

    resource_entrypoint(lambda event: {"Revision": 1})(event, None)

    (request,) = put
    assert (request.get_method(), request.full_url) == ("PUT", event["ResponseURL"])
    assert request.get_header("Content-type") == ""
    assert json.loads(request.data) == {
        "Status": "SUCCESS",
        "Data": {"Revision": 1},
        "PhysicalResourceId": "flight-delay",
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": "ProjectFlightDelay",
    }


@pytest.mark.parametrize("error", [Invalid("wrong " * 999), KeyError("Spec")])
def test_answers_failure_with_the_reason(put: list[Any], error: Exception) -> None:
    def handle(event: dict[str, Any]) -> dict[str, Any]:
        raise error

    resource_entrypoint(handle)(payload("register_project.update"), None)

    answer = json.loads(put[0].data)
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith(f"{type(error).__name__}: ")
    assert len(answer["Reason"]) <= LONGEST_REASON
    assert answer["PhysicalResourceId"] == "flight-delay"


def test_a_resource_without_a_model_has_the_name_of_its_logical_id(put: list[Any]) -> None:
    event = payload("register_project.create")
    del event["ResourceProperties"]["Model"]

    resource_entrypoint(lambda event: {})(event, None)

    assert json.loads(put[0].data)["PhysicalResourceId"] == "ProjectFlightDelay"
