"""What the batches of a deployment may read and write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.batch import MAP
from infra.build import build_layer
from infra.platform import HeirloomApp
from tests.infra.synthesis import Stacks, listed

WRITES = {"s3:PutObject", "s3:AbortMultipartUpload"}
STEPS = ("split_batch", "predict_part", "join_batch")


@pytest.fixture(scope="module")
def elsewhere(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Stacks:
    """A deployment whose batches may use the bucket `cellar`."""
    build_layer("aws")
    folder = tmp_path_factory.mktemp("elsewhere")
    context = {"target": "aws", "models": str(models), "batch_buckets": ["cellar"]}
    app = HeirloomApp(context=context, outdir=str(folder))
    app.synth()
    return Stacks(app, folder)


def written(stacks: Stacks, handler: str) -> str:
    """The resources that a step may write, as text."""
    role = stacks.functions()[handler]["Role"]["Fn::GetAtt"][0]
    return json.dumps([it["Resource"] for it in stacks.statements(role) if WRITES & set(listed(it["Action"]))])


@pytest.mark.parametrize("handler", STEPS)
def test_a_step_writes_below_batch_alone(aws: Stacks, handler: str) -> None:
    (resource,) = json.loads(written(aws, handler))

    assert resource["Fn::Join"][1][1] == "/batch/*"


@pytest.mark.parametrize("handler", STEPS)
def test_a_step_writes_where_the_deployment_lets_it(elsewhere: Stacks, handler: str) -> None:
    assert ":s3:::cellar/*" in written(elsewhere, handler)


def test_the_machine_runs_its_steps_and_itself(aws: Stacks) -> None:
    role = next(name for name in aws.resources("AWS::IAM::Role") if name.startswith("BatchRole"))

    assert {action for action in aws.actions(role) if action.startswith(("states:", "lambda:", "s3:"))} == {
        *("lambda:InvokeFunction", "s3:GetObject", "states:StartExecution"),
        *("states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"),
    }
    redriven = [it["Resource"] for it in aws.statements(role) if "states:RedriveExecution" in listed(it["Action"])]
    assert f"/{MAP}:*" in json.dumps(redriven)


def test_the_label_of_the_map_is_that_of_its_executions() -> None:
    definition = Path(__file__).parents[2] / "infra" / "workflows" / "batch.asl.json"

    assert json.loads(definition.read_text())["States"]["PredictParts"]["Label"] == MAP
