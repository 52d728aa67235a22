"""What was there before `down` is there, and works, after `up`."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.connection import Connection
from local.launcher import EmbeddedAws
from tests.embedded import free_port, wait_for
from tests.local.launcher import restart_stack as stack


@dataclass
class Restarted:
    """An embedded AWS that was stopped and started, and what its stack answered before."""

    aws: Connection
    names: dict[str, str]
    before: dict[str, Any]

    def client(self, service: str) -> Any:
        return self.aws.client(service)


@pytest.fixture(scope="module")
def restarted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restarted]:
    embedded = EmbeddedAws(tmp_path_factory.mktemp("restart") / "state", free_port())
    aws = embedded.start(die_with_parent=True)
    names = stack.deploy(aws)
    aws.client("s3").put_object(Bucket=names["Bucket"], Key="first.csv", Body=b"1", Metadata={"from": "a laptop"})
    aws.client("s3").put_object(Bucket=names["Bucket"], Key="first.csv", Body=b"2")
    before = stack.item(aws, names["Table"], "first.csv")
    aws.client("sqs").send_message(QueueUrl=names["Queue"], MessageBody="waiting")
    embedded.stop()

    yield Restarted(embedded.start(die_with_parent=True), names, before)

    embedded.stop()


def test_the_chain_worked_before(restarted: Restarted) -> None:
    assert restarted.before["word"] == {"S": "hello"}


def test_the_stack_is_whole(restarted: Restarted) -> None:
    assert stack.outputs(restarted.aws) == restarted.names


def test_objects_keep_their_versions_and_metadata(restarted: Restarted) -> None:
    s3, bucket = restarted.client("s3"), restarted.names["Bucket"]

    versions = s3.list_object_versions(Bucket=bucket, Prefix="first.csv")["Versions"]
    bodies = [
        s3.get_object(Bucket=bucket, Key="first.csv", VersionId=version["VersionId"])["Body"].read()
        for version in versions
    ]

    assert bodies == [b"2", b"1"]
    assert s3.head_object(Bucket=bucket, Key="first.csv", VersionId=versions[1]["VersionId"])["Metadata"] == {
        "from": "a laptop"
    }
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert s3.list_objects_v2(Bucket=bucket)["Contents"][0]["LastModified"] == versions[0]["LastModified"]


def test_an_upload_still_runs_the_state_machine_and_its_function(restarted: Restarted) -> None:
    restarted.client("s3").put_object(Bucket=restarted.names["Bucket"], Key="second.csv", Body=b"1")

    noted = stack.item(restarted.aws, restarted.names["Table"], "second.csv")

    assert noted["word"] == {"S": "hello"}
    assert ":assumed-role/restart-FunctionRole-" in noted["as"]["S"]


def test_executions_keep_their_history(restarted: Restarted) -> None:
    machines = restarted.client("stepfunctions")
    executions = machines.list_executions(stateMachineArn=restarted.names["Machine"])["executions"]
    first = executions[-1]["executionArn"]

    assert machines.describe_execution(executionArn=first)["status"] == "SUCCEEDED"
    assert machines.get_execution_history(executionArn=first)["events"][0]["type"] == "ExecutionStarted"


def test_the_http_api_still_answers_signed_requests_only(restarted: Restarted) -> None:
    status, body = stack.get(restarted.aws, restarted.names["Api"], "/third")

    assert (status, json.loads(body)["key"]) == (200, "/third")
    assert stack.get(restarted.aws, restarted.names["Api"], "/third", signed=False)[0] == 403


def test_the_topic_still_calls_its_function(restarted: Restarted) -> None:
    restarted.client("sns").publish(TopicArn=restarted.names["Topic"], Message="fourth")

    assert stack.item(restarted.aws, restarted.names["Table"], "fourth")["word"] == {"S": "hello"}


def test_the_queue_keeps_its_messages_and_settings(restarted: Restarted) -> None:
    queues, url = restarted.client("sqs"), restarted.names["Queue"]

    attributes = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]

    assert attributes == {"VisibilityTimeout": "77"}
    assert [message["Body"] for message in queues.receive_message(QueueUrl=url)["Messages"]] == ["waiting"]


def test_the_table_keeps_its_items_and_settings(restarted: Restarted) -> None:
    tables, name = restarted.client("dynamodb"), restarted.names["Table"]

    assert tables.get_item(TableName=name, Key={"pk": {"S": "first.csv"}})["Item"] == restarted.before
    assert tables.describe_table(TableName=name)["Table"]["StreamSpecification"]["StreamEnabled"]


def test_logs_secrets_parameters_keys_alarms_repositories_and_targets_are_kept(restarted: Restarted) -> None:
    names = restarted.names
    logs = restarted.client("logs")
    (group,) = logs.describe_log_groups(logGroupNamePrefix=names["Logs"])["logGroups"]
    (alarm,) = restarted.client("cloudwatch").describe_alarms(AlarmNames=[names["Alarm"]])["MetricAlarms"]
    targets = restarted.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")

    assert group["retentionInDays"] == 7
    assert logs.filter_log_events(logGroupName=names["Logs"])["events"]
    assert (alarm["TreatMissingData"], alarm["AlarmActions"]) == ("notBreaching", [names["Topic"]])
    assert restarted.client("ssm").get_parameter(Name=names["Parameter"])["Parameter"]["Value"] == "21"
    assert restarted.client("secretsmanager").get_secret_value(SecretId=names["Secret"])["SecretString"] == "hush"
    assert restarted.client("kms").get_key_rotation_status(KeyId=names["Key"])["KeyRotationEnabled"]
    assert restarted.client("ecr").describe_repositories(repositoryNames=["restart"])["repositories"]
    assert [target["MaxCapacity"] for target in targets["ScalableTargets"]] == [2]


def test_the_stack_can_still_be_deleted(restarted: Restarted) -> None:
    s3, bucket, formation = restarted.client("s3"), restarted.names["Bucket"], restarted.client("cloudformation")
    for version in s3.list_object_versions(Bucket=bucket)["Versions"]:
        s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])

    formation.delete_stack(StackName=stack.NAME)
    formation.get_waiter("stack_delete_complete").wait(StackName=stack.NAME, WaiterConfig={"Delay": 1})

    assert restarted.client("lambda").list_functions()["Functions"] == []


def test_state_outlives_a_kill_once_it_has_been_quiet(tmp_path: Path) -> None:
    embedded = EmbeddedAws(tmp_path / "state", free_port())
    aws = embedded.start(die_with_parent=True)
    aws.client("iam").create_user(UserName="survivor")
    saved = embedded.state.root / "services" / "iam.json"
    wait_for(lambda: saved.exists() and "survivor" in saved.read_text())

    os.kill(embedded.status().pid, signal.SIGKILL)
    embedded.stop()
    aws = embedded.start(die_with_parent=True)

    assert [user["UserName"] for user in aws.client("iam").list_users()["Users"]] == ["survivor"]
    embedded.stop()
