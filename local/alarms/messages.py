"""What CloudWatch tells the world when an alarm changes its state: to SNS, EventBridge and Lambda. Pure.

Shapes: "Notifying users on alarm changes", "Alarm events and EventBridge" and "Invoke a Lambda function from an alarm"
in the CloudWatch user guide.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.alarms.definition import Record, statistic_of
from local.alarms.reasons import timestamp

_STATISTICS = {"SampleCount": "SAMPLE_COUNT"}
_RULE = ("EvaluationPeriods", "DatapointsToAlarm", "ComparisonOperator", "Threshold")
_TREATMENT = ("TreatMissingData", "EvaluateLowSampleCountPercentile")
_SUPPRESSOR = ("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")


@dataclass(frozen=True)
class AlarmState:
    """One state of an alarm; ``time`` when it began, epoch seconds."""

    value: str
    reason: str
    reason_data: str
    time: float

    @staticmethod
    def of(alarm: Mapping[str, Any]) -> AlarmState:
        """The state in the record."""
        time = float(alarm["StateUpdatedTimestamp"])
        return AlarmState(alarm["StateValue"], alarm["StateReason"], alarm.get("StateReasonData") or "", time)


@dataclass(frozen=True)
class Change:
    """One state change. ``alarm``: a copy of the record, as it was just after."""

    alarm: Record
    account: str
    region: str
    old: AlarmState
    new: AlarmState


def sns_subject(change: Change, region_name: str) -> str:
    """The subject of the mail; SNS allows 100 characters."""
    return f'{change.new.value}: "{change.alarm["AlarmName"]}" in {region_name}'[:100]


def sns_message(change: Change, region_name: str) -> str:
    """The JSON text that subscribers of an alarm's topic get."""
    alarm = change.alarm
    return json.dumps(
        {
            "AlarmName": alarm["AlarmName"],
            "AlarmDescription": alarm.get("AlarmDescription"),
            "AWSAccountId": change.account,
            "AlarmConfigurationUpdatedTimestamp": timestamp(alarm["AlarmConfigurationUpdatedTimestamp"]),
            "NewStateValue": change.new.value,
            "NewStateReason": change.new.reason,
            "StateChangeTime": timestamp(change.new.time),
            "Region": region_name,
            "AlarmArn": alarm["AlarmArn"],
            "OldStateValue": change.old.value,
            "OKActions": alarm["OKActions"],
            "AlarmActions": alarm["AlarmActions"],
            "InsufficientDataActions": alarm["InsufficientDataActions"],
            **(_children(change) if "AlarmRule" in alarm else {"Trigger": _trigger(alarm)}),
        }
    )


def event_detail(change: Change) -> dict[str, Any]:
    """The detail of the EventBridge event "CloudWatch Alarm State Change"."""
    return {
        "alarmName": change.alarm["AlarmName"],
        "configuration": _configuration(change.alarm),
        "previousState": _state(change.old),
        "state": _state(change.new),
    }


def lambda_event(change: Change) -> dict[str, Any]:
    """The event of a function that is an alarm's action."""
    return {
        "source": "aws.cloudwatch",
        "alarmArn": change.alarm["AlarmArn"],
        "accountId": change.account,
        "time": timestamp(change.new.time),
        "region": change.region,
        "alarmData": event_detail(change),
    }


def history_data(change: Change) -> str:
    """The HistoryData of a StateUpdate."""
    return json.dumps({"version": "1.0", "oldState": _past(change.old), "newState": _past(change.new)})


def _past(state: AlarmState) -> dict[str, Any]:
    data = {"stateReasonData": _parsed(state.reason_data)} if state.reason_data else {}
    return {"stateValue": state.value, "stateReason": state.reason, **data}


def _parsed(reason_data: str) -> Any:
    """SetAlarmState takes any text as reason data."""
    try:
        return json.loads(reason_data)
    except ValueError:
        return reason_data


def _state(state: AlarmState) -> dict[str, str]:
    data = {"reasonData": state.reason_data} if state.reason_data else {}
    return {"value": state.value, "reason": state.reason, **data, "timestamp": timestamp(state.time)}


def _trigger(alarm: Record) -> dict[str, Any]:
    rule: dict[str, Any] = {name: alarm[name] for name in _RULE if name in alarm}
    rule |= {name: alarm.get(name) or "" for name in _TREATMENT}
    if alarm.get("Metrics"):
        queries = [_query(query) for query in alarm["Metrics"]]
        period = next((query["MetricStat"]["Period"] for query in queries if "MetricStat" in query), None)
        return {"Period": period, **rule, "Metrics": queries}
    statistic = statistic_of(alarm)
    kind = "ExtendedStatistic" if alarm.get("ExtendedStatistic") else "Statistic"
    shown = statistic if kind == "ExtendedStatistic" else _STATISTICS.get(statistic, statistic.upper())
    return {
        "MetricName": alarm["MetricName"],
        "Namespace": alarm["Namespace"],
        "StatisticType": kind,
        kind: shown,
        "Unit": alarm.get("Unit"),
        "Dimensions": _dimensions(alarm),
        "Period": alarm["Period"],
        **rule,
    }


def _query(query: Record) -> dict[str, Any]:
    shown = {**query, "ReturnData": query.get("ReturnData", True)}
    if "MetricStat" in query:
        metric = query["MetricStat"]["Metric"]
        shown["MetricStat"] = {**query["MetricStat"], "Metric": {**metric, "Dimensions": _dimensions(metric)}}
    return shown


def _dimensions(metric: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"value": each["Value"], "name": each["Name"]} for each in metric.get("Dimensions") or ()]


def _children(change: Change) -> dict[str, Any]:
    alarms = json.loads(change.new.reason_data).get("triggeringAlarms", []) if change.new.reason_data else []
    states = [(alarm["arn"], alarm["state"]) for alarm in alarms]
    return {
        "AlarmRule": change.alarm["AlarmRule"],
        "TriggeringChildren": [
            {"Arn": arn, "State": {"Value": state["value"], "Timestamp": state["timestamp"]}} for arn, state in states
        ],
    }


def _configuration(alarm: Record) -> dict[str, Any]:
    described = {"description": alarm["AlarmDescription"]} if alarm.get("AlarmDescription") else {}
    if "AlarmRule" in alarm:
        suppressor = {name[0].lower() + name[1:]: alarm[name] for name in _SUPPRESSOR if name in alarm}
        return {**described, "alarmRule": alarm["AlarmRule"], **suppressor}
    return {**described, "metrics": [_watched(query) for query in alarm.get("Metrics") or [_as_query(alarm)]]}


def _as_query(alarm: Record) -> Record:
    """The one metric of an alarm in the form of a query; AWS makes the id up too."""
    metric = {name: alarm.get(name) for name in ("Namespace", "MetricName", "Dimensions")}
    stat = {"Metric": metric, "Period": alarm["Period"], "Stat": statistic_of(alarm), "Unit": alarm.get("Unit")}
    return {"Id": str(uuid.uuid5(uuid.NAMESPACE_URL, alarm["AlarmArn"])), "MetricStat": stat}


def _watched(query: Record) -> dict[str, Any]:
    shown = {"id": query["Id"], "returnData": query.get("ReturnData", True)}
    if "Expression" in query:
        label = {"label": query["Label"]} if query.get("Label") else {}
        return {"expression": query["Expression"], **label, **shown}
    stat = query["MetricStat"]
    metric = {
        "namespace": stat["Metric"]["Namespace"],
        "name": stat["Metric"]["MetricName"],
        "dimensions": {each["Name"]: each["Value"] for each in stat["Metric"].get("Dimensions") or ()},
    }
    unit = {"unit": stat["Unit"]} if stat.get("Unit") else {}
    return {**shown, "metricStat": {"metric": metric, "period": stat["Period"], "stat": stat["Stat"], **unit}}
