"""What a state change of an alarm sets off on the embedded AWS: messages, functions, events, history."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from tests.embedded import make_role, policy, wait_for

CODE = "import json\ndef handler(event, context):\n    print('GOT', json.dumps(event))\n"


@pytest.fixture
def function(aws: Any, name: str) -> str:
    """A function that logs its event."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("index.py", CODE)
    created = aws.client("lambda").create_function(
        FunctionName=name,
        Role=make_role(aws, name, ["lambda"]),
        Runtime="python3.11",
        Handler="index.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    return str(created["FunctionArn"])


def events_of(aws: Any, function: str) -> list[dict[str, Any]]:
    """The events that the function was invoked with."""
    logs = aws.client("logs")
    group = f"/aws/lambda/{function.rsplit(':', maxsplit=1)[-1]}"
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        return []
    lines = [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]
    return [json.loads(line.split("GOT ", 1)[1]) for line in lines if "GOT " in line]


def allow(aws: Any, function: str, principal: str, **source: str) -> None:
    aws.client("lambda").add_permission(
        FunctionName=function, StatementId="s", Action="lambda:InvokeFunction", Principal=principal, **source
    )


def test_tells_the_topic_what_aws_would(cloudwatch: Any, topic: str, inbox: Any) -> None:
    cloudwatch.put(0, 9.0, model="wine")
    dimensions = [{"Name": "model", "Value": "wine"}]

    alarm = cloudwatch.alarm(
        AlarmActions=[topic], Dimensions=dimensions, AlarmDescription="too slow", DatapointsToAlarm=1
    )

    (message,) = inbox.receive()
    described = cloudwatch.described(alarm)
    assert described["StateReason"].startswith("Threshold Crossed: 1 out of the last 1 datapoints [9.0 (")
    assert json.loads(described["StateReasonData"])["recentDatapoints"] == [9.0]
    times = [message.pop("StateChangeTime"), message.pop("AlarmConfigurationUpdatedTimestamp")]
    assert all(time.endswith("+0000") for time in times)
    assert message == {
        "AlarmName": alarm,
        "AlarmDescription": "too slow",
        "AWSAccountId": "111122223333",
        "NewStateValue": "ALARM",
        "NewStateReason": described["StateReason"],
        "Region": "US East (N. Virginia)",
        "AlarmArn": described["AlarmArn"],
        "OldStateValue": "INSUFFICIENT_DATA",
        "OKActions": [],
        "AlarmActions": [topic],
        "InsufficientDataActions": [],
        "Trigger": {
            "MetricName": "m",
            "Namespace": cloudwatch.namespace,
            "StatisticType": "Statistic",
            "Statistic": "AVERAGE",
            "Unit": None,
            "Dimensions": [{"name": "model", "value": "wine"}],
            "Period": 60,
            "EvaluationPeriods": 1,
            "DatapointsToAlarm": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 5.0,
            "TreatMissingData": "missing",
            "EvaluateLowSampleCountPercentile": "",
        },
    }
    assert cloudwatch.history(alarm, "Action") == [f"Successfully executed action {topic}"]
    assert cloudwatch.history(alarm, "ConfigurationUpdate") == [f'Alarm "{alarm}" created']


def test_tells_the_topic_of_an_expression(cloudwatch: Any, topic: str, inbox: Any) -> None:
    cloudwatch.put(0, 9.0)
    double = {"Id": "e1", "Expression": "m * 2", "Label": "twice", "ReturnData": True}

    cloudwatch.alarm(AlarmActions=[topic], Metrics=[cloudwatch.query("m"), double])

    ((trigger),) = [message["Trigger"] for message in inbox.receive()]
    metric = {"Namespace": cloudwatch.namespace, "MetricName": "m", "Dimensions": []}
    stat = {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False}
    assert trigger["Metrics"] == [stat, double]
    assert trigger["Period"] == 60
    assert "MetricName" not in trigger


def test_acts_on_each_change_and_only_on_changes(cloudwatch: Any, topic: str, inbox: Any) -> None:
    alarm = cloudwatch.alarm(OKActions=[topic], AlarmActions=[topic], TreatMissingData="notBreaching")
    assert [message["NewStateValue"] for message in inbox.receive()] == ["OK"]

    for state in ("OK", "ALARM", "ALARM", "INSUFFICIENT_DATA"):
        cloudwatch.client.set_alarm_state(AlarmName=alarm, StateValue=state, StateReason="a test")

    (message,) = inbox.receive()
    assert (message["OldStateValue"], message["NewStateValue"], message["NewStateReason"]) == ("OK", "ALARM", "a test")
    assert inbox.receive(seconds=1) == []


def test_tells_a_topic_that_wants_tls(cloudwatch: Any, aws: Any, topic: str, inbox: Any) -> None:
    """Page: "Amazon SNS security best practices", enforce encryption of data in transit."""
    told = {"Action": "sns:Publish", "Resource": topic}
    plain = {"Effect": "Deny", "Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    alarms = {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}}
    aws.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=policy({**plain, **told}, {**alarms, **told})
    )
    cloudwatch.put(0, 9.0)

    cloudwatch.alarm(AlarmActions=[topic])

    assert inbox.receive()


def test_does_nothing_while_actions_are_disabled(cloudwatch: Any, topic: str, inbox: Any) -> None:
    alarm = cloudwatch.alarm(AlarmActions=[topic], ActionsEnabled=False)
    cloudwatch.settled(alarm)

    cloudwatch.client.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="nobody hears")
    cloudwatch.client.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="a test")
    cloudwatch.client.enable_alarm_actions(AlarmNames=[alarm])
    cloudwatch.client.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="somebody does")

    assert [message["NewStateReason"] for message in inbox.receive()] == ["somebody does"]


def test_invokes_the_function_that_listens_to_the_topic(cloudwatch: Any, aws: Any, topic: str, function: str) -> None:
    allow(aws, function, "sns.amazonaws.com", SourceArn=topic)
    aws.client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)
    cloudwatch.put(0, 9.0)

    alarm = cloudwatch.alarm(AlarmActions=[topic])

    (event,) = wait_for(lambda: events_of(aws, function))
    assert json.loads(event["Records"][0]["Sns"]["Message"])["AlarmName"] == alarm
    assert event["Records"][0]["Sns"]["Subject"] == f'ALARM: "{alarm}" in US East (N. Virginia)'


def test_invokes_the_function_that_is_its_action(cloudwatch: Any, aws: Any, function: str) -> None:
    arn = f"arn:aws:cloudwatch:us-east-1:111122223333:alarm:{cloudwatch.namespace}"
    allow(aws, function, "lambda.alarms.cloudwatch.amazonaws.com", SourceArn=arn, SourceAccount="111122223333")
    cloudwatch.put(0, 9.0)

    alarm = cloudwatch.alarm(AlarmActions=[function])

    (event,) = wait_for(lambda: events_of(aws, function))
    assert (event["source"], event["alarmArn"], event["accountId"]) == ("aws.cloudwatch", arn, "111122223333")
    assert event["alarmData"]["alarmName"] == alarm
    assert event["alarmData"]["state"]["value"] == "ALARM"
    assert event["alarmData"]["previousState"]["reason"] == "Unchecked: Initial alarm creation"
    assert event["alarmData"]["configuration"]["metrics"][0]["metricStat"]["metric"]["name"] == "m"


def test_says_in_its_history_why_an_action_failed(cloudwatch: Any, aws: Any, topic: str, function: str) -> None:
    nobody = json.dumps({"Version": "2012-10-17", "Statement": []})
    aws.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=nobody)
    gone = f"{topic}-gone"
    cloudwatch.put(0, 9.0)

    alarm = cloudwatch.alarm(AlarmActions=[topic, gone, function, "arn:aws:ssm:us-east-1:111122223333:opsitem:1"])

    wait_for(lambda: len(cloudwatch.history(alarm, "Action")) == 4)
    ssm, invoke, missing, denied = cloudwatch.history(alarm, "Action")
    assert denied.startswith(f"Failed to execute action {topic}. ")
    assert "not authorized to perform: SNS:Publish" in denied
    assert missing.startswith(f"Failed to execute action {gone}")
    assert "not authorized to perform: lambda:InvokeFunction" in invoke
    assert "executes SNS and Lambda actions only" in ssm


def test_tells_eventbridge_of_every_change(cloudwatch: Any, aws: Any, inbox: Any, name: str) -> None:
    events = aws.client("events")
    pattern = {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "detail": {"alarmName": [name]},
    }
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": inbox.arn}])
    cloudwatch.put(0, 9.0, model="wine")

    alarm = cloudwatch.alarm(Dimensions=[{"Name": "model", "Value": "wine"}], ActionsEnabled=False)

    (event,) = inbox.receive()
    described = cloudwatch.described(alarm)
    assert event["resources"] == [described["AlarmArn"]]
    detail = event["detail"]
    assert detail["state"]["value"] == "ALARM"
    assert detail["state"]["reason"] == described["StateReason"]
    assert json.loads(detail["state"]["reasonData"]) == json.loads(described["StateReasonData"])
    assert detail["previousState"]["value"] == "INSUFFICIENT_DATA"
    (watched,) = detail["configuration"]["metrics"]
    metric = {"namespace": cloudwatch.namespace, "name": "m", "dimensions": {"model": "wine"}}
    assert watched["metricStat"] == {"metric": metric, "period": 60, "stat": "Average"}
    assert watched["returnData"] is True
