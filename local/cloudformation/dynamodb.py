"""``TimeToLiveSpecification`` of ``AWS::DynamoDB::Table``, which MiniStack's own type does not apply.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-dynamodb-table-timetolivespecification.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import dynamodb
from ministack.services.cloudformation import provisioners

from local.cloudformation.resource import Made, Properties

TABLE = "AWS::DynamoDB::Table"
OFF: Properties = {"Enabled": False}


def install() -> None:
    """Have a table's time to live set when it is made, and when it is changed."""
    handlers = provisioners._RESOURCE_HANDLERS[TABLE]
    handlers["create"] = _creating(handlers["create"])
    handlers["update"] = _updating(handlers["update"])


def _creating(create: Callable[..., Made]) -> Callable[..., Made]:
    def create_table(logical_id: str, properties: Properties, stack_name: str) -> Made:
        name, attributes = create(logical_id, properties, stack_name)
        if given := properties.get("TimeToLiveSpecification"):
            _set(name, given)
        return name, attributes

    return create_table


def _updating(update: Callable[..., Made]) -> Callable[..., Made]:
    def update_table(physical_id: str, old: Properties, new: Properties, *rest: Any, **more: Any) -> Made:
        name, attributes = update(physical_id, old, new, *rest, **more)
        before, after = (properties.get("TimeToLiveSpecification", OFF) for properties in (old, new))
        if before != after:
            _set(name, {**before, **after})
        return name, attributes

    return update_table


def _set(table: str, given: Properties) -> None:
    """Templates may write a boolean as text."""
    enabled = str(given.get("Enabled", False)).lower() == "true"
    status, _, body = dynamodb._update_ttl(
        {"TableName": table, "TimeToLiveSpecification": {**given, "Enabled": enabled}}
    )
    if status >= 400:
        raise ValueError(f"{TABLE}: TimeToLiveSpecification was refused: {body!r}")
