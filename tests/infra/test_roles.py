"""Least privilege: what each role may do, in full. A right that is added in infra/ is added here on purpose, too."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase

import pytest

from tests.infra.synthesis import Stacks, leaves, listed

RECORD = {f"dynamodb:{operation}" for operation in ("GetItem", "Query", "PutItem", "UpdateItem")}
READ = {"dynamodb:GetItem", "dynamodb:Query"}
OWN_LOGS = {"logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords"}
QUARANTINE = {"s3:GetObject", "s3:GetObjectVersion", "s3:DeleteObject", "s3:PutObject", "s3:ListBucket"}
CHANGE_ROUTES = {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem"}
TRIALS = {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "states:SendTaskSuccess"}
BATCH_FILES = {"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListBucket"}
LABEL_FILES = {"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"}
TAKE_DOWN = {
    *("sagemaker:DescribeEndpoint", "sagemaker:DescribeEndpointConfig", "sagemaker:DescribeModel"),
    *("sagemaker:DeleteEndpoint", "sagemaker:DeleteEndpointConfig", "sagemaker:DeleteModel"),
    *("application-autoscaling:DescribeScalableTargets", "application-autoscaling:DeregisterScalableTarget"),
}
SAGEMAKER_LOGS = {
    *("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
    "cloudwatch:PutMetricData",
}
PULL = {
    *("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
    "ecr:GetAuthorizationToken",
}
# Following a table's stream, with a queue for what can't be handled.
STREAM = {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"}
FOLLOW = {*STREAM, "sqs:SendMessage"}
DOCUMENTS = {
    f"dynamodb:{operation}"
    for operation in ("GetItem", "Query", "BatchGetItem", "PutItem", "DeleteItem", "BatchWriteItem")
}
FUNCTIONS = {
    "abandon_release": {"states:StartExecution", "sqs:SendMessage"},
    "end_run": {*RECORD, "sqs:SendMessage"},
    "start_pipeline": {*RECORD, *QUARANTINE, "states:StartExecution", "sqs:SendMessage"},
    "validate_data": {*RECORD, *QUARANTINE},
    "register_version": {
        *RECORD,
        *("s3:GetObject", "s3:PutObject", "sagemaker:CreateModelPackage"),
        *("sagemaker:CreateModelPackageGroup", "sagemaker:DescribeModelPackageGroup"),
        *("ecr:BatchGetImage", "ecr:DescribeImages"),
    },
    "test_endpoint": {*RECORD, "sagemaker:InvokeEndpoint"},
    "move_route": {*RECORD, *TRIALS},
    "start_canary": {*RECORD, *TRIALS},
    "retire_endpoints": {*RECORD, *TAKE_DOWN},
    "record_failure": {*RECORD, *TAKE_DOWN},
    "register_project": {
        *RECORD,
        *TAKE_DOWN,
        *("sagemaker:ListEndpoints", "sagemaker:ListEndpointConfigs", "sagemaker:ListModels", "dynamodb:DeleteItem"),
    },
    "predict": {"dynamodb:GetItem", "sagemaker:InvokeEndpoint"},
    "record_predictions": {*TRIALS, "dynamodb:BatchWriteItem", "s3:GetObject", "sqs:SendMessage"},
    "watch_predictions": {
        *FOLLOW,
        *("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem", "s3:GetObject"),
    },
    "mirror_predictions": {"dynamodb:BatchWriteItem", "sagemaker:InvokeEndpoint", "sqs:SendMessage"},
    "take_labels": {*TRIALS, "dynamodb:BatchGetItem"},
    "read_labels": {*TRIALS, *LABEL_FILES, "dynamodb:BatchGetItem"},
    "notify_pagerduty": {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "sqs:SendMessage"},
    "announce_change": FOLLOW,
    "roll_back": {
        *RECORD,
        *TRIALS,
        *("dynamodb:BatchGetItem", "sagemaker:InvokeEndpoint", "lambda:InvokeFunction", "logs:FilterLogEvents"),
        *("sns:Publish", "states:StartExecution", "sqs:SendMessage"),
    },
    "reject_version": {*CHANGE_ROUTES, *TRIALS, "sns:Publish", "sqs:SendMessage"},
    "probe_models": {*READ, "lambda:InvokeFunction", "sqs:SendMessage"},
    "track_experiments": {
        *DOCUMENTS,
        *("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListBucket"),
    },
    "pack_runs": {*DOCUMENTS, *STREAM},
    "list_models": {*READ, "dynamodb:BatchGetItem"},
    "show_model": READ,
    "show_release": {"dynamodb:GetItem"},
    "list_changes": {"dynamodb:Query"},
    "change_release": {*CHANGE_ROUTES, *TRIALS, "states:StartExecution", "states:DescribeExecution"},
    "split_batch": {*READ, *BATCH_FILES},
    "predict_part": {"sagemaker:InvokeEndpoint", *BATCH_FILES},
    "join_batch": BATCH_FILES,
}
# Actions for which AWS knows no resources, or which are about a whole registry.
WITHOUT_RESOURCE = {
    *("xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets"),
    *("logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery"),
    *("logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups"),
    *("sagemaker:ListEndpoints", "sagemaker:ListEndpointConfigs", "sagemaker:ListModels"),
    *(
        "ecr:GetAuthorizationToken",
        "dynamodb:ListStreams",
        "cloudwatch:PutMetricData",
        "application-autoscaling:DescribeScalableTargets",
    ),
}


def role_of(stacks: Stacks, handler: str) -> str:
    role: str = stacks.functions()[handler]["Role"]["Fn::GetAtt"][0]
    return role


def role_named(stacks: Stacks, *parts: str) -> str:
    return next(name for name in stacks.resources("AWS::IAM::Role") if all(part in name for part in parts))


@pytest.mark.parametrize("handler", FUNCTIONS)
def test_a_function_may_do_what_it_does_and_no_more(aws: Stacks, handler: str) -> None:
    assert aws.actions(role_of(aws, handler)) == FUNCTIONS[handler] | OWN_LOGS


@pytest.mark.parametrize("handler", ["take_labels", "read_labels", "record_predictions"])
def test_whoever_counts_for_a_model_reads_its_project(aws: Stacks, handler: str) -> None:
    reading = [it for it in aws.statements(role_of(aws, handler)) if "dynamodb:GetItem" in listed(it["Action"])]

    assert "Lineage" in json.dumps([it["Resource"] for it in reading])


def test_who_records_predictions_reads_of_the_artifacts_what_is_kept_of_versions(aws: Stacks) -> None:
    statements = aws.statements(role_of(aws, "record_predictions"))
    (reading,) = [it["Resource"] for it in statements if "s3:GetObject" in listed(it["Action"])]

    assert "Artifacts" in json.dumps(reading)
    assert [text for _, text in leaves(reading) if "*" in str(text)] == ["/versions/*"]


def test_a_pipeline_trains_and_releases(aws: Stacks) -> None:
    """AddTags, ListTags and the rules are what Step Functions asks for where it waits for jobs and executions."""
    role = role_named(aws, "tinylargePipelineRole")
    expected = {
        *("sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"),
        *("sagemaker:AddTags", "sagemaker:ListTags", "lambda:InvokeFunction", "iam:PassRole"),
        *("states:StartExecution", "states:DescribeExecution", "states:StopExecution"),
        *("events:PutTargets", "events:PutRule", "events:DescribeRule"),
    }

    assert aws.actions(role) - WITHOUT_RESOURCE == expected


def test_a_pipeline_starts_the_releases_of_its_own_model(aws: Stacks) -> None:
    machines = {
        resource["Ref"]
        for statement in aws.statements(role_named(aws, "tinylargePipelineRole"))
        if "states:StartExecution" in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }

    assert machines == {name for name in aws.resources("AWS::StepFunctions") if "tinylargeRelease" in name}


def test_a_release_deploys_and_scales(aws: Stacks) -> None:
    """All that the page on autoscaling prerequisites lists, and the look at what a lost answer may have made."""
    role = role_named(aws, "tinylargeReleaseRole")
    expected = {
        *("sagemaker:CreateModel", "sagemaker:CreateEndpointConfig", "sagemaker:CreateEndpoint"),
        *("sagemaker:DescribeModel", "sagemaker:DescribeEndpointConfig", "sagemaker:DescribeEndpoint"),
        *("lambda:InvokeFunction", "iam:PassRole", "iam:CreateServiceLinkedRole"),
        *("application-autoscaling:RegisterScalableTarget", "application-autoscaling:PutScalingPolicy"),
        "sagemaker:UpdateEndpointWeightsAndCapacities",
        *("cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms", "cloudwatch:DeleteAlarms"),
    }

    assert aws.actions(role) - WITHOUT_RESOURCE == expected


def test_a_verdict_is_sent_to_the_releases_and_to_no_other_machine(aws: Stacks) -> None:
    """The function that starts canaries can't name the machines by reference, since they name it."""
    statements = [it for role in aws.resources("AWS::IAM::Role") for it in aws.statements(role)]
    patterns = {
        str(text).rpartition(":")[2]
        for it in statements
        if "states:SendTaskSuccess" in listed(it["Action"])
        for _, text in leaves(it["Resource"])
        if "stateMachine" in str(text)
    }
    machines = {it["Properties"].get("StateMachineName") for it in aws.resources("AWS::StepFunctions").values()}

    assert patterns == {"heirloom-*-release"}
    assert machines == {
        None,  # the machines of batches and of label files, which nobody has to know before they are made
        *("heirloom-tiny-release", "heirloom-tiny-large-release"),
        *("heirloom-tiny-pipeline", "heirloom-tiny-large-pipeline"),
    }


def test_a_training_job_reads_its_model_and_writes_its_runs(aws: Stacks) -> None:
    role = role_named(aws, "tinylargeRolesTraining")

    assert aws.actions(role) == {"s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:AbortMultipartUpload"} | (
        SAGEMAKER_LOGS | PULL
    )


def test_an_endpoint_writes_nothing_but_logs(aws: Stacks) -> None:
    role = role_named(aws, "tinylargeRolesServing")

    assert aws.actions(role) == {"s3:GetObject"} | SAGEMAKER_LOGS | PULL


def test_there_is_no_registry_to_pull_from_on_a_laptop(local: Stacks) -> None:
    roles = local.resources("AWS::IAM::Role")

    assert not any(local.actions(role) & PULL for role in roles)


def test_no_role_is_shared(aws: Stacks) -> None:
    roles = [role_of(aws, handler) for handler in aws.functions()]

    assert len(roles) == len(set(roles)) == len(FUNCTIONS)


def test_no_action_is_a_wildcard(aws: Stacks) -> None:
    actions = {action for role in aws.resources("AWS::IAM::Role") for action in aws.actions(role)}

    assert not [action for action in actions if "*" in action]


def test_no_resource_is_everything_where_aws_can_name_one(aws: Stacks) -> None:
    statements = [it for role in aws.resources("AWS::IAM::Role") for it in aws.statements(role)]
    everywhere = {action for it in statements if "*" in listed(it["Resource"]) for action in listed(it["Action"])}

    assert everywhere <= WITHOUT_RESOURCE


def test_no_role_has_a_managed_policy(aws: Stacks) -> None:
    roles = aws.resources("AWS::IAM::Role").values()

    assert not [role for role in roles if "ManagedPolicyArns" in role["Properties"]]


def test_a_model_s_roles_name_no_other_model(aws: Stacks) -> None:
    """Of two models whose names begin alike, the rights of the shorter one do not reach the longer one."""
    roles = [name for name in aws.resources("AWS::IAM::Role") if name.startswith("Modelstiny") and "large" not in name]
    patterns = json.dumps([aws.statements(role) for role in roles])

    assert len(roles) == 4
    assert "/tiny/*" in patterns
    assert "tiny-large" not in patterns
    assert "heirloom-tiny-*" not in patterns
    assert "heirloom-tiny-v*" in patterns


def test_code_is_read_whichever_deployment_brought_it(aws: Stacks) -> None:
    """A run under way reads the code that it began with; no model reads another's."""
    keys = {}
    for record in aws.resources("Custom::HeirloomProject").values():
        keys[record["Properties"]["Model"]] = record["Properties"]["CodeUri"]["Fn::Sub"].rpartition("/")[2]
    (pattern,) = {
        text.removeprefix("/")
        for role in ("ModelstinyRolesTraining", "ModelstinyRolesServing")
        for path, text in leaves(aws.statements(role_named(aws, role)))
        if path.startswith("Resource") and str(text).endswith(".tar.gz")
    }

    assert pattern == f"tiny-{'?' * 64}.tar.gz"
    assert fnmatchcase(keys["tiny"], pattern)
    assert not fnmatchcase(keys["tiny-large"], pattern)


def test_metrics_are_those_of_sagemaker(aws: Stacks) -> None:
    statements = [it for role in aws.resources("AWS::IAM::Role") for it in aws.statements(role)]
    conditions = [it["Condition"] for it in statements if "cloudwatch:PutMetricData" in listed(it["Action"])]

    assert len(conditions) == 4
    assert all(it == {"StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*"]}} for it in conditions)


@pytest.mark.parametrize(("machine", "passed"), [("Pipeline", "Training"), ("Release", "Serving")])
def test_a_machine_passes_its_model_s_role_to_sagemaker_only(aws: Stacks, machine: str, passed: str) -> None:
    role = role_named(aws, f"tinylarge{machine}Role")
    (passing,) = [it for it in aws.statements(role) if "iam:PassRole" in listed(it["Action"])]

    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    assert passing["Resource"]["Fn::GetAtt"][0] == role_named(aws, f"tinylargeRoles{passed}")
