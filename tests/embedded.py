"""What tests of the embedded AWS share: a port, names of their own, what is standing, roles, images, and patience."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from local.connection import Connection


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def unique(stem: str) -> str:
    """A name that no other test has."""
    return f"{stem}-{uuid4().hex[:12]}"


def wait_for(what: Callable[[], Any], seconds: float = 30) -> Any:
    """The first true value of ``what()``; fails the test when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, f"nothing within {seconds} s"
        time.sleep(0.05)
    return found


def policy(*statements: Mapping[str, Any]) -> str:
    """A policy document of these statements, as IAM takes it."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def make_role(aws: Connection, name: str, services: list[str], *statements: Mapping[str, Any]) -> str:
    """A role that these services (``lambda``, ``sagemaker``, ..) may assume, and that may do this; its ARN."""
    iam, principals = aws.client("iam"), [f"{service}.amazonaws.com" for service in services]
    trust = {"Effect": "Allow", "Principal": {"Service": principals}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="grants", PolicyDocument=policy(*statements))
    return str(role["Arn"])


def add_image(state_dir: Path, uri: str, *folders: Path, **environment: str) -> str:
    """Tell the embedded SageMaker in which folders an image has its programs; other images stay known. The URI."""
    known = state_dir / "images.json"
    images = json.loads(known.read_text()) if known.exists() else {}
    images[uri] = {"path": [str(folder) for folder in folders], "environment": environment}
    scratch = known.with_suffix(".new")  # replaced at once: the emulator reads the file whenever it wants
    scratch.write_text(json.dumps(images))
    scratch.replace(known)
    return uri


def write_program(file: Path, text: str) -> None:
    """An executable file."""
    file.write_text(text)
    file.chmod(0o755)


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
        "endpoint_configs": names("sagemaker", "list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
        "endpoints": names("sagemaker", "list_endpoints", "Endpoints", "EndpointName"),
        "functions": names("lambda", "list_functions", "Functions", "FunctionName"),
        "machines": names("stepfunctions", "list_state_machines", "stateMachines", "name"),
        "models": names("sagemaker", "list_models", "Models", "ModelName"),
        "pools": {it["Id"] for it in aws.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]},
        "queues": names("sqs", "list_queues", "QueueUrls"),
        "roles": names("iam", "list_roles", "Roles", "RoleName"),
        "rules": names("events", "list_rules", "Rules", "Name"),
        "tables": names("dynamodb", "list_tables", "TableNames"),
    }
