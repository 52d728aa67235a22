"""Puts the alarms into MiniStack: checks that its CloudWatch module is as we know it, then replaces parts of it."""

from __future__ import annotations

import inspect
import time
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from ministack import app
from ministack.core import iam_evaluator, responses
from ministack.services import cloudwatch, eventbridge, lambda_svc, sns
from ministack.services.cloudformation import provisioners

from heirloom.core.errors import Invalid
from local.alarms import clock, cloudformation, engine, metric_data, operations, wire

_EVICTION_SECONDS = 60.0
_HANDLER = "params, cbor_data, is_cbor, is_json"
# Every function of MiniStack that is replaced or called, with its parameters: whatever moves is found at start.
_FUNCTIONS: Mapping[ModuleType, Mapping[str, str]] = {
    cloudwatch: {
        "_put_metric_alarm": _HANDLER,
        "_put_composite_alarm": _HANDLER,
        "_set_alarm_state": _HANDLER,
        "_describe_alarms": _HANDLER,
        "_describe_alarms_for_metric": _HANDLER,
        "_get_metric_statistics": _HANDLER,
        "_get_metric_data": _HANDLER,
        "_evaluate_all_alarms": "",
        "_evict_old_metrics": "",
        "_transition_composite": "alarm, new_state, reason, triggers, seen",
        "_evaluate_parent_alarms": "child, seen",
        "cloudformation_put_metric_alarm": "alarm",
        "cloudformation_set_metric_alarm_tags": "name, tags",
        "_alarm_tags_refusal": "tags, datapoints, is_new, is_cbor, is_json, composite",
        "_composite_children": "alarm",
        "_composite_rule_state": "alarm",
        "_matching_children": "alarm, state",
        "_parse_alarm_rule": "rule",
        "_rule_refs": "node",
        "_rule_ref_name": "ref",
        "_history_entries": "",
        "_max_records_error": "raw",
        "_dims_key": "dims",
        "_point_stats": "pt",
        "_parse_ts": "value",
        "_ts_iso": "epoch",
        "_cbor_ok": "data",
        "_json_ok": "data",
        "_xml": "status, root_tag, inner",
        "_error": "code, message, status, use_json, use_cbor",
    },
    eventbridge: {"_put_events": "data, allow_aws_source"},
    iam_evaluator: {"evaluate_resource_policy": "doc, ctx, service, named_only, direct_only"},
    lambda_svc: {
        "_get_func_record_for_ref": "function_ref",
        "_execution_record_for_config": "func, config",
        "invoke_async_with_retry": "func, event",
    },
    provisioners: {
        "_cw_metric_alarm_record": "name, props",
        "_physical_name": "stack_name, logical_id, lowercase, max_len, seeded",
        "_rename_replacement": "physical_id, old_props, new_props, stack_name, logical_id, "
        "declared_name, current_name, create_fn, delete_fn, delete_when_id_unchanged",
    },
    responses: {"request_scope": "account_id, region"},
    sns: {
        "publish_internal": "topic_arn, message, subject, message_structure, message_attributes, message_group_id, "
        "message_deduplication_id",
        "topic_policy_allows": "topic_arn, service, source_arn, source_account",
    },
}
_STORES = ("_alarms", "_composite_alarms", "_composite_triggers", "_metrics")
_VALUES: Mapping[ModuleType, tuple[str, ...]] = {
    app: ("_MAIN_LOOP", "AUTH"),
    cloudwatch: (*_STORES, "_resource_tags"),
    provisioners: ("_RESOURCE_HANDLERS",),
}


def install() -> None:
    """Replace MiniStack's alarm evaluation; call it once, before MiniStack serves. Raises Invalid if it has changed."""
    if problems := _problems():
        raise Invalid(f"MiniStack has changed where local.alarms extends it: {'; '.join(problems)}")
    for name, replacement in _replacements().items():
        setattr(cloudwatch, name, replacement)
    provisioners._cw_metric_alarm_record = cloudformation.metric_alarm_record
    provisioners._RESOURCE_HANDLERS[cloudformation.TYPE] = cloudformation.HANDLER
    clock.start(engine.tick)


def shutdown() -> None:
    """Stop the clock; what has been announced already is still sent."""
    clock.stop()


def _replacements() -> dict[str, Any]:
    return {
        "_put_metric_alarm": wire.handler("PutMetricAlarm", operations.put_metric_alarm),
        "_put_composite_alarm": wire.handler("PutCompositeAlarm", operations.put_composite_alarm),
        "_set_alarm_state": wire.handler("SetAlarmState", operations.set_alarm_state),
        "_describe_alarms": wire.handler("DescribeAlarms", operations.describe_alarms),
        "_describe_alarms_for_metric": wire.handler("DescribeAlarmsForMetric", operations.describe_alarms_for_metric),
        "_get_metric_statistics": wire.handler("GetMetricStatistics", metric_data.get_metric_statistics),
        "_get_metric_data": wire.handler("GetMetricData", metric_data.get_metric_data),
        "_transition_composite": operations.transition_composite,
        "cloudformation_put_metric_alarm": operations.put_record,
        # The clock evaluates, not whoever puts a metric.
        "_evaluate_all_alarms": lambda: None,
        "_evict_old_metrics": _once_in(_EVICTION_SECONDS, cloudwatch._evict_old_metrics),
    }


def _once_in(seconds: float, function: Any) -> Any:
    """MiniStack walks over every datapoint at each request to CloudWatch; once a minute does."""
    next_time = 0.0

    def sparingly() -> None:
        nonlocal next_time
        if time.monotonic() >= next_time:
            next_time = time.monotonic() + seconds
            function()

    return sparingly


def _problems() -> list[str]:
    moved = [
        f"{module.__name__}.{name}({wanted}) is {found}"
        for module, functions in _FUNCTIONS.items()
        for name, wanted in functions.items()
        if (found := _signature(module, name)) != wanted
    ]
    gone = [
        f"{module.__name__}.{name} is gone"
        for module, names in _VALUES.items()
        for name in names
        if not hasattr(module, name)
    ]
    unscoped = [
        f"cloudwatch.{name} is no AccountRegionScopedDict"
        for name in _STORES
        if not isinstance(getattr(cloudwatch, name, None), responses.AccountRegionScopedDict)
    ]
    return moved + gone + unscoped


def _signature(module: ModuleType, name: str) -> str:
    function = getattr(module, name, None)
    return ", ".join(inspect.signature(function).parameters) if callable(function) else "gone"
