"""A function's exception has its own name, to who invokes it and to the state machine that catches it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.local.functions import Functions

RAISES = """
import pathlib

class QuotaReached(Exception):
    pass

def check(limit):
    raise QuotaReached(f"limit is {limit}")

def handler(event, context):
    calls = pathlib.Path(event["calls"])
    calls.write_text(calls.read_text() + "x")
    if len(calls.read_text()) > event["failures"]:
        return "done"
    check(3)
"""


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """Where the function notes its calls: MiniStack ends a worker whose function has raised an exception."""
    path = tmp_path / "calls"
    path.touch()
    return path


def event(calls: Path, failures: int = 99) -> dict[str, Any]:
    """Have the function raise an exception as often."""
    return {"calls": str(calls), "failures": failures}


def task(function: str, **settings: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": function, "End": True, **settings}


def caught(function: str, *names: str) -> dict[str, Any]:
    """A state machine with a branch for each name of an error."""
    catch = [{"ErrorEquals": [name], "Next": f"Caught{name}"} for name in names]
    return {
        "Work": task(function, Catch=catch),
        **{
            f"Caught{name}": {"Type": "Pass", "Parameters": {"by": name, "error.$": "$"}, "End": True} for name in names
        },
    }


def test_invoke_tells_class_message_and_stack_trace_of_an_exception(functions: Functions, calls: Path) -> None:
    error, payload = functions.invoke(functions.make(RAISES), event(calls))

    assert error == "Unhandled"
    assert payload["errorType"] == "QuotaReached"
    assert payload["errorMessage"] == "limit is 3"
    *_, outer, inner = payload["stackTrace"]
    assert ", in handler\n" in outer
    assert ", in check\n" in inner


def test_a_good_answer_after_an_exception_is_no_error(functions: Functions, calls: Path) -> None:
    function = functions.make(RAISES)

    failed, _ = functions.invoke(function, event(calls, failures=1))
    again = functions.invoke(function, event(calls, failures=1))

    assert failed == "Unhandled"
    assert again == (None, "done")


def test_a_state_machine_catches_an_exception_by_the_name_of_its_class(functions: Functions, calls: Path) -> None:
    states = caught(functions.make(RAISES), "ValueError", "QuotaReached", "States.TaskFailed")

    execution = functions.run(states, event(calls))

    assert execution["status"] == "SUCCEEDED", execution
    output = json.loads(execution["output"])
    assert output["by"] == output["error"]["Error"] == "QuotaReached"
    assert json.loads(output["error"]["Cause"])["errorMessage"] == "limit is 3"


def test_a_state_machine_retries_an_exception_by_the_name_of_its_class(functions: Functions, calls: Path) -> None:
    retry = [{"ErrorEquals": ["QuotaReached"], "IntervalSeconds": 1, "MaxAttempts": 3, "BackoffRate": 1.0}]
    states = {"Work": task(functions.make(RAISES), Retry=retry)}

    execution = functions.run(states, event(calls, failures=2))

    assert execution["status"] == "SUCCEEDED", execution
    assert calls.read_text() == "xxx"


def test_a_name_that_is_not_the_exceptions_does_not_catch_it(functions: Functions, calls: Path) -> None:
    retry = [{"ErrorEquals": ["Runtime.HandlerError"], "IntervalSeconds": 1, "MaxAttempts": 3}]

    execution = functions.run({"Work": task(functions.make(RAISES), Retry=retry)}, event(calls, failures=1))

    assert (execution["status"], execution["error"]) == ("FAILED", "QuotaReached")
    assert calls.read_text() == "x"
