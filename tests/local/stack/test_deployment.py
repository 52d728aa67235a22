"""`cdk deploy`, `cdk diff` and `cdk destroy` themselves, against the embedded AWS."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.connection import Connection
from tests.local.stack.client import Stack
from tests.local.stack.paint import coats

pytestmark = pytest.mark.xdist_group("stack")


def test_what_is_deployed_is_what_the_app_says(stack: Stack) -> None:
    assert stack.deployment.diff() is False


def test_destroy_leaves_nothing_but_the_data(stack: Stack, models: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "paint", tmp_path / "models" / "paint")
    context = {"prefix": "second", "models": str(tmp_path / "models")}
    second = replace(stack.deployment, state_dir=tmp_path, context=context)
    before = standing(stack.aws)
    outputs = second.deploy()["second"]
    deployed = Stack(stack.aws, outputs, second)
    assert deployed.wait(deployed.upload("paint", "coats.csv", coats(100)))["status"] == "SUCCEEDED"

    second.destroy()

    left = {kind: names - before[kind] for kind, names in standing(stack.aws).items() if names - before[kind]}
    assert left == {
        "buckets": {outputs["ArtifactBucket"], outputs["DataBucket"]},
        "tables": {outputs["LineageTable"], outputs["RoutesTable"]},
    }


def standing(aws: Connection) -> dict[str, set[str]]:
    """What there is in the account, by kind."""

    def names(service: str, operation: str, items: str, name: str | None = None) -> set[str]:
        pages: Any = aws.client(service).get_paginator(operation).paginate()
        found = [item for page in pages for item in page.get(items, [])]
        return {item if name is None else item[name] for item in found}

    return {
        "alarms": names("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
        "apis": names("apigatewayv2", "get_apis", "Items", "ApiId"),
        "buckets": names("s3", "list_buckets", "Buckets", "Name"),
        "endpoints": names("sagemaker", "list_endpoints", "Endpoints", "EndpointName"),
        "functions": names("lambda", "list_functions", "Functions", "FunctionName"),
        "machines": names("stepfunctions", "list_state_machines", "stateMachines", "name"),
        "queues": names("sqs", "list_queues", "QueueUrls"),
        "roles": names("iam", "list_roles", "Roles", "RoleName"),
        "rules": names("events", "list_rules", "Rules", "Name"),
        "tables": names("dynamodb", "list_tables", "TableNames"),
    }
