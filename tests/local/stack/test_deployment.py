"""`cdk deploy`, `cdk diff` and `cdk destroy` themselves, against the embedded AWS."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.embedded import standing
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
    made = second.deploy()
    outputs, kept = made["second"], made["second-data"]
    deployed = Stack(stack.aws, outputs, second)
    assert deployed.wait(deployed.upload("paint", "coats.csv", coats(100)))["status"] == "SUCCEEDED"

    second.destroy()

    left = {kind: names - before[kind] for kind, names in standing(stack.aws).items() if names - before[kind]}
    assert left == {
        "buckets": {outputs["ArtifactBucket"], outputs["DataBucket"]},
        "pools": {outputs["UserPool"]},
        "tables": {kept[f"Exportseconddata{name}Name"] for name in ("Lineage", "Routes", "Predictions", "Tracking")},
    }
