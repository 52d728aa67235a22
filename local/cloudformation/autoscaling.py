"""``AWS::ApplicationAutoScaling::ScalableTarget`` and ``ScalingPolicy``.

Return values and replacement as on the types' pages of the CloudFormation Template Reference: Ref of a target is
``<resource id>|<dimension>|<namespace>``, Ref of a policy is its ARN.
"""

from __future__ import annotations

from local.cloudformation.resource import Made, Properties, ResourceType, client, request

SERVICE = "application-autoscaling"
KEY = ("ResourceId", "ScalableDimension", "ServiceNamespace")


def create_target(_logical_id: str, properties: Properties, _stack_name: str) -> Made:
    """Register a target, or change its limits: the API has one operation for both."""
    given = {**properties, "Tags": {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}}
    client(SERVICE).register_scalable_target(**request(SERVICE, "RegisterScalableTarget", given))
    identity = "|".join(str(properties[name]) for name in KEY)
    return identity, {"Id": identity}


def update_target(_physical_id: str, _old: Properties, new: Properties) -> Made:
    """Change a target's limits."""
    return create_target("", {name: value for name, value in new.items() if name != "Tags"}, "")


def delete_target(physical_id: str, _properties: Properties) -> None:
    """Deregister a target, and with it its policies."""
    try:
        client(SERVICE).deregister_scalable_target(**_split(physical_id))
    except client(SERVICE).exceptions.ObjectNotFoundException:
        return


def create_policy(_logical_id: str, properties: Properties, _stack_name: str) -> Made:
    """Put a policy on the target that the template names by its Ref or by its three parts."""
    given = {name: value for name, value in properties.items() if name != "ScalingTargetId"}
    if target := properties.get("ScalingTargetId"):
        given |= _split(str(target))
    arn = client(SERVICE).put_scaling_policy(**request(SERVICE, "PutScalingPolicy", given))["PolicyARN"]
    return arn, {"Arn": arn}


def update_policy(_physical_id: str, _old: Properties, new: Properties) -> Made:
    """Put it again: a policy is replaced by its name."""
    return create_policy("", new, "")


def delete_policy(physical_id: str, _properties: Properties) -> None:
    """Delete a policy by what its ARN says of it; one that went with its target is no error."""
    # arn:aws:autoscaling:<region>:<account>:scalingPolicy:<uuid>:resource/<namespace>/<resource id>:policyName/<name>
    resource, _, name = physical_id.partition(":resource/")[2].rpartition(":policyName/")
    namespace, _, resource_id = resource.partition("/")
    found = client(SERVICE).describe_scaling_policies(
        ServiceNamespace=namespace, ResourceId=resource_id, PolicyNames=[name]
    )["ScalingPolicies"]
    for policy in found:
        client(SERVICE).delete_scaling_policy(PolicyName=name, **{key: policy[key] for key in KEY})


def _split(target: str) -> dict[str, str]:
    return dict(zip(KEY, target.split("|"), strict=True))


SCALABLE_TARGET = ResourceType(
    "AWS::ApplicationAutoScaling::ScalableTarget", create_target, update_target, delete_target, KEY
)
SCALING_POLICY = ResourceType(
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    create_policy,
    update_policy,
    delete_policy,
    ("PolicyName", "ScalingTargetId", *KEY),
)
