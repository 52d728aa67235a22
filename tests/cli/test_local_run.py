"""`heirloom run local`: the image's own training on this machine, without any AWS, kept whatever comes of it."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from cli.kept import KeptRuns
from heirloom.adapters.project_folder import bundle
from tests.cli.conftest import Run
from tests.image.programs import DATA, MODEL, make_project


@pytest.fixture
def data(workspace: Path) -> Path:
    file = workspace / "wines.csv"
    file.write_text(DATA)
    return file


def test_trains_as_sagemaker_would_and_keeps_all_of_it_for_later(cli: Run, workspace: Path, data: Path) -> None:
    folder = make_project(workspace / "models" / "wine")

    told = cli("run", "local", "models/wine", "--data", data, "--set", "depth=3", "--name", "deeper", "--json")

    assert told.code == 0, told.err
    (kept,) = KeptRuns(workspace).all()
    assert (kept.record.experiment, kept.record.name, kept.record.status) == ("wine", "deeper", "FINISHED")
    assert kept.record.params == {"depth": "3", "pause": "0.0", "seed": "3"}
    assert kept.record.metrics["accuracy"] > kept.record.metrics["baseline.accuracy"]
    assert kept.record.metrics["train_seconds"] > 0
    assert kept.record.tags["heirloom.where"] == "local"
    assert kept.record.tags["heirloom.code"] == bundle(folder, workspace / "packed.tar.gz")
    assert kept.record.inputs[0]["dataset"]["profile"] == '{"num_rows": 50}'
    assert json.loads(kept.artifacts["environment.json"].read_text())["run_id"] == kept.id
    with tarfile.open(kept.artifacts["model.tar.gz"]) as packed:
        assert {"model.skops", "model.yaml", "model.py", "baseline.py"} <= set(packed.getnames())
    assert "[heirloom] trained in" in kept.log.read_text()
    assert told.document["run"] == kept.id
    assert (told.document["tracked"], told.document["synced"]) == (None, {})
    assert "no AWS credentials" in told.document["waits"]


def test_keeps_a_training_that_failed_with_its_reason(cli: Run, workspace: Path, data: Path) -> None:
    make_project(workspace / "models" / "wine", model=MODEL.replace("max_depth=", "max_dept="))

    told = cli("run", "local", "wine", "--data", data)

    assert told.code == 1
    (kept,) = KeptRuns(workspace).all()
    assert (kept.record.status, kept.record.metrics) == ("FAILED", {})
    assert "max_dept" in kept.record.tags["heirloom.failure"]
    assert f"run {kept.id} failed" in told.out
    assert "later: heirloom run sync" in told.err
    assert "TypeError" in kept.log.read_text()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["models/wine", "--set", "dept=3"], "did you mean depth?"),
        (["models/wine", "--set", "depth"], "expected PARAMETER=VALUE"),
        (["models/wine", "--set", "depth=1", "--set", "depth=2"], "expected each parameter once"),
        (["models/vine"], "expected a model project's folder"),
    ],
)
def test_refuses_before_it_trains(cli: Run, workspace: Path, data: Path, words: list[str], why: str) -> None:
    make_project(workspace / "models" / "wine")

    told = cli("run", "local", *words, "--data", data)

    assert told.code == 2
    assert why in told.err
    assert KeptRuns(workspace).all() == []


def test_refuses_a_project_that_check_would_refuse(cli: Run, workspace: Path, data: Path) -> None:
    make_project(workspace / "models" / "wine", label="best", model="import nothing_like_it\n")

    told = cli("run", "local", "wine", "--data", data)

    assert told.code == 2
    assert "model.py" in told.err


def test_asks_for_data_where_no_stack_has_any(cli: Run, workspace: Path) -> None:
    make_project(workspace / "models" / "wine")

    told = cli("run", "local", "wine")

    assert told.code == 2
    assert "--data FILE.csv" in told.err
