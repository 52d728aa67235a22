"""The runs and versions of the pipeline as MLflow's client sees them: they say what lineage and route say."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.local.stack.client import Stack
from tests.local.stack.command import Command
from tests.local.stack.paint import coats, spoiled
from tests.local.stack.programs import Programs

pytestmark = pytest.mark.xdist_group("stack")
MODEL = "paint"


Client = Callable[..., Any]


@pytest.fixture
def client(stack: Stack, programs: Programs) -> Client:
    """Runs a program of this folder, with MLflow's client in it; what it has seen."""

    def run(*words: str, program: str = "registered") -> Any:
        return programs.ask(f"tests.local.stack.{program}", *words, **stack.signed)

    return run


def test_a_version_is_in_the_registry_and_its_run_is_logged(stack: Stack, client: Client) -> None:
    run = stack.upload(MODEL, "registered.csv", coats(300, 21))
    stack.succeed(run)
    champion = stack.release(MODEL)["route"]["champion"]

    seen = client(MODEL, run)

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


def test_a_rollback_takes_the_alias_with_it_at_once(stack: Stack, client: Client) -> None:
    runs = [stack.upload(MODEL, f"alias-{seed}.csv", coats(300, seed)) for seed in (22, 23)]
    stack.succeed(*runs)
    route = stack.release(MODEL)["route"]

    stack.moved(MODEL, "rollback")

    before = stack.release(MODEL)["route"]["champion"]
    assert before == route["previous"]
    assert client(MODEL, runs[0])["aliases"].get("champion", 0) == before


def test_what_is_the_pipeline_s_is_refused_and_the_rest_is_everybody_s(stack: Stack, client: Client) -> None:
    told = client("refused", MODEL, "none")

    assert all(each.startswith("PERMISSION_DENIED: ") for each in told), told
    assert f"such as {MODEL}-by-hand" in told[0]
    assert client("refused", MODEL, "none") == told


def test_a_run_that_failed_says_why(stack: Stack, client: Client) -> None:
    run = stack.upload(MODEL, "spoiled-again.csv", spoiled())
    assert stack.wait(run)["status"] == "FAILED"

    seen = client(MODEL, run)

    assert (seen["status"], seen["versions"], seen["metrics"]) == ("FAILED", [], {})
    assert "the paint is spoiled" in seen["tags"]["heirloom.failure"]


def test_a_run_that_somebody_stopped_is_killed(stack: Stack, client: Client) -> None:
    run = stack.upload(MODEL, "stopped.csv", coats(300, 24))
    execution = stack.execution(run)
    while execution is None:
        time.sleep(0.1)
        execution = stack.execution(run)

    stack.aws.client("stepfunctions").stop_execution(executionArn=execution["executionArn"])

    deadline = time.monotonic() + 30
    while (seen := client(MODEL, run))["status"] == "RUNNING":
        assert time.monotonic() < deadline, seen
    assert (seen["status"], seen["tags"]["heirloom.failure"]) == ("KILLED", "somebody aborted the run")


def test_what_was_deleted_is_cleared_away_and_its_name_is_free(stack: Stack, command: Command, client: Client) -> None:
    made = client("swept", program="deleted")
    prefix = f"experiments/{made['experiment']}/"

    report = command("run", "gc", "--older-than", "0", "--yes").report

    assert {made["run"], made["experiment"]} <= {each["id"] for each in report["removed"]}
    listed = stack.aws.client("s3").list_objects_v2(Bucket=stack.outputs["ArtifactBucket"], Prefix=prefix)
    assert listed.get("Contents", []) == []
    assert client("swept", program="deleted")["experiment"] != made["experiment"]
