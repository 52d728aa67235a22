"""From an upload to a prediction, on the deployed stack."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.local.stack.client import Stack
from tests.local.stack.paint import REASONS, WRONG, coats, spoiled

pytestmark = pytest.mark.xdist_group("stack")
ROW = {"thickness": 0.2, "colour": "red"}


def answered(stack: Stack, model: str, row: dict[str, Any] = ROW) -> dict[str, Any]:
    status, answer = stack.predict(model, [row])
    assert status == 200, answer
    return dict(answer)


def test_answers_from_the_baseline_before_anything_was_trained(stack: Stack) -> None:
    answer = answered(stack, "varnish")

    assert (answer["model"], answer["version"]) == ("varnish", 0)
    assert answer["predictions"][0]["label"] == "yes"


def test_serves_what_was_uploaded(stack: Stack) -> None:
    run = stack.upload("paint", "coats.csv", coats(400))

    stack.succeed(run)

    answer = answered(stack, "paint")
    assert answer["version"] >= 1
    assert answer["predictions"][0]["label"] == "yes"
    assert 0.5 < answer["predictions"][0]["probability"] <= 1
    status, model = stack.call("GET", "/models/paint")
    assert status == 200
    assert model["champion"] == answer["version"]


@pytest.mark.parametrize("case", WRONG)
def test_moves_a_wrong_file_to_quarantine_with_its_reason(stack: Stack, case: str) -> None:
    before = answered(stack, "varnish")["version"]

    run = stack.upload("varnish", f"{case}.csv", WRONG[case])

    assert stack.wait(run)["status"] == "FAILED"
    assert REASONS[case] in json.dumps(stack.quarantined("varnish")[f"{case}.csv"])
    assert answered(stack, "varnish")["version"] == before


def test_leaves_what_serves_untouched_when_training_fails(stack: Stack) -> None:
    before = answered(stack, "varnish")["version"]

    execution = stack.wait(stack.upload("varnish", "spoiled.csv", spoiled()))

    assert execution["status"] == "FAILED"
    assert execution["error"] == "training"
    assert "the paint is spoiled" in execution["cause"]
    assert answered(stack, "varnish")["version"] == before


def test_runs_one_execution_for_an_event_that_comes_twice(stack: Stack) -> None:
    run = stack.upload("paint", "twice.csv", coats(100, seed=2))
    stack.wait(run)
    event = {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {
            "bucket": {"name": stack.outputs["DataBucket"]},
            "object": {"key": "paint/twice.csv", "size": 1, "version-id": newest(stack, "paint/twice.csv")},
        },
    }
    function = next(
        each["FunctionName"]
        for each in stack.aws.client("lambda").list_functions(MaxItems=50)["Functions"]
        if each["Handler"].endswith("start_pipeline.lambda_handler")
    )
    versions = stack.call("GET", "/models/paint")[1]["versions"]

    answer = stack.aws.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))

    assert "FunctionError" not in answer, answer["Payload"].read()
    assert stack.call("GET", "/models/paint")[1]["versions"] == versions


def test_two_uploads_to_one_model_at_once_leave_the_newer_version_serving(stack: Stack) -> None:
    runs = [stack.upload("paint", f"at-once-{seed}.csv", coats(200, seed)) for seed in (3, 4)]

    stack.succeed(*runs)

    model = stack.call("GET", "/models/paint")[1]
    assert model["champion"] == max(version["number"] for version in model["versions"])


def test_two_models_train_at_once(stack: Stack) -> None:
    runs = [stack.upload(model, "together.csv", coats(200, seed=5)) for model in ("paint", "varnish")]

    stack.succeed(*runs)


def newest(stack: Stack, key: str) -> str:
    head = stack.aws.client("s3").head_object(Bucket=stack.outputs["DataBucket"], Key=key)
    return str(head["VersionId"])
