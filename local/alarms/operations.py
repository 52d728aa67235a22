"""The CloudWatch operations on alarms that take the place of MiniStack's own; also called by CloudFormation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ministack.services import cloudwatch

from local.alarms import engine, store
from local.alarms.definition import Record, statistic_of
from local.alarms.reasons import timestamp
from local.alarms.request import STATES, RefusedError, common, metric_alarm
from local.alarms.transitions import change_state

_RULE_FIELDS = ("AlarmName", "AlarmDescription", "AlarmRule")
_SUPPRESSOR_FIELDS = ("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")


def put_metric_alarm(request: dict[str, Any]) -> dict[str, Any]:
    """PutMetricAlarm: store it; it is evaluated at once."""
    name = request.get("AlarmName") or ""
    existing = cloudwatch._alarms.get(name)
    _check_tags(request, is_new=existing is None, composite=False)
    record = metric_alarm(request, existing, store.arn_of(name), store.now())
    put_record(record)
    if existing is None:
        _tag(record, request)
    return {}


def put_record(record: Record) -> None:
    """Store a metric alarm made elsewhere (CloudFormation, Auto Scaling) and have it evaluated."""
    with store.LOCK:
        store.save(record)
    engine.evaluate_soon(record)


def put_composite_alarm(request: dict[str, Any]) -> dict[str, Any]:
    """PutCompositeAlarm: store it and evaluate its rule now; later whenever one of its alarms changes."""
    existing = cloudwatch._composite_alarms.get(request["AlarmName"])
    _check_tags(request, is_new=existing is None, composite=True)
    _check_rule(request)
    _check_suppressor(request)
    fields = {name: request[name] for name in (*_RULE_FIELDS, *_SUPPRESSOR_FIELDS) if request.get(name) is not None}
    record = fields | common(request, existing, store.arn_of(request["AlarmName"]), store.now())
    with store.LOCK:
        store.save(record)
        if existing is None:
            _tag(record, request)
        _evaluate_rule(record, is_new=existing is None)
    return {}


def set_alarm_state(request: dict[str, Any]) -> dict[str, Any]:
    """SetAlarmState: until the alarm's next evaluation, or for a composite alarm until one of its alarms changes."""
    if request["StateValue"] not in STATES:
        raise RefusedError(f"StateValue must be one of {', '.join(STATES)}, got {request['StateValue']!r}")
    record = store.find(request["AlarmName"])
    if record is None:
        raise RefusedError(f"Alarm {request['AlarmName']} not found", "ResourceNotFound", 404)
    change_state(record, request["StateValue"], request["StateReason"], request.get("StateReasonData") or "")
    return {}


def describe_alarms(request: dict[str, Any]) -> dict[str, Any]:
    """DescribeAlarms: both types in the order of their names, with all filters of the API."""
    size = _page_size(request)
    types = request.get("AlarmTypes") or ["MetricAlarm"]
    records = [
        *(cloudwatch._alarms.values() if "MetricAlarm" in types else ()),
        *(cloudwatch._composite_alarms.values() if "CompositeAlarm" in types else ()),
    ]
    related = _related(request)
    chosen = sorted(
        (record for record in records if _is_asked_for(record, request, related)),
        key=lambda record: record["AlarmName"],
    )
    chosen = [record for record in chosen if record["AlarmName"] >= (request.get("NextToken") or "")]
    return {
        "MetricAlarms": [record for record in chosen[:size] if "AlarmRule" not in record],
        "CompositeAlarms": [record for record in chosen[:size] if "AlarmRule" in record],
        "NextToken": chosen[size]["AlarmName"] if len(chosen) > size else None,
    }


def describe_alarms_for_metric(request: dict[str, Any]) -> dict[str, Any]:
    """DescribeAlarmsForMetric: the alarms on exactly that metric."""
    return {"MetricAlarms": [record for record in cloudwatch._alarms.values() if _watches(record, request)]}


def transition_composite(
    alarm: Record, new_state: str, reason: str, triggers: list[str], seen: frozenset[str] = frozenset()
) -> None:
    """What MiniStack calls when the rule of a composite alarm gives another state: ``triggers`` changed last."""
    children = [child for name in triggers if (child := store.find(name))]
    change_state(alarm, new_state, reason, _triggering(children), seen)


def _triggering(children: list[Record]) -> str:
    alarms = [
        {
            "arn": child["AlarmArn"],
            "state": {"value": child["StateValue"], "timestamp": timestamp(child["StateUpdatedTimestamp"])},
        }
        for child in children
    ]
    return json.dumps({"triggeringAlarms": alarms}, separators=(",", ":"))


def _evaluate_rule(record: Record, *, is_new: bool) -> None:
    state = cloudwatch._composite_rule_state(record)
    if is_new or state != record["StateValue"]:
        done = "created and its" if is_new else "updated and its new"
        reason = f"{record['AlarmArn']} was {done} alarm rule evaluates to {state}"
        transition_composite(record, state, reason, cloudwatch._matching_children(record, state))


def _check_rule(request: Mapping[str, Any]) -> None:
    try:
        references = cloudwatch._rule_refs(cloudwatch._parse_alarm_rule(request["AlarmRule"]))
    except ValueError as exc:
        raise RefusedError(str(exc)) from exc
    missing = [reference for reference in dict.fromkeys(references) if not _refers(reference)]
    if missing:
        listed = ", ".join(each if each.startswith("arn:") else store.arn_of(each) for each in missing)
        raise RefusedError(f"Could not save the composite alarm as alarms [{listed}] in the alarm rule do not exist")


def _check_suppressor(request: Mapping[str, Any]) -> None:
    given = [request.get(name) is not None for name in _SUPPRESSOR_FIELDS]
    if any(given) and not all(given):
        raise RefusedError(f"{', '.join(_SUPPRESSOR_FIELDS)} must be given together")
    if all(given) and not _refers(request["ActionsSuppressor"]):
        raise RefusedError(f"The ActionsSuppressor {request['ActionsSuppressor']} does not exist")


def _refers(reference: str) -> bool:
    name = cloudwatch._rule_ref_name(reference)
    return bool(name) and store.find(name) is not None


def _check_tags(request: Mapping[str, Any], *, is_new: bool, composite: bool) -> None:
    """MiniStack's own checks of tags; they come as an answer, of which the error is what counts."""
    refused = cloudwatch._alarm_tags_refusal(request.get("Tags"), None, is_new, False, True, composite=composite)
    if refused:
        status, headers, body = refused
        raise RefusedError(json.loads(body)["message"], headers["x-amzn-errortype"], status)


def _tag(record: Record, request: Mapping[str, Any]) -> None:
    if request.get("Tags"):
        cloudwatch._resource_tags[record["AlarmArn"]] = {tag["Key"]: tag["Value"] for tag in request["Tags"]}


def _page_size(request: Mapping[str, Any]) -> int:
    if problem := cloudwatch._max_records_error(request.get("MaxRecords")):
        raise RefusedError(problem)
    return int(request.get("MaxRecords") or 50)


def _related(request: Mapping[str, Any]) -> set[str] | None:
    """The names of the children or parents asked for; None when neither is."""
    if parent := request.get("ChildrenOfAlarmName"):
        return set(cloudwatch._composite_children(cloudwatch._composite_alarms.get(parent) or {}))
    if child := request.get("ParentsOfAlarmName"):
        parents = cloudwatch._composite_alarms.values()
        return {record["AlarmName"] for record in parents if child in cloudwatch._composite_children(record)}
    return None


def _is_asked_for(record: Record, request: Mapping[str, Any], related: set[str] | None) -> bool:
    name, names, prefix = record["AlarmName"], request.get("AlarmNames"), request.get("ActionPrefix")
    actions = [*record["AlarmActions"], *record["OKActions"], *record["InsufficientDataActions"]]
    return (
        (not names or name in names)
        and name.startswith(request.get("AlarmNamePrefix") or "")
        and request.get("StateValue") in (None, record["StateValue"])
        and (related is None or name in related)
        and (not prefix or any(action.startswith(prefix) for action in actions))
    )


def _watches(record: Record, request: Mapping[str, Any]) -> bool:
    asked = request.get("ExtendedStatistic") or request.get("Statistic")
    return (
        all(record.get(name) == request[name] for name in ("Namespace", "MetricName"))
        and all(request.get(name) in (None, record.get(name)) for name in ("Period", "Unit"))
        and asked in (None, statistic_of(record))
        and _dimensions(record) == _dimensions(request)
    )


def _dimensions(metric: Mapping[str, Any]) -> list[tuple[str, str]]:
    return sorted((each["Name"], each["Value"]) for each in metric.get("Dimensions") or ())
