"""How a batch that failed is told."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from cli import batch_run
from cli.batch_run import AGAIN, BatchRun, message_of
from cli.output import Output
from heirloom.core.batch.plan import Order
from heirloom.core.errors import HeirloomError, InvalidData, NotFound, Unavailable
from heirloom.core.run.upload import Execution

MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:batch"
ORDER = Order("paint", "s3://data/coats.csv", "s3://artifacts/batch/")
OF_LAMBDA = {"errorMessage": "line 3: expected a number", "errorType": "InvalidData", "stackTrace": []}


def run_of(ended: Execution | None, failed_parts: list[dict[str, str]]) -> BatchRun:
    """A batch that has ended so; each failed part has an error and a cause."""
    states: Any = SimpleNamespace(
        list_map_runs=lambda **asked: {"mapRuns": [{"mapRunArn": "run"}]},
        describe_map_run=lambda **asked: {"itemCounts": {"succeeded": 2, "total": 3}},
        list_executions=lambda **asked: {"executions": [{"executionArn": n} for n in range(len(failed_parts))]},
        describe_execution=lambda **asked: failed_parts[asked["executionArn"]],
    )
    session = SimpleNamespace(client=lambda service: states, output=lambda name: MACHINE)
    ports: Any = SimpleNamespace(session=session, executions=SimpleNamespace(find=lambda machine, name: ended))
    return BatchRun(ports, "paint-1")


@pytest.mark.parametrize(
    ("ended", "parts", "kind", "told"),
    [
        (Execution("FAILED", "InvalidData", json.dumps(OF_LAMBDA)), [], InvalidData, "line 3: expected a number"),
        (
            Execution("FAILED", "States.ExceedToleratedFailureThreshold", "exceeded"),
            [{"error": "Unavailable", "cause": json.dumps({"errorMessage": "the endpoint is gone"})}],
            Unavailable,
            f"the endpoint is gone; {AGAIN}",
        ),
        (Execution("FAILED", "States.Timeout", "900 s"), [], Unavailable, f"ended: States.Timeout: 900 s; {AGAIN}"),
        (Execution("ABORTED"), [], Unavailable, f"batch paint-1 ended: aborted; {AGAIN}"),
        (None, [], NotFound, "no batch paint-1"),
    ],
    ids=["a step", "a part", "an error of AWS's", "aborted", "forgotten"],
)
def test_tells_what_ended_it_as_one_of_our_errors(
    ended: Execution | None, parts: list[dict[str, str]], kind: type[HeirloomError], told: str
) -> None:
    with pytest.raises(kind, match=told):
        run_of(ended, parts).until_done(Output(), ORDER)


def test_says_how_far_it_is() -> None:
    assert run_of(None, []).parts() == (2, 3)


def test_waits_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([Execution("RUNNING"), Execution("RUNNING"), Execution("ABORTED")])
    run = run_of(None, [])
    run.ports.executions.find = lambda machine, name: next(looks)  # type: ignore[method-assign]
    monkeypatch.setattr(batch_run, "EVERY", 0)

    with pytest.raises(Unavailable):
        run.until_done(Output(), ORDER)

    assert next(looks, None) is None


@pytest.mark.parametrize(("cause", "told"), [("gone", "gone"), ('"a text"', '"a text"'), ("{}", "{}"), ("", "")])
def test_a_cause_that_is_not_lambda_s_stays_as_it_is(cause: str, told: str) -> None:
    assert message_of(cause) == told
