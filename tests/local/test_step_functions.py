"""Step Functions beyond MiniStack's: waiting for a token, starting another machine, limits, and whose rights count."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.embedded import make_role, unique, wait_for
from tests.local.functions import INVOKE, SERVICES, Functions

WAITING = "arn:aws:states:::lambda:invoke.waitForTaskToken"
SYNC = "arn:aws:states:::states:startExecution.sync:2"
REGISTER = "arn:aws:states:::aws-sdk:applicationautoscaling:registerScalableTarget"
# Writes each token that it is handed to a file, and fails as often as it is told to.
TAKES_TOKENS = """
def handler(event, context):
    with open(event["file"], "a") as file:
        file.write(event["token"] + "\\n")
    if len(open(event["file"]).readlines()) <= event.get("failures", 0):
        raise ValueError("not now")
"""
SUCCEEDS = {"Done": {"Type": "Pass", "Parameters": {"doubled.$": "States.MathAdd($.n, $.n)"}, "End": True}}
FAILS = {"Bad": {"Type": "Fail", "Error": "Late", "Cause": "too late"}}
LASTS = {"Long": {"Type": "Wait", "Seconds": 600, "End": True}}
NESTED = {
    "Effect": "Allow",
    "Action": ["states:StartExecution", "states:DescribeExecution", "states:StopExecution"],
    "Resource": "*",
}
TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/stepped/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
RULE = {"Effect": "Allow", "Action": ["events:PutTargets", "events:PutRule", "events:DescribeRule"], "Resource": "*"}


def role(functions: Functions, *statements: dict[str, Any]) -> str:
    return make_role(functions.aws, unique("machine"), SERVICES, *statements)


def waits(functions: Functions, **more: Any) -> dict[str, Any]:
    """A state that hands its token out, and waits."""
    payload = {"token.$": "$$.Task.Token", "file.$": "$.file", "failures.$": "$.failures"}
    parameters = {"FunctionName": functions.make(TAKES_TOKENS), "Payload": payload}
    return {"Wait": {"Type": "Task", "Resource": WAITING, "Parameters": parameters, "End": True, **more}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tokens"


def event(file: Path, failures: int = 0, **more: Any) -> dict[str, Any]:
    return {"file": str(file), "failures": failures, **more}


def tokens(file: Path, count: int = 1) -> list[str]:
    """The tokens that were handed out, as soon as there are so many."""

    def found() -> list[str] | None:
        lines = file.read_text().splitlines() if file.exists() else []
        return lines if len(lines) >= count else None

    return list(wait_for(found))


class TestAToken:
    """Wait for a Callback with Task Token; SendTaskSuccess and SendTaskFailure of the API reference."""

    def test_is_answered_with_the_task_s_output(self, functions: Functions, file: Path) -> None:
        execution = functions.start(functions.machine(waits(functions)), event(file))

        (token,) = tokens(file)
        functions.aws.client("stepfunctions").send_task_success(taskToken=token, output='{"outcome": "better"}')

        assert json.loads(functions.ended(execution)["output"]) == {"outcome": "better"}

    def test_takes_one_answer(self, functions: Functions, file: Path) -> None:
        client = functions.aws.client("stepfunctions")
        functions_ended = functions.start(functions.machine(waits(functions)), event(file))
        (token,) = tokens(file)
        client.send_task_failure(taskToken=token, error="Worse", cause="9 of 10 failed")

        with pytest.raises(client.exceptions.TaskTimedOut):
            client.send_task_success(taskToken=token, output="{}")

        found = functions.ended(functions_ended)
        assert (found["error"], found["cause"]) == ("Worse", "9 of 10 failed")

    def test_takes_json_only(self, functions: Functions, file: Path) -> None:
        client = functions.aws.client("stepfunctions")
        execution = functions.start(functions.machine(waits(functions)), event(file))
        (token,) = tokens(file)

        with pytest.raises(client.exceptions.InvalidOutput):
            client.send_task_success(taskToken=token, output="better")

        client.stop_execution(executionArn=execution)

    def test_of_a_function_that_failed_is_followed_by_another(self, functions: Functions, file: Path) -> None:
        """The failure of the call is the failure of the task; each attempt has a token of its own."""
        retry = [{"ErrorEquals": ["ValueError"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1.0}]
        execution = functions.start(functions.machine(waits(functions, Retry=retry)), event(file, failures=1))

        first, second = tokens(file, 2)
        client = functions.aws.client("stepfunctions")
        client.send_task_success(taskToken=second, output="1")

        assert first != second
        assert functions.ended(execution)["output"] == "1"

    def test_of_a_function_that_fails_is_not_waited_for(self, functions: Functions, file: Path) -> None:
        found = functions.ended(functions.start(functions.machine(waits(functions)), event(file, failures=1)))

        assert (found["status"], found["error"]) == ("FAILED", "ValueError")

    def test_that_nobody_answers_times_out_as_the_input_says(self, functions: Functions, file: Path) -> None:
        """TimeoutSecondsPath, and a Catch that sees States.Timeout."""
        late = {"Late": {"Type": "Pass", "Result": "late", "End": True}}
        catch = [{"ErrorEquals": ["States.Timeout"], "ResultPath": None, "Next": "Late"}]
        states = waits(functions, TimeoutSecondsPath="$.seconds", Catch=catch) | late
        started = time.monotonic()

        found = functions.ended(functions.start(functions.machine(states), event(file, seconds=2)))

        assert found["output"] == '"late"'
        assert 2 <= time.monotonic() - started < 10
        client = functions.aws.client("stepfunctions")
        with pytest.raises(client.exceptions.TaskTimedOut):
            client.send_task_success(taskToken=tokens(file)[0], output="{}")

    def test_of_an_aborted_execution_is_closed(self, functions: Functions, file: Path) -> None:
        client = functions.aws.client("stepfunctions")
        execution = functions.start(functions.machine(waits(functions)), event(file))
        (token,) = tokens(file)

        client.stop_execution(executionArn=execution)

        def closed() -> bool:
            try:
                client.send_task_heartbeat(taskToken=token)
            except client.exceptions.TaskTimedOut:
                return True
            return False

        wait_for(closed)

    def test_is_answered_by_who_may_answer_for_its_machine(self, functions: Functions, file: Path) -> None:
        """The resource of SendTaskSuccess is the state machine (Actions for AWS Step Functions)."""
        machine = functions.machine(waits(functions))
        execution = functions.start(machine, event(file))
        (token,) = tokens(file)
        grant = {"Effect": "Allow", "Action": "states:SendTaskSuccess"}

        with pytest.raises(ClientError, match="not authorized to perform: states:SendTaskSuccess"):
            acting(functions, {**grant, "Resource": f"{machine}-of-another-model"}).send_task_success(
                taskToken=token, output="{}"
            )
        acting(functions, {**grant, "Resource": machine}).send_task_success(taskToken=token, output='"yes"')

        assert functions.ended(execution)["output"] == '"yes"'


def acting(functions: Functions, *statements: dict[str, Any]) -> Any:
    """A client of Step Functions with the credentials of a role that may do this."""
    arn = role(functions, *statements)
    made = functions.aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    make: Any = boto3.client
    return make(
        "stepfunctions",
        endpoint_url=functions.aws.endpoint_url,
        region_name=functions.aws.region,
        aws_access_key_id=made["AccessKeyId"],
        aws_secret_access_key=made["SecretAccessKey"],
        aws_session_token=made["SessionToken"],
    )


def nested(machine: str, **more: Any) -> dict[str, Any]:
    """A state that starts the machine and waits for it."""
    parameters = {"StateMachineArn": machine, "Name.$": "$.name", "Input": {"n.$": "$.n"}}
    return {"Start": {"Type": "Task", "Resource": SYNC, "Parameters": parameters, "End": True, **more}}


def named(n: int = 2) -> dict[str, Any]:
    return {"name": unique("nested"), "n": n}


class TestAnotherMachine:
    """Start a new AWS Step Functions state machine from a running execution."""

    def test_gives_its_output_parsed(self, functions: Functions) -> None:
        inner = functions.machine(SUCCEEDS)
        outer = functions.machine(nested(inner), role(functions, NESTED, RULE))
        asked = named()

        found = json.loads(functions.ended(functions.start(outer, asked))["output"])

        assert found["Output"] == {"doubled": 4}
        assert found["Input"] == {"n": 2}
        assert (found["Name"], found["Status"]) == (asked["name"], "SUCCEEDED")
        assert found["StartDate"] > 1_700_000_000_000

    def test_that_fails_fails_the_task_with_its_description_as_the_cause(self, functions: Functions) -> None:
        outer = functions.machine(nested(functions.machine(FAILS)), role(functions, NESTED, RULE))

        found = functions.ended(functions.start(outer, named()))

        assert found["error"] == "States.TaskFailed"
        cause = json.loads(found["cause"])
        assert (cause["Status"], cause["Error"], cause["Cause"]) == ("FAILED", "Late", "too late")

    def test_whose_name_is_taken_has_an_error_of_its_own(self, functions: Functions) -> None:
        inner, asked = functions.machine(SUCCEEDS), named()
        outer = functions.machine(nested(inner), role(functions, NESTED, RULE))
        functions.ended(functions.start(outer, asked))

        found = functions.ended(functions.start(outer, asked))

        assert found["error"] == "StepFunctions.ExecutionAlreadyExistsException"

    def test_is_stopped_with_the_execution_that_started_it(self, functions: Functions) -> None:
        client, inner = functions.aws.client("stepfunctions"), functions.machine(LASTS)
        outer = functions.start(functions.machine(nested(inner), role(functions, NESTED, RULE)), named())
        (running,) = wait_for(lambda: client.list_executions(stateMachineArn=inner)["executions"])

        client.stop_execution(executionArn=outer)

        assert functions.ended(running["executionArn"])["status"] == "ABORTED"

    def test_is_stopped_when_the_task_times_out(self, functions: Functions) -> None:
        client, inner = functions.aws.client("stepfunctions"), functions.machine(LASTS)
        outer = functions.machine(nested(inner, TimeoutSeconds=2), role(functions, NESTED, RULE))

        assert functions.ended(functions.start(outer, named()))["error"] == "States.Timeout"

        (stopped,) = client.list_executions(stateMachineArn=inner)["executions"]
        assert functions.ended(stopped["executionArn"])["status"] == "ABORTED"

    @pytest.mark.parametrize(
        ("grants", "denied"),
        [
            ([RULE], "states:StartExecution"),
            ([RULE, {**NESTED, "Action": "states:StartExecution"}], "states:DescribeExecution"),
            ([NESTED], "events:PutTargets"),
        ],
    )
    def test_is_started_under_the_role_of_the_machine(
        self, functions: Functions, grants: list[dict[str, Any]], denied: str
    ) -> None:
        outer = functions.machine(nested(functions.machine(SUCCEEDS)), role(functions, *grants))

        found = functions.ended(functions.start(outer, named()))

        assert found["error"] == "StepFunctions.AWSStepFunctionsException"
        assert f"not authorized to perform: {denied}" in found["cause"]


def test_a_function_is_invoked_under_the_role_of_the_machine(functions: Functions) -> None:
    """Invoke an AWS Lambda function with Step Functions: IAM policies."""
    one, other = (functions.make("def handler(event, context): return 1") for _ in range(2))
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
    states = {"Call": {**task, "Parameters": {"FunctionName": one}}}

    allowed = functions.machine(states, role(functions, {**INVOKE, "Resource": one}))
    denied = functions.machine(states, role(functions, {**INVOKE, "Resource": other}))

    assert functions.ended(functions.start(allowed, {}))["status"] == "SUCCEEDED"
    found = functions.ended(functions.start(denied, {}))
    assert found["error"] == "Lambda.AWSLambdaException"
    assert f"not authorized to perform: lambda:InvokeFunction on resource: {one}" in found["cause"]


class TestApplicationAutoScaling:
    """arn:aws:states:::aws-sdk:applicationautoscaling (Using AWS service integrations)."""

    def register(self, functions: Functions, grants: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        parameters = {**TARGET, "MinCapacity": 1, "MaxCapacity": 2, **more}
        states = {"Scale": {"Type": "Task", "Resource": REGISTER, "Parameters": parameters, "End": True}}
        return functions.ended(functions.start(functions.machine(states, role(functions, *grants)), {}))

    def grant(self, namespace: str = "sagemaker") -> dict[str, Any]:
        return {
            "Effect": "Allow",
            "Action": "application-autoscaling:RegisterScalableTarget",
            "Resource": "arn:aws:application-autoscaling:*:*:scalable-target/*",
            "Condition": {"StringEquals": {"application-autoscaling:service-namespace": namespace}},
        }

    def test_is_called_by_a_state(self, functions: Functions) -> None:
        found = self.register(functions, [self.grant()])

        client = functions.aws.client("application-autoscaling")
        target = client.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[TARGET["ResourceId"]])
        client.deregister_scalable_target(**TARGET)
        assert found["status"] == "SUCCEEDED", found
        assert [(it["MinCapacity"], it["MaxCapacity"]) for it in target["ScalableTargets"]] == [(1, 2)]

    def test_is_called_under_the_role_of_the_machine(self, functions: Functions) -> None:
        found = self.register(functions, [self.grant("ecs")])

        assert found["error"] == "ApplicationAutoScaling.ApplicationAutoScalingException"
        assert "not authorized to perform: application-autoscaling:RegisterScalableTarget" in found["cause"]

    def test_names_its_errors_as_its_model_does(self, functions: Functions) -> None:
        found = self.register(functions, [self.grant()], MinCapacity=3)

        assert found["error"] == "ApplicationAutoScaling.ValidationException"


def test_a_distributed_map_runs_as_many_items_at_once_as_the_input_says(functions: Functions) -> None:
    """MaxConcurrencyPath (Using Map state in Distributed mode)."""
    wait = {"Nap": {"Type": "Wait", "Seconds": 1, "End": True}}
    item = {"StartAt": "Nap", "States": wait, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    states = {"Each": {"Type": "Map", "ItemProcessor": item, "MaxConcurrencyPath": "$.at_once", "End": True}}
    states["Each"]["ItemsPath"] = "$.items"
    started = time.monotonic()

    found = functions.run(states, {"items": [1, 2, 3], "at_once": 1})

    assert found["status"] == "SUCCEEDED", found
    assert time.monotonic() - started >= 3
