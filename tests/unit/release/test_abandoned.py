"""Clearing up after a release that was aborted, timed out or failed itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from heirloom.adapters.memory import MemoryDeployments, MemoryExecutions, MemoryRoutes
from heirloom.core.errors import Invalid
from heirloom.core.run.pipeline import read_failure, record_failure
from heirloom.handlers import abandon_release
from tests.unit.world import World, payload

EVENT = payload("abandon_release.aborted")
MACHINE = EVENT["detail"]["stateMachineArn"]


def told(**changes: Any) -> dict[str, Any]:
    return {**EVENT, "detail": {**EVENT["detail"], **changes}}


@pytest.fixture
def executions() -> MemoryExecutions:
    return MemoryExecutions()


def started(executions: MemoryExecutions) -> dict[str, Any]:
    """The input of the one execution that was started."""
    ((_, document),) = executions.started.items()
    return dict(document)


def test_another_release_begins_where_it_broke_off(executions: MemoryExecutions) -> None:
    answer = abandon_release.handle(EVENT, executions)

    state = started(executions)
    assert answer == {"started": "flight-delay-292f275d8106-abandon"}
    assert (state["release"]["goal"], state["version"]["name"]) == ("abandon", "heirloom-flight-delay-v3")
    assert read_failure(state).reason == "ABORTED: somebody aborted the release"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("TIMED_OUT", "TIMED_OUT: the release did not end in time"),
        ("FAILED", "FAILED: the release failed, and could not clear up"),
    ],
)
def test_what_it_had_made_is_taken_down(executions: MemoryExecutions, status: str, reason: str) -> None:
    abandon_release.handle(told(status=status), executions)
    deployments = MemoryDeployments({"heirloom-flight-delay-v2", "heirloom-flight-delay-v3"})

    failure = record_failure(started(executions), World().journal, MemoryRoutes(), deployments, "now")

    assert failure.reason == reason
    assert deployments.up == {"heirloom-flight-delay-v2"}


def test_an_event_that_comes_twice_starts_one(executions: MemoryExecutions) -> None:
    abandon_release.handle(EVENT, executions)
    abandon_release.handle(EVENT, executions)

    assert len(executions.started) == 1


@pytest.mark.parametrize("status", ["ABORTED", "TIMED_OUT", "FAILED"])
def test_one_that_was_to_clear_up_is_not_cleared_up_after(executions: MemoryExecutions, status: str) -> None:
    abandon_release.handle(EVENT, executions)
    name, document = "flight-delay-292f275d8106-abandon", json.dumps(started(executions))
    again = told(name=name, input=document, status=status)

    assert abandon_release.handle(again, executions) == {"started": None}
    assert len(executions.started) == 1


def test_an_event_without_the_input_is_for_a_person(executions: MemoryExecutions) -> None:
    with pytest.raises(Invalid, match="is without the input"):
        abandon_release.handle(told(input=None), executions)
