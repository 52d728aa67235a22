"""One process for local and cloud runs: the same training here and by the stack, in one list of runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from heirloom.core.run.upload import PARAMETERS
from tests.embedded import free_port, wait_for
from tests.local.stack.client import Stack
from tests.local.stack.command import Command, Ran
from tests.local.stack.paint import coats, spoiled
from tests.local.stack.programs import Programs

pytestmark = pytest.mark.xdist_group("stack")
MODEL = "paint"
OWN_TAGS = {"heirloom.run", "mlflow.runName"}
"""Of each run its own, wherever it ran."""


@pytest.fixture(autouse=True)
def laptop(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of the test's own, with the deployed projects in it."""
    (tmp_path / "models").symlink_to(models)
    (tmp_path / "coats.csv").write_bytes(coats(400, seed=11))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def without_network(monkeypatch: pytest.MonkeyPatch, command: Command, *words: object) -> Ran:
    """`heirloom`, with credentials and with nobody who answers."""
    with monkeypatch.context() as away:
        away.delenv("HEIRLOOM_LOCAL")
        away.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        away.setenv("AWS_SECRET_ACCESS_KEY", "none")
        away.setenv("AWS_REGION", "us-east-1")
        away.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
        return command(*words)


Listed = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def listed(stack: Stack, programs: Programs) -> Listed:
    """The runs of the model that bear this name or id, as MLflow's client finds them."""

    def find(name: str) -> list[dict[str, Any]]:
        return list(programs.ask("tests.local.stack.logged_runs", MODEL, name, **stack.signed))

    return find


def test_a_run_without_network_appears_whole_and_once_after_sync(
    stack: Stack, command: Command, listed: Listed, laptop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["run", "local", f"models/{MODEL}", "--data", "coats.csv", "--set", "strength=2", "--name", "on a train"]
    told = without_network(monkeypatch, command, *words)
    assert told.code == 0, told.err
    kept = told.report
    assert (kept["status"], kept["tracked"], kept["synced"]) == ("FINISHED", None, {})
    assert "Could not connect" in kept["waits"]
    assert without_network(monkeypatch, command, "run", "sync").code == 1
    assert [run["run"] for run in command("run", "sync", "--dry-run").report["would_send"]] == [kept["run"]]

    (sent,) = command("run", "sync").report["runs"]

    (run,) = listed("on a train")
    assert (run["id"], run["status"]) == (sent["tracked"], "FINISHED")
    assert run["params"] == kept["params"] == {"strength": "2.0", "seed": "0"}
    assert run["metrics"] == kept["metrics"]
    assert set(run["points"].values()) == {1}
    assert run["tags"] == {**kept["tags"], "mlflow.runName": "on a train"}
    assert run["tags"]["heirloom.where"] == "local"
    assert run["inputs"][0]["name"] == "coats.csv"
    assert run["inputs"][0]["tags"] == {"mlflow.data.context": "training"}
    assert {"metrics.json", "environment.json", "project.json", "model.tar.gz"} <= set(run["artifacts"])
    assert run["project"]["name"] == MODEL
    assert (run["ended_at"] - run["started_at"]) > 0
    assert command("run", "sync").report == {"runs": []}
    assert listed("on a train") == [run]


def test_two_syncs_at_once_send_each_run_once(
    stack: Stack, command: Command, listed: Listed, laptop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = ["run", "local", MODEL, "--data", "coats.csv", "--name", "in a tunnel"]
    for _ in range(2):
        assert without_network(monkeypatch, command, *train).code == 0
    (laptop / "spoiled.csv").write_bytes(spoiled())
    failed = without_network(
        monkeypatch, command, "run", "local", MODEL, "--data", "spoiled.csv", "--name", "in a tunnel"
    )
    assert failed.code == 1

    sync = [sys.executable, "-m", "cli", "run", "sync", "--json"]
    both = [subprocess.Popen(sync, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) for _ in range(2)]
    answers = [json.loads(each.communicate(timeout=120)[0]) for each in both]

    assert sorted(len(answer["runs"]) for answer in answers) == [0, 3]
    runs = listed("in a tunnel")
    assert sorted(run["status"] for run in runs) == ["FAILED", "FINISHED", "FINISHED"]
    (without,) = [run for run in runs if run["status"] == "FAILED"]
    assert without["tags"]["heirloom.failure"] == failed.report["reason"]


def test_with_a_network_it_is_there_at_once(stack: Stack, command: Command, listed: Listed, laptop: Path) -> None:
    told = command("run", "local", MODEL, "--data", "coats.csv")

    assert told.code == 0, told.err
    (run,) = listed(told.report["run"])
    assert run["id"] == told.report["tracked"]
    assert command("run", "sync").report == {"runs": []}


def test_learns_from_what_the_newest_run_learnt_from_where_no_file_is_named(stack: Stack, command: Command) -> None:
    stack.succeed(stack.upload(MODEL, "newest.csv", coats(300, seed=12)))

    told = command("run", "local", MODEL)

    assert told.code == 0, told.err
    newest = stack.aws.client("s3").head_object(Bucket=stack.outputs["DataBucket"], Key=f"{MODEL}/newest.csv")
    assert newest["ContentLength"] == len(coats(300, seed=12))
    assert told.report["metrics"]["train_rows"] + told.report["metrics"]["test_rows"] == 300


def test_the_cloud_trains_with_the_parameters_that_were_set(stack: Stack, command: Command) -> None:
    first = command("run", "cloud", f"models/{MODEL}", "--data", "coats.csv", "--wait")
    again = command("run", "cloud", MODEL, "--set", "strength=3", "--wait")

    assert (first.code, again.code) == (0, 0), again.err
    jobs = [
        stack.aws.client("sagemaker").describe_training_job(TrainingJobName=told.report["run"]["id"])
        for told in (first, again)
    ]
    assert [job["HyperParameters"] for job in jobs] == [{"strength": "1.0"}, {"strength": "3"}]
    assert again.report["upload"]["key"] == first.report["upload"]["key"]
    assert again.report["dataset"]["id"] == first.report["dataset"]["id"]


def test_the_cloud_refuses_parameters_that_somebody_else_sent_wrong(stack: Stack) -> None:
    key, bucket = f"{MODEL}/wrong-parameters.csv", stack.outputs["DataBucket"]

    stack.aws.client("s3").put_object(
        Bucket=bucket, Key=key, Body=coats(100), Metadata={PARAMETERS: '{"strenght": "2"}'}
    )

    refused = wait_for(lambda: stack.quarantined(MODEL).get("wrong-parameters.csv"), 60)
    assert "did you mean strength?" in refused["reason"]


def test_the_cloud_trains_what_is_deployed_and_says_so(
    stack: Stack, command: Command, laptop: Path, models: Path
) -> None:
    (laptop / MODEL).mkdir()
    for file in (models / MODEL).glob("*.*"):
        (laptop / MODEL / file.name).write_bytes(file.read_bytes())
    (laptop / MODEL / "baseline.py").write_text("def predict(frame):\n    return 'no'\n")

    refused = command("run", "cloud", laptop / MODEL, "--data", "coats.csv")
    unknown = command("run", "cloud", MODEL, "--data", "coats.csv", "--set", "strenght=2", "--deployed")

    assert refused.code == 1
    assert "differs from what is deployed" in refused.err
    assert unknown.code == 2
    assert "did you mean strength?" in unknown.err


def test_the_same_training_here_and_there_differs_by_a_tag(
    stack: Stack, command: Command, listed: Listed, laptop: Path
) -> None:
    here = command("run", "local", MODEL, "--data", "coats.csv", "--set", "strength=0.5")
    there = command("run", "cloud", MODEL, "--data", "coats.csv", "--set", "strength=0.5", "--wait")

    assert (here.code, there.code) == (0, 0), there.err
    (local,) = listed(here.report["run"])
    (cloud,) = listed(there.report["run"]["id"])
    for part in ("status", "params", "artifacts", "project"):
        assert local[part] == cloud[part]
    assert _without(local["metrics"], "train_seconds") == _without(cloud["metrics"], "train_seconds")
    assert [_without(each, "source") for each in local["inputs"]] == [
        _without(each, "source") for each in cloud["inputs"]
    ]
    different = {name for name in local["tags"] | cloud["tags"] if local["tags"].get(name) != cloud["tags"].get(name)}
    assert different - OWN_TAGS == {"heirloom.where", "heirloom.host", "mlflow.user"}
    assert (local["tags"]["heirloom.where"], cloud["tags"]["heirloom.where"]) == ("local", "cloud")


def _without(told: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in told.items() if key != name}
