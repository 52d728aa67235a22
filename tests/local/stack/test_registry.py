"""The runs and versions of the pipeline as MLflow's client sees them: they say what lineage and route say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.local.stack.client import Stack
from tests.local.stack.command import Command
from tests.local.stack.paint import coats, spoiled

pytestmark = pytest.mark.xdist_group("stack")
ROOT = Path(__file__).parents[3]
MODEL = "paint"


def client(stack: Stack, *arguments: str, program: str = "registered") -> Any:
    """What a program of this folder, with MLflow's client in it, has seen."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MLFLOW_"))}
    uri = stack.aws.api_url(stack.outputs["ApiId"])
    mlflow = {"MLFLOW_TRACKING_URI": uri, "MLFLOW_TRACKING_AWS_SIGV4": "true", "GIT_PYTHON_REFRESH": "quiet"}
    ran = subprocess.run(
        [sys.executable, "-m", f"tests.local.stack.{program}", *arguments],
        cwd=ROOT,
        env={**kept, **stack.aws.environment(), **mlflow},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-4000:]
    return json.loads(ran.stdout.splitlines()[-1])


def test_a_version_is_in_the_registry_and_its_run_is_logged(stack: Stack) -> None:
    run = stack.upload(MODEL, "registered.csv", coats(300, 21))
    stack.succeed(run)
    champion = stack.release(MODEL)["route"]["champion"]

    seen = client(stack, MODEL, run)

    assert (seen["status"], seen["versions"]) == ("FINISHED", [str(champion)])
    assert seen["params"].keys() >= {"seed"}
    assert seen["metrics"].keys() >= {"train_rows", "test_rows", "objective_met", "train_seconds"}
    assert seen["tags"].items() >= {"heirloom.where": "cloud", "heirloom.run": run}.items()
    assert seen["dataset"] == ["registered.csv"]
    assert {"metrics.json", "profile.json", "project.json", "model.tar.gz"} <= set(seen["artifacts"])
    assert seen["version"]["tags"].items() >= {"heirloom.run": run}.items()
    assert set(seen["version"]["files"]) == set(seen["artifacts"])
    assert seen["aliases"]["champion"] == champion
    assert "champion" in seen["of versions"][str(champion)]


def test_a_rollback_takes_the_alias_with_it_at_once(stack: Stack) -> None:
    runs = [stack.upload(MODEL, f"alias-{seed}.csv", coats(300, seed)) for seed in (22, 23)]
    stack.succeed(*runs)
    route = stack.release(MODEL)["route"]

    stack.moved(MODEL, "rollback")

    before = stack.release(MODEL)["route"]["champion"]
    assert before == route["previous"]
    assert client(stack, MODEL, runs[0])["aliases"].get("champion", 0) == before


def test_what_is_the_pipeline_s_is_refused_and_the_rest_is_everybody_s(stack: Stack) -> None:
    told = client(stack, "refused", MODEL, "none")

    assert all(each.startswith("PERMISSION_DENIED: ") for each in told), told
    assert f"such as {MODEL}-by-hand" in told[0]
    assert client(stack, "refused", MODEL, "none") == told


def test_a_run_that_failed_says_why(stack: Stack) -> None:
    run = stack.upload(MODEL, "spoiled-again.csv", spoiled())
    assert stack.wait(run)["status"] == "FAILED"

    seen = client(stack, MODEL, run)

    assert (seen["status"], seen["versions"], seen["metrics"]) == ("FAILED", [], {})
    assert "the paint is spoiled" in seen["tags"]["heirloom.failure"]


def test_a_run_that_somebody_stopped_is_killed(stack: Stack) -> None:
    run = stack.upload(MODEL, "stopped.csv", coats(300, 24))
    execution = stack.execution(run)
    while execution is None:
        time.sleep(0.1)
        execution = stack.execution(run)

    stack.aws.client("stepfunctions").stop_execution(executionArn=execution["executionArn"])

    deadline = time.monotonic() + 30
    while (seen := client(stack, MODEL, run))["status"] == "RUNNING":
        assert time.monotonic() < deadline, seen
    assert (seen["status"], seen["tags"]["heirloom.failure"]) == ("KILLED", "somebody aborted the run")


def test_what_was_deleted_is_cleared_away_and_its_name_is_free(stack: Stack, command: Command) -> None:
    made = client(stack, "swept", program="deleted")
    prefix = f"experiments/{made['experiment']}/"

    report = command("run", "gc", "--older-than", "0", "--yes").report

    assert {made["run"], made["experiment"]} <= {each["id"] for each in report["removed"]}
    listed = stack.aws.client("s3").list_objects_v2(Bucket=stack.outputs["ArtifactBucket"], Prefix=prefix)
    assert listed.get("Contents", []) == []
    assert client(stack, "swept", program="deleted")["experiment"] != made["experiment"]
