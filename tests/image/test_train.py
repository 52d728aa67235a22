"""The program `train`, as SageMaker runs it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.image.programs import DATA, MODEL, MODELS, Job, make_project, prepare, start_training, train

# The trained models and the endpoints of conftest.py are made once a worker: one worker is enough.
pytestmark = pytest.mark.xdist_group("image")

FILES = {"compiled.json", "environment.json", "metrics.json", "profile.json", "schema.json", "smoke.json"}


def test_leaves_the_model_the_project_and_the_evidence(flights: Job) -> None:
    assert (flights.code, flights.reason) == (0, "")
    project = {"baseline.py", "make_data.py", "model.py", "model.yaml"}
    assert {file.name for file in (flights.base / "model").iterdir()} == FILES | project | {"compiled", "model.skops"}
    assert {file.name for file in (flights.base / "output/data").iterdir()} == FILES


def test_scores_model_and_baseline_on_the_same_held_out_rows(flights: Job) -> None:
    metrics = flights.read("metrics.json")

    assert (metrics["train_rows"], metrics["test_rows"]) == (2400, 600)
    assert set(metrics["test"]) == {"precision", "accuracy", "log_loss", "roc_auc"}
    assert set(metrics["baseline"]) == {"precision", "accuracy"}
    assert 0.5 < metrics["test"]["accuracy"] < 1
    score = metrics["test"]["precision"]
    assert metrics["objective"] == {"metric": "precision", "at_least": 0.85, "score": score, "met": score >= 0.85}


def test_tells_its_scores_in_lines_that_a_metric_definition_reads(flights: Job) -> None:
    assert "[heirloom] metric test:precision=0." in flights.log
    assert "[heirloom] metric baseline:accuracy=0." in flights.log


def test_says_what_it_takes_to_train_the_same_again(flights: Job) -> None:
    found = flights.read("environment.json")

    assert (found["model"], found["run_id"], found["git_commit"], found["seed"]) == (
        "flight-delay",
        "run-1",
        "abc123",
        2013,
    )
    assert found["dataset_id"] is None
    assert {"pandas", "scikit-learn", "skops", "numpy"} <= found["packages"].keys()
    assert found["parameters"]["learning_rate"] == 0.05
    assert found["train_seconds"] > 0


def test_keeps_a_histogram_of_each_feature(flights: Job) -> None:
    profile = flights.read("profile.json")

    assert profile["rows"] == 2400
    origins, delays = profile["features"]["origin"], profile["features"]["departure_delay"]
    assert sum(origins["counts"].values()) + origins["other"] + origins["missing"] == 2400
    assert sum(delays["counts"]) + delays["missing"] == 2400
    assert len(delays["counts"]) == len(delays["edges"]) + 1
    assert set(profile["label"]["counts"]) == {"False", "True"}


def test_keeps_what_drift_is_judged_by(flights: Job) -> None:
    profile = flights.read("profile.json")
    columns = profile["features"]

    assert sum(profile["answers"].values()) == 600
    assert max(columns, key=lambda name: columns[name]["importance"]) == "departure_delay"
    assert sum(column["importance"] for column in columns.values()) == pytest.approx(1)
    assert columns["weekday"]["usual"] > 1 > columns["origin"]["usual"]
    assert profile["label"]["usual"] >= 0


def test_compiles_the_model_and_says_that_it_answers_the_same(flights: Job) -> None:
    found = flights.read("compiled.json")

    assert (found["path"], found["rows"], found["arrays"]) == ("onnx", 600, False)
    assert found["largest_difference"] < 1e-12
    assert set(found["microseconds"]) == {"compiled", "scikit-learn"}
    assert "[heirloom] served by onnx: the same answers as scikit-learn to all 600 test rows" in flights.log


def test_remembers_the_categories_of_the_file(flights: Job) -> None:
    schema = flights.read("schema.json")

    assert schema["unseen"] == "accept"
    assert schema["features"][0]["name"] == "carrier"
    assert {"UA", "AA"} <= set(schema["features"][0]["categories"])
    assert schema["features"][3] == {"name": "distance", "type": "number"}


def test_records_rows_of_the_test_set_with_the_stored_models_answers(flights: Job) -> None:
    smoke = flights.read("smoke.json")

    assert len(smoke["inputs"]) == len(smoke["predictions"]) == 20
    assert list(smoke["inputs"][0])[:3] == ["carrier", "origin", "dest"]
    assert set(smoke["predictions"][0]) == {"label", "probability"}


def test_trains_another_kind_of_project_all_the_same(tmp_path: Path) -> None:
    """A regression on texts, with a preprocess hook, parameters from the job and no time to split by."""
    project = MODELS / "artwork-year"
    subprocess.run(
        [sys.executable, str(project / "make_data.py"), str(tmp_path / "data.csv"), "--rows", "800"], check=True
    )
    hyperparameters = {"alpha": "2", "sagemaker_region": '"us-east-1"'}

    job = train(prepare(tmp_path / "ml", project, (tmp_path / "data.csv").read_text(), hyperparameters))

    assert (job.code, job.reason) == (0, "")
    assert job.read("environment.json")["parameters"] == {"alpha": 2.0, "min_works": 2}
    metrics = job.read("metrics.json")
    assert metrics["test"]["mae"] == -metrics["test"]["neg_mean_absolute_error"] < metrics["baseline"]["mae"]
    assert metrics["baseline"]["accuracy"] < metrics["test"]["accuracy"] < 1, "within the tolerance of model.yaml"
    assert job.read("schema.json")["classes"] == []
    assert job.read("profile.json")["features"]["title"]["type"] == "text"
    assert set(job.read("smoke.json")["predictions"][0]) == {"value"}
    assert job.read("compiled.json")["path"] == "scikit-learn"
    assert "hook" in job.read("compiled.json")["why"]


def test_trains_the_same_model_twice(tmp_path: Path, wine: Job) -> None:
    again = train(prepare(tmp_path / "ml", make_project(tmp_path / "wine"), DATA))

    for name in ("metrics.json", "smoke.json", "profile.json", "schema.json"):
        assert again.read(name) == wine.read(name)


def test_uses_the_hooks_and_the_metric_of_the_project(tmp_path: Path) -> None:
    model = """\
import numpy as np
from sklearn.base import BaseEstimator


class Threshold(BaseEstimator):
    def fit(self, frame, labels):
        self.least_ = float(frame["acid"][labels].min())
        return self


def preprocess(frame):
    return frame.assign(acid=frame["acid"] * 10)


def train(frame, params):
    assert frame["acid"].max() > 400
    return Threshold().fit(frame, frame["good"])


def predict(estimator, frame):
    return np.where(frame["acid"] >= estimator.least_, True, False)


def money(y_true, y_pred):
    return 100 * (y_true == y_pred).sum()
"""
    project = make_project(tmp_path / "wine", model=model, metric="money", data="task: classification")

    job = train(prepare(tmp_path / "ml", project, DATA))

    assert (job.code, job.reason) == (0, "")
    assert job.read("metrics.json")["objective"]["score"] >= 900
    assert job.read("smoke.json")["predictions"][0]["probability"] is None


def test_fails_with_the_reason_and_the_line_of_the_project(tmp_path: Path) -> None:
    project = make_project(tmp_path / "wine", model=MODEL.replace('frame["good"])', 'frame["god"])'))

    job = train(prepare(tmp_path / "ml", project, DATA))

    assert job.code == 1
    assert job.reason.startswith(
        "model.py: train failed: KeyError: 'god'\n  model.py:10 in train: return make_pipeline"
    )
    assert job.reason in job.log


def test_fails_with_the_reason_before_the_slow_imports(tmp_path: Path) -> None:
    job = prepare(tmp_path / "ml", make_project(tmp_path / "wine"), DATA, {"dept": "3"})
    started = time.monotonic()

    train(job)

    assert job.code == 1
    assert job.reason.startswith(
        "hyperparameter dept: expected one of training.parameters in model.yaml, which are depth"
    )
    assert time.monotonic() - started < 5


def test_stops_within_seconds_in_the_midst_of_a_fit(tmp_path: Path) -> None:
    slow = MODEL.replace(
        "    columns =", "    import time\n    print('fitting', flush=True)\n    time.sleep(60)\n    columns ="
    )
    process = start_training(prepare(tmp_path / "ml", make_project(tmp_path / "wine", model=slow), DATA))
    assert process.stdout is not None
    assert any("fitting" in line for line in iter(process.stdout.readline, ""))
    started = time.monotonic()

    process.send_signal(signal.SIGTERM)

    assert "stopped by SIGTERM" in process.communicate(timeout=10)[0]
    assert process.returncode == 128 + signal.SIGTERM
    assert time.monotonic() - started < 3
