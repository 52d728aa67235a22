"""CloudFormation: ``AWS::CloudWatch::CompositeAlarm``, and ``AWS::CloudWatch::Alarm`` with all of its properties.

Physical id (Ref) is the alarm's name, the attribute Arn its ARN. MiniStack's own provisioner of alarms keeps its
create, update and delete; only the record it makes is ours.
"""

from __future__ import annotations

from typing import Any

from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from local.alarms import operations, store, wire
from local.alarms.definition import Record
from local.alarms.request import metric_alarm

TYPE = "AWS::CloudWatch::CompositeAlarm"
Created = tuple[str, dict[str, str]]


def metric_alarm_record(name: str, properties: dict[str, Any]) -> Record:
    """The record of a template's alarm; its properties are named as PutMetricAlarm's members are."""
    request = wire.validated("PutMetricAlarm", {**properties, "AlarmName": name})
    return metric_alarm(request, cloudwatch._alarms.get(name), store.arn_of(name), store.now())


def create(logical_id: str, properties: dict[str, Any], stack_name: str) -> Created:
    """Put the composite alarm."""
    name = properties.get("AlarmName") or provisioners._physical_name(stack_name, logical_id, max_len=255)
    operations.put_composite_alarm(wire.validated("PutCompositeAlarm", {**properties, "AlarmName": name}))
    cloudwatch.cloudformation_set_metric_alarm_tags(name, properties.get("Tags") or [])
    return name, {"Arn": store.arn_of(name)}


def update(
    physical_id: str, old: dict[str, Any], new: dict[str, Any], stack_name: str, logical_id: str | None = None
) -> Created:
    """Put it again; another AlarmName replaces it, as the resource reference says."""
    logical = logical_id or physical_id
    name = new.get("AlarmName") or provisioners._physical_name(stack_name, logical, max_len=255)
    current = physical_id if physical_id in cloudwatch._composite_alarms else None
    replaced: Created | None = provisioners._rename_replacement(
        physical_id, old, new, stack_name, logical_id, name, current, create, delete
    )
    return replaced or create(logical, {**new, "AlarmName": name}, stack_name)


def delete(physical_id: str, _properties: dict[str, Any]) -> None:
    """Remove it and its tags."""
    cloudwatch._composite_alarms.pop(physical_id, None)
    cloudwatch._composite_triggers.pop(physical_id, None)
    cloudwatch._resource_tags.pop(store.arn_of(physical_id), None)


HANDLER = {"create": create, "update": update, "update_with_logical_id": True, "delete": delete}
