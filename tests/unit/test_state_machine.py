"""The state machines of a model, checked as far as they can be without running them: Amazon States Language."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest

from heirloom.core import errors
from heirloom.core.release.machine import Outcome
from heirloom.core.run.pipeline import STAGES, Failure
from heirloom.core.run.registry import Version
from tests.unit.world import payload

WORKFLOWS = Path(__file__).parents[2] / "infra" / "workflows"
LAMBDA = "arn:aws:states:::lambda:invoke"
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html, and the error names of the
# integrations with Lambda, SageMaker, Application Auto Scaling and Step Functions itself.
# What is nobody's mistake in a call of a function: it was killed (too long, too much memory) or not reached.
# https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html; Runtime.ExitError is what a
# function ends with that was killed for its memory.
OF_LAMBDA = {
    *("Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException"),
    *("Lambda.TooManyRequestsException", "Lambda.ClientExecutionTimeoutException", "Lambda.Unknown"),
    *("Sandbox.Timedout", "Runtime.ExitError"),
}
OF_AWS = OF_LAMBDA | {
    *("States.ALL", "States.Timeout"),
    *("SageMaker.AmazonSageMakerException", "SageMaker.SageMakerException"),
    *("SageMaker.ResourceLimitExceededException", "StepFunctions.AWSStepFunctionsException"),
    *("ApplicationAutoScaling.ConcurrentUpdateException", "ApplicationAutoScaling.InternalServiceException"),
    "ApplicationAutoScaling.ApplicationAutoScalingException",
}


@dataclass(frozen=True)
class Machine:
    """A definition, as text and parsed."""

    text: str
    start: str
    states: dict[str, dict[str, Any]]

    @property
    def tasks(self) -> dict[str, dict[str, Any]]:
        return {name: state for name, state in self.states.items() if state["Type"] == "Task"}

    def reached(self, start: str) -> set[str]:
        """The states that can follow."""
        found, open_ = set(), [start]
        while open_:
            name = open_.pop()
            if name not in found:
                found.add(name)
                open_ += targets(self.states[name])
        return found


def targets(state: dict[str, Any]) -> Iterator[str]:
    yield from (rule["Next"] for rule in (*state.get("Choices", ()), *state.get("Catch", ())))
    yield from (state[key] for key in ("Next", "Default") if key in state)


def read(name: str) -> Machine:
    text = (WORKFLOWS / f"{name}.asl.json").read_text(encoding="utf-8")
    document = json.loads(text)
    return Machine(text, document["StartAt"], document["States"])


PIPELINE, RELEASE = read("pipeline"), read("release")
MACHINES = {"pipeline": PIPELINE, "release": RELEASE}
EACH = pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
TASKS = [(machine, name) for machine in MACHINES.values() for name in machine.tasks]
EACH_TASK = pytest.mark.parametrize(("machine", "name"), TASKS, ids=[name for _, name in TASKS])
# The tasks whose failure leads elsewhere than to the record of it.
ELSEWHERE = {
    "RecordFailure": {"FailedUnrecorded"},
    "RetireEndpoints": {"Ended"},
    "LookForEndpoint": {"CreateModel", "RecordFailure"},
    "CreateModel": {"FindModel", "RecordFailure"},
    "CreateEndpointConfig": {"FindEndpointConfig", "RecordFailure"},
    "CreateEndpoint": {"FindEndpoint", "RecordFailure"},
    "StartCanary": {"Undecided", "RecordFailure"},
}


@EACH
def test_every_state_is_reached_and_every_target_exists(machine: Machine) -> None:
    assert machine.reached(machine.start) == set(machine.states)


@EACH
def test_every_way_ends(machine: Machine) -> None:
    ends = {name for name, state in machine.states.items() if state["Type"] in ("Succeed", "Fail")}

    assert all(machine.reached(name) & ends for name in machine.states)


@EACH_TASK
def test_a_task_has_a_limit_a_result_a_retry_and_a_catch(machine: Machine, name: str) -> None:
    task = machine.tasks[name]
    catches = {catch["Next"]: catch for catch in task["Catch"]}

    assert task.get("TimeoutSeconds", 0) > 0 or task["TimeoutSecondsPath"] == "$.canary.seconds"
    assert "ResultPath" in task
    assert task["Retry"]
    assert set(catches) == ELSEWHERE.get(name, {"RecordFailure"})
    assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
    if name != "RecordFailure" and "RecordFailure" in catches and not name.startswith("Find"):
        assert catches["RecordFailure"]["ResultPath"] == "$.error"


@EACH_TASK
def test_retries_only_errors_that_exist(machine: Machine, name: str) -> None:
    ours = {known for known, kind in vars(errors).items() if isinstance(kind, type)}
    named = {error for retry in machine.tasks[name]["Retry"] for error in retry["ErrorEquals"]}
    caught = {error for catch in machine.tasks[name]["Catch"] for error in catch["ErrorEquals"]}

    assert named | caught <= ours | OF_AWS
    assert not named & {"Invalid", "InvalidData", "NotFound", "Denied"}
    assert name == "RecordFailure" or "States.ALL" not in named


def retriers(text: str) -> list[set[str]]:
    """The names that each retrier of a definition goes by, wherever it stands."""
    found: list[set[str]] = []

    def note(value: dict[str, Any]) -> dict[str, Any]:
        found.extend(set(retry["ErrorEquals"]) for retry in value.get("Retry", ()))
        return value

    json.loads(text, object_hook=note)
    return found


@pytest.mark.parametrize("path", sorted(WORKFLOWS.glob("*.asl.json")), ids=lambda path: path.name)
def test_what_may_work_later_is_retried_by_each_of_its_names(path: Path) -> None:
    """Step Functions compares names, and knows nothing of base classes."""
    later = {
        name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.Unavailable)
    }
    found = [names for names in retriers(path.read_text(encoding="utf-8")) if "Unavailable" in names]

    assert found
    assert all(later <= names for names in found)


@pytest.mark.parametrize("path", sorted(WORKFLOWS.glob("*.asl.json")), ids=lambda path: path.name)
def test_a_function_that_was_killed_or_not_reached_is_called_again(path: Path) -> None:
    """Not a state's own States.Timeout: StartCanary's is the end of a trial."""
    calls = path.read_text(encoding="utf-8").count(f'"{LAMBDA}')
    found = [names for names in retriers(path.read_text(encoding="utf-8")) if names >= OF_LAMBDA]

    assert len(found) == calls > 0
    assert not [names for names in found if "States.Timeout" in names]


@EACH
def test_the_record_of_a_failure_is_tried_again_whatever_went_wrong(machine: Machine) -> None:
    """It is the clean-up, and changes nothing twice. States.ALL stands alone and last, or the definition is refused."""
    first, last = machine.tasks["RecordFailure"]["Retry"]

    assert "Unavailable" in first["ErrorEquals"]
    assert last["ErrorEquals"] == ["States.ALL"]


def test_a_conflict_over_a_route_is_told_at_once() -> None:
    """The functions have tried themselves; who has frozen a route is to be known now, not after the retries."""
    moving = [task for name, task in RELEASE.tasks.items() if "${MoveRoute}" in str(task) or name == "StartCanary"]

    assert len(moving) == 5
    assert not [task for task in moving if "Conflict" in str(task["Retry"])]


@pytest.mark.parametrize(
    ("machine", "given"),
    [
        (PIPELINE, {"ValidateData", "RegisterVersion", "RecordFailure", "ReleaseMachine"} | {"TrainingRole"}),
        (RELEASE, {"TestEndpoint", "MoveRoute", "StartCanary", "RetireEndpoints", "RecordFailure", "ServingRole"}),
    ],
    ids=MACHINES,
)
def test_leaves_nothing_to_substitute_but_what_infra_gives(machine: Machine, given: set[str]) -> None:
    assert set(re.findall(r"\$\{(\w+)\}", machine.text)) - {"ArtifactBucket"} == given


@pytest.mark.parametrize(("machine", "stages"), [(PIPELINE, STAGES[:3]), (RELEASE, STAGES[3:])], ids=MACHINES)
def test_the_results_are_the_stages_in_their_order(machine: Machine, stages: tuple[str, ...]) -> None:
    results = [state["ResultPath"][2:].split(".")[0] for state in machine.states.values() if state.get("ResultPath")]

    assert [name for name in dict.fromkeys(results) if name in STAGES] == list(stages)


def paths(value: Any) -> Iterator[str]:
    """Every JSONPath into the state that a template reads."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key.endswith(".$"):
                yield from re.findall(r"(?<!\$)\$\.[\w.]+", item)
            else:
                yield from paths(item)
    elif isinstance(value, list):
        for item in value:
            yield from paths(item)


def found(state: Any, path: str) -> Any:
    """What a path leads to; KeyError where Step Functions would end the execution with States.Runtime."""
    for key in path.removeprefix("$").strip(".").split("."):
        state = state[key] if key else state
    return state


@pytest.mark.parametrize(
    ("machine", "name", "event"),
    [
        (PIPELINE, "TrainModel", "register_version.trained"),
        *((RELEASE, name, "test_endpoint.in_service") for name in ("LookForEndpoint", "CreateModel", "FindModel")),
        *((RELEASE, name, "test_endpoint.in_service") for name in ("CreateEndpointConfig", "FindEndpointConfig")),
        *((RELEASE, name, "test_endpoint.in_service") for name in ("CreateEndpoint", "FindEndpoint")),
        *((RELEASE, name, "test_endpoint.in_service") for name in ("DescribeEndpoint", "TestEndpoint")),
    ],
)
def test_reads_what_the_state_has(machine: Machine, name: str, event: str) -> None:
    state = payload(event)

    for path in paths(machine.tasks[name]["Parameters"]):
        assert found(state, path) is not None


def test_the_choices_read_what_a_release_s_input_has() -> None:
    state = payload("move_route.promote")["state"]

    for name in ("DoesItScale", "WhatIsWanted", "IsItTried"):
        for choice in RELEASE.states[name]["Choices"]:
            found(state, choice["Variable"])
    assert type(found(state, RELEASE.tasks["StartCanary"]["TimeoutSecondsPath"])) is int


def test_a_release_is_started_with_the_whole_of_its_input() -> None:
    started = PIPELINE.tasks["ReleaseVersion"]["Parameters"]["Input"]
    state = payload("test_endpoint.in_service")

    assert {key.removesuffix(".$") for key in started} - {"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"} == (
        state.keys() - {"endpoint"}
    )


def test_takes_from_each_function_what_it_answers() -> None:
    moved = {f"{field.name}.$" for field in fields(Outcome)}
    selected = {
        name: set(task["ResultSelector"])
        for machine in MACHINES.values()
        for name, task in machine.tasks.items()
        if task["Resource"] == LAMBDA
    }

    assert selected == {
        "ValidateData": {"id.$", "uri.$", "rows.$"},
        "RegisterVersion": {f"{field.name}.$" for field in fields(Version)},
        "TestEndpoint": {"rows.$"},
        **dict.fromkeys(("MarkReady", "RollBack", "StopCanary", "Promote"), moved),
        "RetireEndpoints": {"names.$"},
        "RecordFailure": {f"{field.name}.$" for field in fields(Failure)} - {"error.$"},
    }


def test_a_release_ends_with_one_document_whatever_becomes_of_it() -> None:
    shape = {"outcome", "stage", "reason", "version"}
    ends = [RELEASE.states[name]["Parameters"] for name in ("Outcome", "Failed")]

    assert [{key.removesuffix(".$") for key in end} for end in ends] == [shape, shape]
    assert RELEASE.states["Ended"]["OutputPath"] == "$.outcome"
    assert {key.removesuffix(".$") for key in PIPELINE.tasks["ReleaseVersion"]["ResultSelector"]} == shape


@pytest.mark.parametrize(
    ("outcome", "end"),
    [
        ("promoted", "Released"),
        ("superseded", "Released"),
        ("stopped", "NotReleased"),
        ("failed", "NotReleased"),
    ],
)
def test_the_pipeline_fails_when_its_version_was_taken_back(outcome: str, end: str) -> None:
    choice = PIPELINE.states["IsReleased"]

    assert next((it["Next"] for it in choice["Choices"] if it["StringEquals"] == outcome), choice["Default"]) == end


@pytest.mark.parametrize(
    ("verdict", "on_timeout", "follows"),
    [
        ("better", "rollback", "Promote"),
        ("worse", "promote", "StopCanary"),
        ("superseded", "promote", "StopCanary"),
        ("undecided", "promote", "Promote"),
        ("undecided", "rollback", "StopCanary"),
    ],
)
def test_a_verdict_decides_and_without_one_the_project_does(verdict: str, on_timeout: str, follows: str) -> None:
    choice = RELEASE.states["WhatIsTheVerdict"]
    state = {"verdict": {"outcome": verdict}, "canary": {"on_timeout": on_timeout}}

    def holds(rule: dict[str, Any]) -> bool:
        if "And" in rule:
            return all(map(holds, rule["And"]))
        return bool(found(state, rule["Variable"]) == rule["StringEquals"])

    assert next((it["Next"] for it in choice["Choices"] if holds(it)), choice["Default"]) == follows


def test_the_pipeline_waits_longer_than_the_longest_canary() -> None:
    assert PIPELINE.tasks["ReleaseVersion"]["TimeoutSeconds"] > (30 + 2) * 24 * 3600


def test_what_a_lost_answer_may_have_made_is_looked_for_and_is_no_error() -> None:
    for noun in ("Model", "EndpointConfig", "Endpoint"):
        create, find = RELEASE.tasks[f"Create{noun}"], RELEASE.tasks[f"Find{noun}"]

        assert find["Next"] == create["Next"]
        assert [catch["ResultPath"] for catch in find["Catch"]] == ["$.missing"]


def test_an_endpoint_is_scaled_by_the_calls_that_each_instance_takes() -> None:
    policy = RELEASE.tasks["PutScalingPolicy"]["Parameters"]["TargetTrackingScalingPolicyConfiguration"]

    assert policy["PredefinedMetricSpecification"]["PredefinedMetricType"] == "SageMakerVariantInvocationsPerInstance"
    assert RELEASE.states["DoesItScale"]["Choices"][0]["IsNull"] is True


def test_a_training_job_gets_a_day_more_than_its_own_limit() -> None:
    assert PIPELINE.tasks["TrainModel"]["TimeoutSeconds"] == (28 + 1) * 24 * 3600
