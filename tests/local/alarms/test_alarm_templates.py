"""Alarms in CloudFormation templates on the embedded AWS."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded import wait_for

Deploy = Callable[..., dict[str, Any]]
METRIC_ALARM = "AWS::CloudWatch::Alarm"
COMPOSITE_ALARM = "AWS::CloudWatch::CompositeAlarm"


@pytest.fixture
def deploy(aws: Any, name: str) -> Iterator[Deploy]:
    """``deploy(resources)``: the outputs of this test's stack after it was created or updated."""
    client = aws.client("cloudformation")

    def run(resources: dict[str, Any], **outputs: Any) -> dict[str, Any]:
        template = {"Resources": resources, "Outputs": {key: {"Value": value} for key, value in outputs.items()}}
        stacks = [stack["StackName"] for stack in client.describe_stacks()["Stacks"]]
        change, waiter = (client.update_stack, "update") if name in stacks else (client.create_stack, "create")
        change(StackName=name, TemplateBody=json.dumps(template))
        client.get_waiter(f"stack_{waiter}_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
        (stack,) = client.describe_stacks(StackName=name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    yield run
    client.delete_stack(StackName=name)


def alarm(namespace: str, **more: Any) -> dict[str, Any]:
    rule = {"EvaluationPeriods": 1, "Threshold": 5, "ComparisonOperator": "GreaterThanThreshold"}
    metric = {"Namespace": namespace, "MetricName": "m", "Period": 60}
    return {"Type": METRIC_ALARM, "Properties": {**({} if "Metrics" in more else metric), **rule, **more}}


def composite(**more: Any) -> dict[str, Any]:
    rule = {
        "Fn::Join": ["", ['ALARM("', {"Fn::GetAtt": ["Slow", "Arn"]}, '") AND NOT ALARM("', {"Ref": "Quiet"}, '")']]
    }
    return {"Type": COMPOSITE_ALARM, "Properties": {"AlarmRule": rule, **more}}


def test_carries_every_property_of_a_metric_alarm(deploy: Deploy, cloudwatch: Any) -> None:
    slow = {
        "ExtendedStatistic": "p95",
        "Dimensions": [{"Name": "model", "Value": "wine"}],
        "DatapointsToAlarm": "1",
        "TreatMissingData": "breaching",
        "EvaluateLowSampleCountPercentile": "ignore",
        "Unit": "Milliseconds",
        "AlarmDescription": "slow",
        "Threshold": "7.5",
    }

    outputs = deploy(
        {"Slow": alarm(cloudwatch.namespace, **slow)}, name={"Ref": "Slow"}, arn={"Fn::GetAtt": ["Slow", "Arn"]}
    )

    found = cloudwatch.described(outputs["name"])
    assert found["AlarmArn"] == outputs["arn"]
    expected = {**slow, "DatapointsToAlarm": 1, "Threshold": 7.5}
    assert {key: found[key] for key in slow} == expected


def test_evaluates_an_alarm_on_an_expression(deploy: Deploy, cloudwatch: Any) -> None:
    cloudwatch.put(0, 3.0)
    double = {"Id": "e1", "Expression": "m * 2", "Label": "twice"}

    outputs = deploy(
        {"Slow": alarm(cloudwatch.namespace, Metrics=[cloudwatch.query("m"), double])}, name={"Ref": "Slow"}
    )

    assert cloudwatch.settled(outputs["name"]) == "ALARM"


def test_fails_the_stack_for_an_alarm_that_could_not_be_evaluated(deploy: Deploy, cloudwatch: Any, aws: Any) -> None:
    band = {"Id": "e1", "Expression": "ANOMALY_DETECTION_BAND(m)"}
    resources = {"Slow": alarm(cloudwatch.namespace, Metrics=[cloudwatch.query("m"), band])}

    with pytest.raises(Exception, match="Waiter StackCreateComplete failed"):
        deploy(resources)

    events = aws.client("cloudformation").describe_stack_events(StackName=cloudwatch.namespace)["StackEvents"]
    assert any("ANOMALY_DETECTION_BAND is not supported" in event.get("ResourceStatusReason", "") for event in events)


def test_creates_updates_and_deletes_a_composite_alarm(deploy: Deploy, cloudwatch: Any, aws: Any) -> None:
    cloudwatch.put(0, 9.0)
    children = {
        "Slow": alarm(cloudwatch.namespace, Statistic="Sum"),
        "Quiet": alarm(cloudwatch.namespace, Statistic="Sum", Threshold=100),
    }
    outputs = {"name": {"Ref": "Both"}, "arn": {"Fn::GetAtt": ["Both", "Arn"]}}
    tags = [{"Key": "team", "Value": "ops"}]

    created = deploy({**children, "Both": composite(AlarmDescription="first", Tags=tags)}, **outputs)

    found = cloudwatch.becomes(created["name"], "ALARM")
    assert (found["AlarmArn"], found["AlarmDescription"]) == (created["arn"], "first")
    assert created["name"].startswith(f"{cloudwatch.namespace}-Both-")
    assert cloudwatch.client.list_tags_for_resource(ResourceARN=created["arn"])["Tags"] == tags

    updated = deploy({**children, "Both": composite(AlarmDescription="second", ActionsEnabled=False)}, **outputs)

    assert updated == created
    found = cloudwatch.described(created["name"])
    assert (found["AlarmDescription"], found["ActionsEnabled"], found["StateValue"]) == ("second", False, "ALARM")

    renamed = deploy({**children, "Both": composite(AlarmName=f"{cloudwatch.namespace}-b")}, **outputs)

    assert renamed["name"] == f"{cloudwatch.namespace}-b"
    aws.client("cloudformation").delete_stack(StackName=cloudwatch.namespace)
    listed = cloudwatch.client.describe_alarms
    types = ["MetricAlarm", "CompositeAlarm"]
    wait_for(
        lambda: not any(listed(AlarmNamePrefix=cloudwatch.namespace, AlarmTypes=types)[f"{kind}s"] for kind in types)
    )


def test_fails_the_stack_for_a_rule_on_an_alarm_that_is_not_there(deploy: Deploy, cloudwatch: Any) -> None:
    with pytest.raises((ClientError, Exception), match="failed"):
        deploy({"Both": {"Type": COMPOSITE_ALARM, "Properties": {"AlarmRule": "ALARM(nobody)"}}})

    assert cloudwatch.client.describe_alarms(AlarmNamePrefix=cloudwatch.namespace)["CompositeAlarms"] == []
