"""A dashboard of a template: AWS::CloudWatch::Dashboard in the CloudFormation Template Reference.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-dashboard.html: the body
is text that may hold references, Ref is the name, another name replaces it. MiniStack's own type does all of it.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.connection import Connection
from tests.embedded import unique
from tests.local.cloudformation.conftest import Stack, Template


def dashboard(name: str, title: str) -> Template:
    widget = {"type": "metric", "width": 8, "height": 6, "x": 0, "y": 0, "properties": {"title": title}}
    before, after = json.dumps({"start": "-P1D", "widgets": [widget]}).split(f'"{title}"')
    body = {"Fn::Join": ["", [before, '"', title, " in ", {"Ref": "AWS::Region"}, '"', after]]}
    return {
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {"DashboardName": name, "DashboardBody": body},
        }
    }


def body_of(aws: Connection, name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(aws.client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"])
    return body


def test_is_made_changed_and_deleted_with_its_stack(aws: Connection, stack: Stack) -> None:
    name = unique("dashboard")

    outputs = stack.create(dashboard(name, "Accuracy"), Name={"Ref": "Dashboard"})

    assert outputs["Name"] == name
    assert body_of(aws, name)["widgets"][0]["properties"]["title"] == "Accuracy in us-east-1"

    stack.update(dashboard(name, "Latency"))

    assert body_of(aws, name)["widgets"][0]["properties"]["title"] == "Latency in us-east-1"

    stack.delete()

    with pytest.raises(ClientError, match="does not exist"):
        body_of(aws, name)


def test_of_another_name_takes_the_place_of_the_first(aws: Connection, stack: Stack) -> None:
    first, second = unique("dashboard"), unique("dashboard")
    stack.create(dashboard(first, "Accuracy"))

    stack.update(dashboard(second, "Accuracy"))

    assert body_of(aws, second)["start"] == "-P1D"
    with pytest.raises(ClientError, match="does not exist"):
        body_of(aws, first)
