"""What a state change sets off: an EventBridge event always, SNS topics and Lambda functions as the alarm says.

Each action is noted in the alarm's history with its outcome. With IAM enforced, a topic's and a function's resource
policy must let CloudWatch in, as on AWS.
"""

from __future__ import annotations

import json
from functools import cache

from botocore.loaders import Loader
from ministack import app
from ministack.core.arn import parse_arn
from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
from ministack.services import eventbridge, lambda_svc, sns

from local.alarms import messages, store
from local.alarms.messages import Change

LAMBDA_PRINCIPAL = "lambda.alarms.cloudwatch.amazonaws.com"
SNS_PRINCIPAL = "cloudwatch.amazonaws.com"
_FIELDS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}


class UndeliverableError(Exception):
    """An action that could not be taken; the message is what the alarm's history says."""


def send_event(change: Change) -> None:
    """Tell EventBridge's default bus of the change."""
    entry = {
        "Source": "aws.cloudwatch",
        "DetailType": "CloudWatch Alarm State Change",
        "Detail": json.dumps(messages.event_detail(change)),
        "Resources": [change.alarm["AlarmArn"]],
    }
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def take(change: Change) -> None:
    """Take the actions of the state that the alarm has now, unless they are disabled."""
    if not change.alarm.get("ActionsEnabled", True):
        return
    for action in change.alarm.get(_FIELDS[change.new.value]) or ():
        outcome = {"notificationResource": action, "stateUpdateTimestamp": round(change.new.time * 1000)}
        try:
            _deliver(action, change)
        except UndeliverableError as exc:
            summary = f"Failed to execute action {action}. Received error: {exc}"
            outcome |= {"actionState": "Failed", "error": str(exc)}
        else:
            summary = f"Successfully executed action {action}"
            outcome |= {"actionState": "Succeeded"}
        store.add_history(change.alarm, "Action", summary, json.dumps(outcome))


def _deliver(action: str, change: Change) -> None:
    service = action.split(":")[2] if action.count(":") > 4 else ""
    if service == "sns":
        _publish(action, change)
    elif service == "lambda":
        _invoke(action, change)
    else:
        raise UndeliverableError("the embedded AWS executes SNS and Lambda actions only")


def _publish(topic: str, change: Change) -> None:
    app.pin_request_origin("127.0.0.1", True)  # CloudWatch speaks TLS: topics may ask for that
    if not sns.topic_policy_allows(topic, SNS_PRINCIPAL, change.alarm["AlarmArn"], change.account):
        raise UndeliverableError(f"CloudWatch Alarms is not authorized to perform: SNS:Publish on resource: {topic}")
    name = _region_name(change.region)
    if sns.publish_internal(topic, messages.sns_message(change, name), messages.sns_subject(change, name)) is None:
        raise UndeliverableError(f"Topic does not exist: {topic}")


def _invoke(arn: str, change: Change) -> None:
    function, configuration, _ = lambda_svc._get_func_record_for_ref(arn)
    if not function or not configuration:
        raise UndeliverableError(f"Function not found: {arn}")
    if not _may_invoke(function["policy"], arn, change):
        raise UndeliverableError(f"CloudWatch Alarms is not authorized to perform: lambda:InvokeFunction on {arn}")
    record = lambda_svc._execution_record_for_config(function, configuration)
    lambda_svc.invoke_async_with_retry(record, messages.lambda_event(change))


def _may_invoke(policy: object, arn: str, change: Change) -> bool:
    """Whether the function's policy lets this alarm invoke it; consulted where IAM is enforced only."""
    if not app.AUTH:
        return True
    context = EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="lambda:InvokeFunction",
        resource_arn=arn,
        region=change.region,
        service_context={
            "aws:sourcearn": change.alarm["AlarmArn"],
            "aws:sourceaccount": parse_arn(change.alarm["AlarmArn"]).account_id,
        },
    )
    return bool(evaluate_resource_policy(policy, context, service=LAMBDA_PRINCIPAL).decision == "Allow")


@cache
def _region_name(region: str) -> str:
    """ "US East (N. Virginia)" for us-east-1: the name that CloudWatch writes in its messages."""
    for partition in Loader().load_data("endpoints")["partitions"]:
        if region in partition["regions"]:
            return str(partition["regions"][region]["description"]).replace("Europe (", "EU (")
    return region
