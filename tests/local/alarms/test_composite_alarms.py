"""Composite alarms of the embedded AWS."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def children(cloudwatch: Any) -> tuple[str, str]:
    """Two alarms, both OK until they are set otherwise (which holds: they are evaluated once a minute)."""
    first, second = (cloudwatch.alarm(suffix, TreatMissingData="ignore", Period=86400) for suffix in ("-1", "-2"))
    for alarm in (first, second):
        cloudwatch.settled(alarm)
        set_state(cloudwatch, alarm, "OK")
    return first, second


def set_state(cloudwatch: Any, alarm: str, state: str) -> None:
    cloudwatch.client.set_alarm_state(AlarmName=alarm, StateValue=state, StateReason="a test")


def composite(cloudwatch: Any, rule: str, **settings: Any) -> str:
    name = f"{cloudwatch.namespace}-all"
    cloudwatch.client.put_composite_alarm(AlarmName=name, AlarmRule=rule, **settings)
    return name


@pytest.mark.parametrize(
    ("rule", "states"),
    [
        ('ALARM("{0}") AND ALARM("{1}")', ["OK", "ALARM"]),
        ("ALARM({0}) OR ALARM({1})", ["ALARM", "ALARM"]),
        ('ALARM("{0}") AND NOT OK("{1}")', ["OK", "ALARM"]),
        ("NOT (ALARM({0}) OR INSUFFICIENT_DATA({1}))", ["ALARM", "ALARM"]),
        ("TRUE AND (FALSE OR ALARM({1}))", ["OK", "ALARM"]),
    ],
)
def test_follows_its_rule(cloudwatch: Any, children: tuple[str, str], rule: str, states: list[str]) -> None:
    seen = []
    alarm = composite(cloudwatch, rule.format(*children))
    inverted = rule.startswith("NOT")

    for child in children:
        set_state(cloudwatch, child, "OK" if inverted else "ALARM")
        seen.append(cloudwatch.described(alarm)["StateValue"])

    assert seen == states


def test_says_which_child_set_it_off(cloudwatch: Any, children: tuple[str, str], topic: str, inbox: Any) -> None:
    alarm = composite(cloudwatch, f'ALARM("{children[0]}") OR ALARM("{children[1]}")', AlarmActions=[topic])
    assert cloudwatch.described(alarm)["StateValue"] == "OK"

    set_state(cloudwatch, children[1], "ALARM")

    (message,) = inbox.receive()
    child = cloudwatch.described(children[1])["AlarmArn"]
    assert message["NewStateReason"].startswith(f"{child} transitioned to ALARM at ")
    (trigger,) = message["TriggeringChildren"]
    assert (trigger["Arn"], trigger["State"]["Value"]) == (child, "ALARM")
    assert message["AlarmRule"] == cloudwatch.described(alarm)["AlarmRule"]
    assert "Trigger" not in message


def test_may_stand_on_another_composite_alarm_and_on_itself_in_a_circle(
    cloudwatch: Any, children: tuple[str, str]
) -> None:
    inner = composite(cloudwatch, f"ALARM({children[0]})")
    outer = f"{inner}-outer"
    cloudwatch.client.put_composite_alarm(AlarmName=outer, AlarmRule=f"ALARM({inner})")
    composite(cloudwatch, f"ALARM({children[0]}) OR ALARM({outer})")

    set_state(cloudwatch, children[0], "ALARM")

    assert cloudwatch.described(outer)["StateValue"] == "ALARM"


def test_is_listed_only_when_asked_for(cloudwatch: Any, children: tuple[str, str]) -> None:
    alarm = composite(cloudwatch, f"ALARM({children[0]})")
    describe = cloudwatch.client.describe_alarms

    assert describe(AlarmNames=[alarm])["CompositeAlarms"] == []
    (found,) = describe(AlarmNames=[alarm], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert found["AlarmRule"] == f"ALARM({children[0]})"
    assert [child["AlarmName"] for child in describe(ChildrenOfAlarmName=alarm)["MetricAlarms"]] == [children[0]]
    parents = describe(ParentsOfAlarmName=children[0], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert [parent["AlarmName"] for parent in parents] == [alarm]


def test_lists_alarms_page_by_page(cloudwatch: Any, children: tuple[str, str]) -> None:
    alarm = composite(cloudwatch, "FALSE")

    pages = cloudwatch.client.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=cloudwatch.namespace,
        AlarmTypes=["MetricAlarm", "CompositeAlarm"],
        PaginationConfig={"PageSize": 1},
    )

    assert [[each["AlarmName"] for each in page["MetricAlarms"] + page["CompositeAlarms"]] for page in pages] == [
        [children[0]],
        [children[1]],
        [alarm],
    ]


@pytest.mark.parametrize(
    ("rule", "complaint"), [("ALARM(nobody)", "do not exist"), ("ALARM(", "Unsupported token"), ("MAYBE(x)", "MAYBE")]
)
def test_refuses_a_rule_that_says_nothing(cloudwatch: Any, rule: str, complaint: str) -> None:
    with pytest.raises(ClientError, match=complaint) as caught:
        composite(cloudwatch, rule)

    assert caught.value.response["Error"]["Code"] == "ValidationError"


def test_holds_its_actions_back_while_the_suppressor_is_in_alarm(
    cloudwatch: Any, children: tuple[str, str], topic: str, inbox: Any
) -> None:
    incident, maintenance = children
    set_state(cloudwatch, maintenance, "ALARM")
    alarm = composite(
        cloudwatch,
        f"ALARM({incident})",
        AlarmActions=[topic],
        ActionsSuppressor=maintenance,
        ActionsSuppressorWaitPeriod=1,
        ActionsSuppressorExtensionPeriod=1,
    )

    set_state(cloudwatch, incident, "ALARM")
    assert cloudwatch.described(alarm)["ActionsSuppressedBy"] == "Alarm"
    assert inbox.receive(seconds=2) == []
    set_state(cloudwatch, maintenance, "OK")

    assert [message["AlarmName"] for message in inbox.receive()] == [alarm]
    assert "ActionsSuppressedBy" not in cloudwatch.described(alarm)


def test_wants_both_periods_with_a_suppressor(cloudwatch: Any, children: tuple[str, str]) -> None:
    with pytest.raises(ClientError, match="must be given together"):
        composite(cloudwatch, "TRUE", ActionsSuppressor=children[0])
