"""The program `train`, as SageMaker runs it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.image.programs import DATA, MODEL, MODELS, Job, make_project, prepare, start_training, train

FILES = {"environment.json", "metrics.json", "profile.json", "schema.json", "smoke.json"}


def test_leaves_the_model_the_project_and_the_evidence(flights: Job) -> None:
    assert (flights.code, flights.reason) == (0, "")
    project = {"baseline.py", "make_data.py", "model.py", "model.yaml"}
    assert {file.name for file in (flights.base / "model").iterdir()} == FILES | project | {"model.skops"}
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


def test_keeps_a_histogram_of_each_feature(flights: Job) -> None:
    profile = flights.read("profile.json")

    assert profile["rows"] == 2400
    carriers, delays = profile["features"]["carrier"], profile["features"]["departure_delay"]
    assert sum(carriers["counts"].values()) + carriers["other"] + carriers["missing"] == 2400
    assert sum(delays["counts"]) + delays["missing"] == 2400
    assert len(delays["counts"]) == len(delays["edges"]) + 1
    assert set(profile["label"]["counts"]) == {"False", "True"}


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
    assert job.read("schema.json")["classes"] == []
    assert job.read("profile.json")["features"]["title"]["type"] == "text"
    assert set(job.read("smoke.json")["predictions"][0]) == {"value"}


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


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"model": MODEL.replace('frame["good"])', 'frame["god"])')},
            "model.py: train failed: KeyError: 'god'\n  model.py:10 in train: return make_pipeline(columns, tree)",
        ),
        (
            {
                "model": f"from fractions import Fraction\n{MODEL}".replace(
                    "    return make", "    columns.x = Fraction(1)\n    return make"
                )
            },
            "the model holds types that are not trusted: fractions.Fraction. Use scikit-learn's own, or define them",
        ),
        (
            {"model": MODEL.replace("def train", "def fit")},
            "model.py: expected a function train, got a file without it",
        ),
        (
            {"baseline": "def predict(frame):\n    return [1]\n"},
            "baseline.py: expected an answer for each of 10 rows, got",
        ),
        (
            {"baseline": "def predict(frame):\n    return ['x'] * len(frame)\n"},
            "expected answers among False, True, got 'x'",
        ),
        ({"baseline": "import nothing_at_all\n"}, "baseline.py: can't be imported: ModuleNotFoundError"),
        ({"data": "test_fraction: 0.9"}, "data.test_fraction: expected the share of the rows held out"),
    ],
)
def test_fails_with_a_reason_that_names_what_to_mend(tmp_path: Path, change: dict[str, str], reason: str) -> None:
    job = train(prepare(tmp_path / "ml", make_project(tmp_path / "wine", **change), DATA))

    assert job.code == 1
    assert reason in job.reason
    assert job.reason.splitlines()[0] in job.log


def test_trusts_types_that_the_project_itself_defines(tmp_path: Path) -> None:
    own = "from sklearn.base import BaseEstimator, TransformerMixin\n" + MODEL.replace(
        "def train",
        "class Same(TransformerMixin, BaseEstimator):\n"
        "    def fit(self, rows, labels=None):\n        return self\n\n"
        "    def transform(self, rows):\n        return rows\n\n\ndef train",
    ).replace("make_pipeline(columns", "make_pipeline(Same(), columns")

    job = train(prepare(tmp_path / "ml", make_project(tmp_path / "wine", model=own), DATA))

    assert (job.code, job.reason) == (0, "")


def test_refuses_a_metric_that_needs_a_positive_class_for_labels_without_one(tmp_path: Path) -> None:
    data = DATA.replace("true", "good").replace("false", "bad")
    project = make_project(
        tmp_path / "wine", baseline="def predict(frame):\n    return ['good'] * len(frame)\n", metric="f1"
    )

    job = train(prepare(tmp_path / "ml", project, data))

    assert "objective.metric f1 can't score these labels" in job.reason
    assert "choose one such as precision_macro" in job.reason


@pytest.mark.parametrize(
    ("data", "hyperparameters", "reason"),
    [
        (
            DATA,
            {"dept": "3"},
            "hyperparameter dept: expected one of training.parameters in model.yaml, which are depth",
        ),
        (DATA.replace("good\n", "god\n"), {}, "header: expected a column good (did you mean god?)"),
        (DATA + "far,red,true\n", {}, "line 52, column acid: expected a number, got 'far'"),
    ],
)
def test_refuses_wrong_input_before_it_trains(
    tmp_path: Path, data: str, hyperparameters: dict[str, str], reason: str
) -> None:
    job = train(prepare(tmp_path / "ml", make_project(tmp_path / "wine"), data, hyperparameters))

    assert job.code == 1
    assert reason in job.reason


@pytest.mark.parametrize(
    ("channel", "reason"),
    [
        ("code", "channel code: expected one project.tar.gz, got none"),
        ("data", "channel data: expected one CSV file, got none"),
    ],
)
def test_names_the_channel_that_holds_nothing(tmp_path: Path, channel: str, reason: str) -> None:
    job = prepare(tmp_path / "ml", make_project(tmp_path / "wine"), DATA)
    for file in (job.base / "input/data" / channel).iterdir():
        file.unlink()

    assert train(job).reason == reason


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
