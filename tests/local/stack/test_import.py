"""`heirloom import` on the deployed stack: from a real MLflow server, and from a repository with DVC."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.cli.dvc_repository import made
from tests.embedded import free_port, wait_for
from tests.local.stack.client import Stack
from tests.local.stack.command import Command
from tests.local.stack.programs import ROOT, Programs, variables

pytestmark = [pytest.mark.xdist_group("stack"), pytest.mark.filterwarnings("ignore")]  # MLflow's, in this process
CONTENT = "tests.mlflow_content"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, programs: Programs) -> Iterator[str]:
    """The URL of an `mlflow server` that somebody has worked with."""
    folder, port = tmp_path_factory.mktemp("mlflow"), free_port()
    url = f"http://127.0.0.1:{port}"
    words = ["server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    stores = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "files")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *words, *stores],
            cwd=folder,
            env=variables(MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false"),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_for(lambda: healthy(url), 120)
            programs.run(CONTENT, "fill", url)
            yield url
        finally:
            os.killpg(process.pid, signal.SIGTERM)  # its workers, too
            process.wait(30)


def healthy(url: str) -> bool:
    try:
        with urlopen(f"{url}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_an_import_from_a_server_that_is_killed_comes_once(
    stack: Stack, command: Command, programs: Programs, server: str
) -> None:
    prefix = ("--prefix", "moved-")
    killed = subprocess.Popen(
        [sys.executable, "-m", "cli", "import", "mlflow", server, "--deleted", *prefix],
        cwd=ROOT,
        env=variables(HEIRLOOM_STATE_DIR=str(stack.deployment.state_dir), HEIRLOOM_LOCAL="1"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: len(imported(stack, "moved-coats")) >= 4, 120)
    finally:
        killed.kill()
        killed.wait()
    before = len(imported(stack, "moved-coats"))

    ran = command("import", "mlflow", server, "--deleted", *prefix)
    again = command("import", "mlflow", server, "--deleted", *prefix)

    assert (ran.code, ran.report["failures"]) == (0, [])
    assert before >= 4
    kinds = ("experiments", "runs", "logged_models", "registered_models", "versions")
    assert {kind: again.report[kind] for kind in kinds} == {
        "experiments": {"imported": 0, "unchanged": 2, "failed": 0},
        "runs": {"imported": 0, "unchanged": 10, "failed": 0},
        "logged_models": {"imported": 0, "unchanged": 4, "failed": 0},
        "registered_models": {"imported": 0, "unchanged": 3, "failed": 0},
        "versions": {"imported": 0, "unchanged": 4, "failed": 0},
    }
    here = programs.ask(CONTENT, "tell", stack.signed["MLFLOW_TRACKING_URI"], "moved-", **stack.signed)
    assert here == programs.ask(CONTENT, "tell", server)


def test_the_history_of_a_repository_with_dvc(stack: Stack, command: Command, tmp_path: Path) -> None:
    repository = made(tmp_path / "forest")

    ran = command("import", "dvc", repository.folder)
    again = command("import", "dvc", repository.folder)

    assert (ran.code, ran.report["runs"]) == (0, {"imported": 3, "unchanged": 0, "failed": 0})
    assert again.report["runs"] == {"imported": 0, "unchanged": 3, "failed": 0}
    runs = imported(stack, "forest")
    s3, place = stack.aws.client("s3"), runs[0]["info"]["artifact_uri"].removeprefix("s3://")
    bucket, _, prefix = place.partition("/")
    kept = {
        each["Key"].removeprefix(f"{prefix}/") for each in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    }
    assert {"dvc.yaml", "dvc.lock", "params.yaml", "metrics.json"} <= kept


def imported(stack: Stack, experiment: str) -> list[Any]:
    """The runs of an experiment of this name, deleted ones too; none where there is none."""
    base = "/api/2.0/mlflow"
    status, found = stack.call("GET", f"{base}/experiments/get-by-name?experiment_name={experiment}")
    if status != 200:
        return []
    body = {"experiment_ids": [found["experiment"]["experiment_id"]], "run_view_type": "ALL"}
    return list(stack.call("POST", f"{base}/runs/search", body)[1].get("runs", []))
