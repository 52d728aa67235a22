"""The pipeline's state machine, checked as far as it can be without running it: Amazon States Language."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from heirloom.core import errors
from heirloom.core.run.pipeline import STAGES
from tests.unit.world import payload

TEXT = (Path(__file__).parents[2] / "infra" / "workflows" / "pipeline.asl.json").read_text(encoding="utf-8")
MACHINE: dict[str, Any] = json.loads(TEXT)
STATES: dict[str, dict[str, Any]] = MACHINE["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
SUBSTITUTIONS = {
    *("ValidateData", "RegisterVersion", "TestEndpoint", "PointRoute", "RecordFailure"),
    *("TrainingRole", "ServingRole", "ArtifactBucket"),
}
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html, and the error names of the
# integrations with Lambda and SageMaker.
OF_AWS = {
    *("States.ALL", "Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException"),
    *("Lambda.TooManyRequestsException", "SageMaker.AmazonSageMakerException", "SageMaker.SageMakerException"),
    "SageMaker.ResourceLimitExceededException",
}


def targets(state: dict[str, Any]) -> Iterator[str]:
    yield from (rule["Next"] for rule in (*state.get("Choices", ()), *state.get("Catch", ())))
    yield from (state[key] for key in ("Next", "Default") if key in state)


def reached(start: str) -> set[str]:
    found, open_ = set(), [start]
    while open_:
        name = open_.pop()
        if name not in found:
            found.add(name)
            open_ += targets(STATES[name])
    return found


def test_every_state_is_reached_and_every_target_exists() -> None:
    assert reached(MACHINE["StartAt"]) == set(STATES)


def test_every_way_ends() -> None:
    ends = {name for name, state in STATES.items() if state["Type"] in ("Succeed", "Fail")}

    assert all(reached(name) & ends for name in STATES)


@pytest.mark.parametrize("name", TASKS)
def test_a_task_has_a_limit_a_result_a_retry_and_a_catch(name: str) -> None:
    task = TASKS[name]

    assert task["TimeoutSeconds"] > 0
    assert "ResultPath" in task
    assert task["Retry"]
    (catch,) = task["Catch"]
    assert catch["ErrorEquals"] == ["States.ALL"]
    assert catch["Next"] == ("FailedUnrecorded" if name == "RecordFailure" else "RecordFailure")
    assert catch["ResultPath"] == ("$.unrecorded" if name == "RecordFailure" else "$.error")


@pytest.mark.parametrize("name", TASKS)
def test_retries_only_errors_that_exist(name: str) -> None:
    ours = {known for known, kind in vars(errors).items() if isinstance(kind, type)}
    named = {error for retry in TASKS[name]["Retry"] for error in retry["ErrorEquals"]}

    assert named <= ours | OF_AWS
    assert not named & {"Invalid", "InvalidData", "NotFound", "Denied", "States.ALL"}


def test_leaves_nothing_to_substitute_but_what_infra_gives() -> None:
    assert set(re.findall(r"\$\{(\w+)\}", TEXT)) == SUBSTITUTIONS


def test_the_results_are_the_stages_in_their_order() -> None:
    order = list(dict.fromkeys(state["ResultPath"][2:] for state in STATES.values() if state.get("ResultPath")))

    assert [re.split(r"\W", path)[0] for path in order if path.split(".")[0] in STAGES] == [
        *STAGES[:4],
        *["endpoint", "endpoint"],
        *STAGES[4:],
    ]


def paths(value: Any) -> Iterator[str]:
    """Every JSONPath into the state that a template reads."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key.endswith(".$"):
                yield from re.findall(r"\$\.[\w.]+", item)
            else:
                yield from paths(item)
    elif isinstance(value, list):
        for item in value:
            yield from paths(item)


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("TrainModel", "register_version.trained"),
        ("CreateModel", "test_endpoint.in_service"),
        ("CreateEndpointConfig", "test_endpoint.in_service"),
        ("CreateEndpoint", "test_endpoint.in_service"),
        ("DescribeEndpoint", "test_endpoint.in_service"),
    ],
)
def test_reads_what_the_state_has(name: str, event: str) -> None:
    state = payload(event)

    for path in paths(TASKS[name]["Parameters"]):
        found: Any = state
        for key in path.removeprefix("$.").split("."):
            assert key in found, path
            found = found[key]


def test_takes_from_each_function_what_it_answers() -> None:
    selected = {name: set(TASKS[name]["ResultSelector"]) for name in TASKS if "lambda" in TASKS[name]["Resource"]}

    assert selected == {
        "ValidateData": {"id.$", "uri.$", "rows.$"},
        "RegisterVersion": {"number.$", "name.$", "package_arn.$", "variants.$"},
        "TestEndpoint": {"rows.$"},
        "PointRoute": {"moved.$", "revision.$", "reason.$"},
        "RecordFailure": {"stage.$", "reason.$"},
    }


def test_a_training_job_gets_a_day_more_than_its_own_limit() -> None:
    assert TASKS["TrainModel"]["TimeoutSeconds"] == (28 + 1) * 24 * 3600
