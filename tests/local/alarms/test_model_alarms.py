"""The alarms and the dashboard of a model, from the template that AWS gets, on the embedded AWS."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_sns as sns

from cli.session import Session
from cli.slo_view import alarm_states
from heirloom.core.project.definition import Data, Objective, Project
from heirloom.core.project.watching import alarms, critical
from infra.dashboard import Dashboard
from infra.slo import ModelSlo
from local.connection import Connection
from local.connection import session as session_of
from tests.embedded import policy, wait_for
from tests.local.alarms.conftest import CloudWatch

# The CDK has one Node process.
pytestmark = pytest.mark.xdist_group("infra")

PROJECT = Project(
    "wine",
    "Made for tests.",
    "tests",
    Data("colour", "classification"),
    Objective("Better than a coin.", "accuracy", 0.5),
)
Receive = Callable[[], list[dict[str, Any]]]


class Told(Session):
    """A session whose stack has no outputs but this one."""

    def output(self, name: str) -> str:
        return {"Prefix": "heirloom"}[name]


@pytest.fixture
def topic(aws: Connection, name: str) -> Iterator[Callable[[str], tuple[str, Receive]]]:
    """``topic("pages")``: a topic's ARN, and what receives its messages."""
    queues: list[str] = []
    sqs, made = aws.client("sqs"), aws.client("sns")

    def make(kind: str) -> tuple[str, Receive]:
        url = sqs.create_queue(QueueName=f"{name}-{kind}")["QueueUrl"]
        queues.append(url)
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sender = {"Service": "sns.amazonaws.com"}
        allowed = {"Effect": "Allow", "Principal": sender, "Action": "sqs:SendMessage", "Resource": arn}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(allowed)})
        topic = made.create_topic(Name=f"{name}-{kind}")["TopicArn"]
        made.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})

        def receive() -> list[dict[str, Any]]:
            found = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=10)
            return [json.loads(message["Body"]) for message in found.get("Messages", [])]

        return topic, receive

    yield make
    for url in queues:
        sqs.delete_queue(QueueUrl=url)


def template(project: Project, pages: str, rollbacks: str) -> dict[str, Any]:
    app = App()
    stack = Stack(app, "Stack")
    topics = [sns.Topic.from_topic_arn(stack, kind, arn) for kind, arn in (("Pages", pages), ("Rollbacks", rollbacks))]
    slo = ModelSlo(stack, "Slo", project=project, prefix="heirloom", pages=topics[0], rollbacks=topics[1])
    Dashboard(stack, "Dashboard", project=project, prefix="heirloom", alarms=slo.alarms.values())
    return {"Resources": app.synth().get_stack_by_name(stack.stack_name).template["Resources"]}


def test_a_breach_pages_and_calls_for_a_rollback(
    aws: Connection, cloudwatch: CloudWatch, name: str, topic: Callable[[str], tuple[str, Receive]]
) -> None:
    project = replace(PROJECT, name=name)
    (pages, paged), (rollbacks, called) = topic("pages"), topic("rollbacks")
    datum = {"MetricName": "AccuracyBreach", "Value": 2.0, "Dimensions": [{"Name": "model", "Value": name}]}
    datum["Timestamp"] = cloudwatch.minute() - 30
    cloudwatch.client.put_metric_data(Namespace="Heirloom", MetricData=[datum])
    formation = aws.client("cloudformation")

    formation.create_stack(StackName=name, TemplateBody=json.dumps(template(project, pages, rollbacks)))

    formation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    short = [*(alarm.name for alarm in alarms(project)), critical(project).name]
    session = Told(session_of(aws), aws.endpoint_url)

    def states() -> dict[str, str | None]:
        return {each["alarm"]: each["state"] for each in alarm_states(session, name, short)}

    wait_for(lambda: states()["critical"] == "ALARM")
    found = states()
    assert {alarm for alarm, state in found.items() if state == "ALARM"} == {
        *("accuracy-page", "accuracy-rollback", "critical"),
    }
    assert set(found) == set(short)
    assert None not in found.values()
    assert wait_for(lambda: _begun(paged())) == [f"heirloom-{name}-accuracy-page"]
    assert wait_for(lambda: _begun(called())) == [f"heirloom-{name}-critical"]
    body = json.loads(cloudwatch.client.get_dashboard(DashboardName=f"heirloom-{name}")["DashboardBody"])
    shown = next(widget for widget in body["widgets"] if widget["type"] == "alarm")["properties"]["alarms"]
    assert [arn.rpartition(f"{name}-")[2] for arn in shown] == short
    formation.delete_stack(StackName=name)
    formation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    assert set(states().values()) == {None}


def _begun(messages: list[dict[str, Any]]) -> list[str]:
    """The alarms that have begun: one that finds all well, as the probe's does without a failure, tells that, too."""
    return [message["AlarmName"] for message in messages if message["NewStateValue"] == "ALARM"]
