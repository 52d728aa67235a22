"""Which permissions a control plane operation needs, on what.

AWS page: "Actions, resources, and condition keys for Amazon SageMaker AI" (Service Authorization Reference). MiniStack
enforces IAM by a table of its own services, so a plug-in asks its evaluator itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.awsjson import ApiError, Context, Request
from local.sagemaker import emulator
from local.sagemaker.backend import arn

KINDS = {
    "TrainingJob": "training-job",
    "ModelPackageGroup": "model-package-group",
    "ModelPackage": "model-package",
    "EndpointConfig": "endpoint-config",
    "Endpoint": "endpoint",
    "Model": "model",
}
VERBS = ("Create", "Describe", "Update", "Delete", "Stop")
PASSED = {"iam:PassedToService": "sagemaker.amazonaws.com"}


def authorise(request: Request, context: Context) -> None:
    """Raise AccessDeniedException for the first permission that the caller lacks. Callers in the process have all."""
    if context.access_key_id is None:
        return
    for action, resource, conditions in needed(context.operation, request):
        if reason := emulator.denial(context.access_key_id, action, resource, conditions):
            raise ApiError("AccessDeniedException", reason)


def needed(operation: str, request: Request) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(action, resource, condition keys), the operation's own first."""
    resources = list(_resources(operation, request))
    tags = _tag_conditions(request)
    for resource in resources:
        yield f"sagemaker:{operation}", resource, tags
    if tags and operation.startswith("Create"):
        yield "sagemaker:AddTags", resources[0], tags
    for key in ("RoleArn", "ExecutionRoleArn"):
        if role := request.get(key):
            yield "iam:PassRole", role, PASSED


def _tag_conditions(request: Request) -> dict[str, Any]:
    """The condition keys of the tags that a request sets."""
    tags = request.get("Tags", [])
    if not tags:
        return {}
    return {**{f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in tags}, "aws:TagKeys": [t["Key"] for t in tags]}


def _resources(operation: str, request: Request) -> Iterator[str]:
    if "ResourceArn" in request:
        yield request["ResourceArn"]
        return
    noun = operation
    for verb in VERBS:
        noun = noun.removeprefix(verb)
    if noun == "EndpointWeightsAndCapacities":
        noun = "Endpoint"
    if noun not in KINDS:  # a List call: no resource
        yield "*"
        return
    if noun == "ModelPackage":
        yield _package(request)
    else:
        yield arn(KINDS[noun], request[f"{noun}Name"].rpartition("/")[2])
    if noun == "Endpoint" and "EndpointConfigName" in request:
        yield arn("endpoint-config", request["EndpointConfigName"])
    if operation == "CreateModelPackage" and "ModelPackageGroupName" in request:
        yield arn("model-package-group", request["ModelPackageGroupName"].rpartition("/")[2])


def _package(request: Request) -> str:
    """A version's number is not known before it is made: the policy has to allow the group's packages."""
    given = request.get("ModelPackageArn") or request.get("ModelPackageName")
    if given is None:
        return arn("model-package", f"{request.get('ModelPackageGroupName', '').rpartition('/')[2]}/*")
    return str(given) if given.startswith("arn:") else arn("model-package", given)
