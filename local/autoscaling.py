"""Application Auto Scaling's API: scalable targets and scaling policies are kept, checked and listed; nothing scales.

A plug-in (see local.server). The endpoints of the embedded SageMaker are one process each, whatever their instance
count, so there is nothing to scale; a template that declares scaling deploys, and its targets can be looked at.
API: https://docs.aws.amazon.com/autoscaling/application/APIReference/Welcome.html
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from ministack import app
from ministack.core import router

from local.awsjson import ApiError, Context, JsonService
from local.sagemaker import emulator

SERVICE = "application-autoscaling"
STATE = "application_autoscaling"
KEY = ("ServiceNamespace", "ResourceId", "ScalableDimension")
PAGE = 50

Record = dict[str, Any]
Key = tuple[str, ...]


class Registry:
    """The targets and policies of the account, by account and region; MiniStack saves it and brings it back."""

    def __init__(self) -> None:
        self.targets: dict[Key, Record] = {}
        self.policies: dict[Key, Record] = {}

    def get_state(self) -> Record:
        """What MiniStack writes when it stops."""
        return {"targets": list(self.targets.items()), "policies": list(self.policies.items())}

    def load_persisted_state(self, state: Mapping[str, Any]) -> None:
        """Take back what ``get_state`` gave, through JSON."""
        self.targets = {tuple(key): record for key, record in state["targets"]}
        self.policies = {tuple(key): record for key, record in state["policies"]}

    def reset(self) -> None:
        """Forget everything (MiniStack's own reset)."""
        self.targets.clear()
        self.policies.clear()

    def register_target(self, request: Record, context: Context) -> Record:
        """RegisterScalableTarget: new, or changed in what the request gives."""
        key = _key(request, context)
        old = self.targets.get(key)
        if old is None and not {"MinCapacity", "MaxCapacity"} <= request.keys():
            raise ApiError("ValidationException", "MinCapacity and MaxCapacity are required for a new scalable target")
        record = {
            "CreationTime": time.time(),
            "RoleARN": _service_role(context),
            "ScalableTargetARN": f"{_arn(SERVICE, context)}scalable-target/{uuid.uuid4().hex[:32]}",
            "SuspendedState": dict.fromkeys(SUSPENDABLE, False),
            **(old or {}),
            **{name: value for name, value in request.items() if name != "Tags"},
        }
        if record["MinCapacity"] > record["MaxCapacity"]:
            raise ApiError("ValidationException", "Maximum capacity cannot be less than minimum capacity")
        self.targets[key] = record
        return {"ScalableTargetARN": record["ScalableTargetARN"]}

    def describe_targets(self, request: Record, context: Context) -> Record:
        """DescribeScalableTargets, by namespace, resources and dimension."""
        return _page("ScalableTargets", _matching(self.targets, "ResourceId", request, context), request)

    def deregister_target(self, request: Record, context: Context) -> Record:
        """DeregisterScalableTarget; its policies go with it, as on AWS."""
        key = self._registered(request, context)
        del self.targets[key]
        for policy in [policy for policy in self.policies if policy[: len(key)] == key]:
            del self.policies[policy]
        return {}

    def put_policy(self, request: Record, context: Context) -> Record:
        """PutScalingPolicy: new, or replaced under the same ARN."""
        key = (*self._registered(request, context), request["PolicyName"])
        old = self.policies.get(key, {})
        resource = f"resource/{request['ServiceNamespace']}/{request['ResourceId']}"
        arn = (
            f"{_arn('autoscaling', context)}scalingPolicy:{uuid.uuid4()}:{resource}:policyName/{request['PolicyName']}"
        )
        self.policies[key] = {
            "PolicyType": "StepScaling",
            **request,
            "PolicyARN": old.get("PolicyARN", arn),
            "CreationTime": old.get("CreationTime", time.time()),
            "Alarms": [],
        }
        return {"PolicyARN": self.policies[key]["PolicyARN"], "Alarms": []}

    def describe_policies(self, request: Record, context: Context) -> Record:
        """DescribeScalingPolicies, by namespace, resource, dimension and names."""
        return _page("ScalingPolicies", _matching(self.policies, "PolicyName", request, context), request)

    def delete_policy(self, request: Record, context: Context) -> Record:
        """DeleteScalingPolicy."""
        if self.policies.pop((*_key(request, context), request["PolicyName"]), None) is None:
            raise ApiError("ObjectNotFoundException", f"No scaling policy found for {_named(request)}")
        return {}

    def _registered(self, request: Record, context: Context) -> Key:
        key = _key(request, context)
        if key not in self.targets:
            raise ApiError("ObjectNotFoundException", f"No scalable target found for {_named(request)}")
        return key


SUSPENDABLE = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")


def install() -> None:
    """Route the service's requests here, and have its state saved with the rest."""
    registry = Registry()
    operations: dict[str, Callable[[Record, Context], Record]] = {
        "RegisterScalableTarget": registry.register_target,
        "DescribeScalableTargets": registry.describe_targets,
        "DeregisterScalableTarget": registry.deregister_target,
        "PutScalingPolicy": registry.put_policy,
        "DescribeScalingPolicies": registry.describe_policies,
        "DeleteScalingPolicy": registry.delete_policy,
    }
    app.SERVICE_HANDLERS[SERVICE] = JsonService(SERVICE, operations, _authorise).handle
    router.SERVICE_PATTERNS[SERVICE] = {"credential_scope": SERVICE, "target_prefixes": ["AnyScaleFrontendService"]}
    app._loaded_modules[STATE] = registry
    app._state_map[STATE] = STATE


def _authorise(request: Record, context: Context) -> None:
    """On the target's ARN, which is made up when it is registered; lists have no resource.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_applicationautoscaling.html
    """
    if context.access_key_id is None:
        return
    arn = "*" if context.operation.startswith("Describe") else f"{_arn(SERVICE, context)}scalable-target/any"
    namespace = {f"{SERVICE}:service-namespace": request["ServiceNamespace"]}
    if reason := emulator.denial(context.access_key_id, f"{SERVICE}:{context.operation}", arn, namespace):
        raise ApiError("AccessDeniedException", reason)


def _key(request: Record, context: Context) -> Key:
    return (context.account_id, context.region, *(str(request[name]) for name in KEY))


def _matching(records: Mapping[Key, Record], listed: str, request: Record, context: Context) -> list[Record]:
    """The caller's records that agree with what the request gives of the key, and with its list of ``listed``."""
    own = [record for key, record in sorted(records.items()) if key[:2] == (context.account_id, context.region)]
    return [
        record
        for record in own
        if all(request.get(name, record[name]) == record[name] for name in KEY)
        and record[listed] in request.get(f"{listed}s", [record[listed]])
    ]


def _page(name: str, found: list[Record], request: Record) -> Record:
    """One page; the token is the number of records before the next one."""
    token = str(request.get("NextToken", "0"))
    if not token.isdigit():
        raise ApiError("InvalidNextTokenException", "The next token is invalid")
    start, end = int(token), int(token) + request.get("MaxResults", PAGE)
    return {name: found[start:end], **({"NextToken": str(end)} if end < len(found) else {})}


def _named(request: Record) -> str:
    return ", ".join(f"{name}: {request[name]}" for name in KEY)


def _arn(service: str, context: Context) -> str:
    return f"arn:aws:{service}:{context.region}:{context.account_id}:"


def _service_role(context: Context) -> str:
    path = "aws-service-role/sagemaker.application-autoscaling.amazonaws.com"
    return f"arn:aws:iam::{context.account_id}:role/{path}/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
