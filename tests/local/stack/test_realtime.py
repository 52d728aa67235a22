"""From a serverless endpoint to instances that follow the calls: a change of model.yaml, deployed and released."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.local.stack.client import Stack
from tests.local.stack.paint import coats

pytestmark = pytest.mark.xdist_group("stack")
REALTIME = "serving: {form: realtime, max_instances: 3, invocations_per_instance: 500, scale_in: false}\n"


def test_the_route_goes_over_to_instances_which_scale(stack: Stack, models: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models" / "paint"
    shutil.copytree(models / "paint", folder)
    moving = replace(stack.deployment, state_dir=tmp_path, context={"prefix": "third", "models": str(folder.parent)})
    third = Stack(stack.aws, moving.deploy()["third"], moving)
    serverless = third.release("paint")["route"]["ready"]["0"]

    description = folder / "model.yaml"
    description.write_text(description.read_text().partition("serving:")[0] + REALTIME)
    moving.deploy()
    assert third.wait(third.upload("paint", "coats.csv", coats(100)))["status"] == "SUCCEEDED"

    ready = third.release("paint")["route"]["ready"]
    status, answer = third.predict("paint", [{"thickness": 0.2, "colour": "red"}])
    endpoints = [it["EndpointName"] for it in stack.aws.client("sagemaker").list_endpoints()["Endpoints"]]
    scaling = stack.aws.client("application-autoscaling")
    policies = {
        policy["ResourceId"]: policy["TargetTrackingScalingPolicyConfiguration"]
        for policy in scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    }
    assert serverless == "third-paint-v0"
    assert ready["0"].startswith("third-paint-v0-")
    assert (status, answer["version"]) == (200, 1)
    assert serverless not in endpoints
    for name in ready.values():
        tracking = policies[f"endpoint/{name}/variant/AllTraffic"]
        assert (tracking["TargetValue"], tracking["DisableScaleIn"]) == (500, True)

    moving.destroy()

    found = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert not [it for it in found if "third-paint" in it["ResourceId"]]
