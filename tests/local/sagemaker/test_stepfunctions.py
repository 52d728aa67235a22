"""SageMaker in a state machine, under the state machine's role."""

from __future__ import annotations

import json
from typing import Any

from tests.embedded import wait_for
from tests.local.sagemaker.conftest import Lab

SYNC = "arn:aws:states:::sagemaker:createTrainingJob.sync"


def grants(lab: Lab, *actions: str) -> list[dict[str, Any]]:
    return [
        {"Effect": "Allow", "Action": [f"sagemaker:{action}" for action in actions], "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": lab.role},
    ]


RUN_JOB = ("CreateTrainingJob", "DescribeTrainingJob", "StopTrainingJob", "AddTags")


def start(lab: Lab, name: str, role: str, **state: Any) -> str:
    """Start a machine of one task; the execution's ARN."""
    definition = {"StartAt": "Task", "States": {"Task": {"Type": "Task", "End": True, **state}}}
    client = lab.client("stepfunctions")
    machine = client.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)
    arn: str = client.start_execution(stateMachineArn=machine["stateMachineArn"], input="{}")["executionArn"]
    return arn


def outcome(lab: Lab, execution: str) -> dict[str, Any]:
    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = lab.client("stepfunctions").describe_execution(executionArn=execution)
        return found if found["status"] != "RUNNING" else None

    found: dict[str, Any] = wait_for(ended)
    return found


def test_a_job_that_completes_is_the_tasks_result(lab: Lab) -> None:
    role = lab.make_role("sync", *grants(lab, *RUN_JOB))
    request = lab.job_request("sync-good", lab.image("sync"))

    found = outcome(lab, start(lab, "sync-good", role, Resource=SYNC, Parameters=request, TimeoutSeconds=30))

    assert found["status"] == "SUCCEEDED"
    output = json.loads(found["output"])
    assert output["ModelArtifacts"]["S3ModelArtifacts"].endswith("/output/sync-good/output/model.tar.gz")
    assert output["CreationTime"] > 1_700_000_000_000
    tags = lab.sagemaker.list_tags(ResourceArn=output["TrainingJobArn"])["Tags"]
    assert tags == [{"Key": "MANAGED_BY_AWS", "Value": "STARTED_BY_STEP_FUNCTIONS"}]


def test_a_job_that_fails_fails_the_task_with_its_description_as_the_cause(lab: Lab) -> None:
    role = lab.make_role("sync-bad", *grants(lab, *RUN_JOB))
    train = '#!/bin/sh\necho "no label" > "$SAGEMAKER_BASE_DIR/output/failure"\nexit 2\n'
    request = lab.job_request("sync-bad", lab.image("sync-bad", train))

    found = outcome(lab, start(lab, "sync-bad", role, Resource=SYNC, Parameters=request))

    assert (found["status"], found["error"]) == ("FAILED", "States.TaskFailed")
    cause = json.loads(found["cause"])
    assert cause["TrainingJobStatus"] == "Failed"
    assert cause["FailureReason"] == "AlgorithmError: no label\n, exit code: 2"


def test_a_missing_grant_of_the_state_machines_role_fails_the_task(lab: Lab) -> None:
    role = lab.make_role("no-tags", *grants(lab, "CreateTrainingJob", "DescribeTrainingJob"))
    request = lab.job_request("sync-denied", "any")

    found = outcome(lab, start(lab, "sync-denied", role, Resource=SYNC, Parameters=request))

    assert found["error"] == "SageMaker.AmazonSageMakerException"
    assert "assumed-role/no-tags/" in found["cause"]
    assert "is not authorized to perform: sagemaker:AddTags on resource" in found["cause"]
    assert "Error Code: AccessDeniedException" in found["cause"]


def test_a_stopped_execution_stops_its_job(lab: Lab) -> None:
    role = lab.make_role("sync-stop", *grants(lab, *RUN_JOB))
    request = lab.job_request("sync-stop", lab.image("sync-stop", "#!/bin/sh\nexec sleep 60\n"))
    execution = start(
        lab, "sync-stop", role, Resource=SYNC, Parameters=request, Retry=[{"ErrorEquals": ["States.ALL"]}]
    )
    jobs = "sync-stop"
    wait_for(lambda: lab.sagemaker.list_training_jobs(NameContains=jobs)["TrainingJobSummaries"])

    lab.client("stepfunctions").stop_execution(executionArn=execution)

    assert lab.ended("sync-stop")["TrainingJobStatus"] == "Stopped"
    assert outcome(lab, execution)["status"] == "ABORTED"


def test_a_task_that_times_out_stops_its_job(lab: Lab) -> None:
    role = lab.make_role("sync-late", *grants(lab, *RUN_JOB))
    request = lab.job_request("sync-late", lab.image("sync-late", "#!/bin/sh\nexec sleep 60\n"))

    found = outcome(lab, start(lab, "sync-late", role, Resource=SYNC, Parameters=request, TimeoutSeconds=1))

    assert found["error"] == "States.Timeout"
    assert lab.ended("sync-late")["TrainingJobStatus"] == "Stopped"


def test_sdk_integrations_answer_with_text_timestamps_and_their_own_error_names(lab: Lab) -> None:
    role = lab.make_role("sdk", *grants(lab, "DescribeModel", "CreateModel"))
    resource = "arn:aws:states:::aws-sdk:sagemaker:"
    model = {"ModelName": "sdk", "ExecutionRoleArn": lab.role, "PrimaryContainer": {"Image": "any"}}

    made = outcome(lab, start(lab, "sdk-create", role, Resource=f"{resource}createModel", Parameters=model))
    again = outcome(lab, start(lab, "sdk-again", role, Resource=f"{resource}createModel", Parameters=model))
    name = {"ModelName": "sdk"}
    seen = outcome(lab, start(lab, "sdk-describe", role, Resource=f"{resource}describeModel", Parameters=name))
    denied = outcome(lab, start(lab, "sdk-delete", role, Resource=f"{resource}deleteModel", Parameters=name))

    assert json.loads(made["output"])["ModelArn"].endswith(":model/sdk")
    assert again["error"] == "SageMaker.SageMakerException"
    assert again["cause"].startswith('Cannot create already existing model "arn:aws:sagemaker')
    assert json.loads(seen["output"])["CreationTime"].startswith("20")
    assert "is not authorized to perform: sagemaker:DeleteModel" in denied["cause"]


def test_a_name_that_is_taken_has_an_error_of_its_own(lab: Lab) -> None:
    role = lab.make_role("taken", *grants(lab, *RUN_JOB))
    request = lab.job_request("taken", lab.image("taken"))
    lab.train("taken", "taken:local")

    optimized = outcome(lab, start(lab, "taken-1", role, Resource=SYNC, Parameters=request))
    sdk = "arn:aws:states:::aws-sdk:sagemaker:createTrainingJob"
    integration = outcome(lab, start(lab, "taken-2", role, Resource=sdk, Parameters=request))

    assert (optimized["error"], integration["error"]) == ("SageMaker.ResourceInUseException",) * 2
