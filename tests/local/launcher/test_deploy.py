"""The CDK CLI against the embedded AWS, with an app that is a few lines of JSON, and so quick."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from heirloom.core.errors import Unavailable
from local.connection import Connection
from local.deploy import IMAGE, Deployment

# What an app leaves for the CLI: https://github.com/aws/aws-cdk-cli, @aws-cdk/cloud-assembly-schema.
APP = """
import json, os, pathlib
out = pathlib.Path(os.environ["CDK_OUTDIR"])
where = f"aws://{os.environ['CDK_DEFAULT_ACCOUNT']}/{os.environ['CDK_DEFAULT_REGION']}"
stack = {"type": "aws:cloudformation:stack", "environment": where, "properties": {"templateFile": "tiny.json"}}
(out / "manifest.json").write_text(json.dumps({"version": "36.0.0", "artifacts": {"tiny": stack}}))
context = json.loads(os.environ["CDK_CONTEXT_JSON"])
parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": context["value"]}}
output = {"Value": {"Fn::GetAtt": ["Parameter", "Value"]}}
template = {"Resources": {"Parameter": parameter}, "Outputs": {"Target": {"Value": context["target"]}, "Value": output}}
(out / "tiny.json").write_text(json.dumps(template))
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "cdk.json").write_text(json.dumps({"app": "python3 app.py"}))
    return tmp_path


def test_deploys_compares_and_destroys(aws: Connection, state_dir: Path, repository: Path) -> None:
    lines: list[str] = []
    deployment = Deployment(aws, repository, state_dir, lines.append, {"value": "one"})

    outputs = deployment.deploy()

    assert outputs == {"tiny": {"Target": "local", "Value": "one"}}
    assert json.loads((state_dir / "outputs.json").read_text()) == outputs
    assert any(re.search("tiny .*CREATE_COMPLETE", line) for line in lines)
    assert not deployment.diff()
    assert Deployment(aws, repository, state_dir, lines.append, {"value": "two"}).diff()

    lines.clear()
    deployment.deploy()

    assert not any("bootstrap" in line.lower() for line in lines)

    deployment.destroy()

    whole = aws.client("cloudformation").list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"]
    assert {stack["StackName"] for stack in whole} & {"tiny", "CDKToolkit"} == {"CDKToolkit"}


@pytest.mark.parametrize("act", [Deployment.deploy, Deployment.diff])
def test_repeats_the_last_lines_of_what_failed(aws: Connection, state_dir: Path, repository: Path, act: object) -> None:
    (repository / "app.py").write_text("raise SystemExit('models/wine/model.yaml:7: objective.metric: expected ...')")

    with pytest.raises(Unavailable, match=r"cdk \w+ failed with status 1:[\s\S]*wine/model.yaml:7: objective"):
        act(Deployment(aws, repository, state_dir, lambda _line: None))


def test_tells_sagemaker_where_the_image_is_and_keeps_other_images(aws: Connection, tmp_path: Path) -> None:
    (tmp_path / "images.json").write_text('{"other:1": {"path": ["/other"], "environment": {}}}')

    Deployment(aws, Path("/here"), tmp_path, print).register_image()

    assert json.loads((tmp_path / "images.json").read_text()) == {
        "other:1": {"path": ["/other"], "environment": {}},
        IMAGE: {"path": ["/here/image/bin"], "environment": {}},
    }
