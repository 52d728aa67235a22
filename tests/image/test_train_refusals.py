"""Why a training job fails: each reason, asked of the program's own function, without a process for each."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sklearn.metrics
import sklearn.utils

from heirloom.core.errors import HeirloomError
from heirloom.core.project.metrics import METRICS
from image.container import Container
from image.train import run
from tests.image.programs import DATA, MODEL, Job, make_project, prepare

NUMBERS = DATA.replace("true", "1.5").replace("false", "2.5")
FIT = "    return make_pipeline(columns, tree).fit"


@pytest.fixture(autouse=True)
def _forget_projects() -> Iterator[None]:
    """Each project has a module called model: what one test imported must not answer another."""
    path = list(sys.path)
    yield
    sys.path[:] = path
    for name in ("model", "baseline"):
        sys.modules.pop(name, None)


def attempt(job: Job) -> str:
    """The reason for which the job fails, "" when it does not."""
    try:
        run(Container(job.base, {}))
    except HeirloomError as problem:
        return str(problem)
    return ""


def test_trusts_types_that_the_project_itself_defines(tmp_path: Path) -> None:
    own = """\
class Same(TransformerMixin, BaseEstimator):
    def fit(self, rows, labels=None):
        return self

    def transform(self, rows):
        return rows


def train"""
    model = MODEL.replace("def train", own).replace("make_pipeline(columns", "make_pipeline(Same(), columns")
    model = f"from sklearn.base import BaseEstimator, TransformerMixin\n{model}"

    assert attempt(prepare(tmp_path / "ml", make_project(tmp_path / "wine", model=model), DATA)) == ""


@pytest.mark.parametrize(
    ("module", "estimator"),
    [
        ("ensemble", "HistGradientBoostingClassifier(categorical_features=[0, 1], max_iter=2)"),
        ("ensemble", "RandomForestClassifier(n_estimators=2)"),
        ("ensemble", "GradientBoostingClassifier(n_estimators=2)"),
        ("linear_model", "LogisticRegressionCV(cv=2, scoring='accuracy', l1_ratios=(0,), use_legacy_attributes=False)"),
        ("svm", "SVC()"),
        ("neighbors", "KNeighborsClassifier()"),
        ("naive_bayes", "GaussianNB()"),
        ("neural_network", "MLPClassifier([4], max_iter=3, tol=100, n_iter_no_change=1)"),
        ("model_selection", "FixedThresholdClassifier(DecisionTreeClassifier(), threshold=0.9)"),
        ("model_selection", "GridSearchCV(DecisionTreeClassifier(), {'max_depth': [1, 2]}, cv=2)"),
    ],
)
def test_stores_what_scikit_learn_offers(tmp_path: Path, module: str, estimator: str) -> None:
    model = f"from sklearn.{module} import {estimator.partition('(')[0]}\n{MODEL}"
    model = model.replace('DecisionTreeClassifier(max_depth=params["depth"])', estimator)

    assert attempt(prepare(tmp_path / "ml", make_project(tmp_path / "wine", model=model), DATA)) == ""


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (
            FIT,
            f"    from fractions import Fraction\n    columns.x = Fraction(1)\n{FIT}",
            "the model holds types that are not trusted: fractions.Fraction. Use scikit-learn's own, or define them",
        ),
        (
            FIT,
            f"    columns.x = lambda cell: cell\n{FIT}",
            "the model holds types that are not trusted: model.<lambda>. Use scikit-learn's own",
        ),
        (FIT, f"    columns.x = (place for place in [])\n{FIT}", "the model can't be stored with skops: "),
        (
            "    columns =",
            "    return None\n    columns =",
            "model.py: expected train to return an estimator with predict, got NoneType",
        ),
        ("def train", "def fit", "model.py: expected a function train, got a file without it"),
        (
            "    columns =",
            "    return 1 / 0\n    columns =",
            "model.py: train failed: ZeroDivisionError: division by zero",
        ),
        (
            "def train",
            "def predict(estimator, frame):\n    return [True]\n\n\ndef train",
            "model.py: expected an answer for each of 10 rows, got the shape (1,)",
        ),
        (
            "def train",
            "calls = []\n\n\ndef predict(estimator, frame):\n    calls.append(1)\n"
            "    return [len(calls) % 2 == 0] * len(frame)\n\n\ndef train",
            "the stored model answers {'label': ",
        ),
    ],
)
def test_blames_the_model(tmp_path: Path, old: str, new: str, reason: str) -> None:
    model = MODEL.replace(old, new).replace("max_depth", "random_state=0, max_depth")

    assert reason in attempt(prepare(tmp_path / "ml", make_project(tmp_path / "wine", model=model), DATA))


@pytest.mark.parametrize(
    ("baseline", "reason"),
    [
        ("    return [1]", "baseline.py: expected an answer for each of 10 rows, got the shape (1,)"),
        ("    return ['x'] * len(frame)", "baseline.py: expected answers among False, True, got 'x'"),
        (
            "    import nothing_at_all",
            "baseline.py: predict failed: ModuleNotFoundError: No module named 'nothing_at_all'",
        ),
    ],
)
def test_blames_the_baseline(tmp_path: Path, baseline: str, reason: str) -> None:
    project = make_project(tmp_path / "wine", baseline=f"def predict(frame):\n{baseline}\n")

    assert reason in attempt(prepare(tmp_path / "ml", project, DATA))


def test_blames_answers_that_are_no_numbers(tmp_path: Path) -> None:
    model = MODEL.replace("DecisionTreeClassifier(", "DecisionTreeRegressor(")
    project = make_project(
        tmp_path / "wine", model=model, metric="r2", baseline="def predict(frame):\n    return ['x'] * len(frame)\n"
    )

    assert "baseline.py: expected a number for each row, got" in attempt(prepare(tmp_path / "ml", project, NUMBERS))


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        ("f1", "objective.metric f1 can't score these labels"),
        (
            "precision",
            "a metric of one class takes true, or 1, for it; for other labels choose one such as precision_macro",
        ),
    ],
)
def test_refuses_a_metric_of_one_class_for_labels_that_name_none(tmp_path: Path, metric: str, reason: str) -> None:
    baseline = "def predict(frame):\n    return ['good'] * len(frame)\n"
    project = make_project(tmp_path / "wine", baseline=baseline, metric=metric)
    data = DATA.replace("true", "good").replace("false", "bad")

    assert reason in attempt(prepare(tmp_path / "ml", project, data))


def test_refuses_a_metric_of_probabilities_for_a_model_without(tmp_path: Path) -> None:
    model = f"from sklearn.svm import LinearSVC\n{MODEL}".replace(
        "DecisionTreeClassifier(max_depth=params['depth'])", "x"
    )
    model = model.replace('DecisionTreeClassifier(max_depth=params["depth"])', "LinearSVC()")
    project = make_project(tmp_path / "wine", model=model, metric="neg_log_loss")

    assert "objective.metric neg_log_loss is undefined on the test set" in attempt(
        prepare(tmp_path / "ml", project, DATA)
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (DATA.replace("good\n", "god\n"), "header: expected a column good (did you mean god?)"),
        (f"{DATA}far,red,true\n", "line 52, column acid: expected a number, got 'far'"),
    ],
)
def test_checks_data_that_no_pipeline_checked(tmp_path: Path, data: str, reason: str) -> None:
    assert reason in attempt(prepare(tmp_path / "ml", make_project(tmp_path / "wine"), data))


def test_refuses_a_project_that_is_wrong(tmp_path: Path) -> None:
    project = make_project(tmp_path / "wine", data="test_fraction: 0.9")

    assert "data.test_fraction: expected the share" in attempt(prepare(tmp_path / "ml", project, DATA))


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

    assert attempt(job) == reason


@pytest.mark.parametrize("requirement", ["pandas", "pandas>=1", "no-such-package-anywhere @ file:///nowhere.whl"])
def test_installs_only_what_the_image_has_not(tmp_path: Path, requirement: str) -> None:
    project = make_project(tmp_path / "wine")
    (project / "requirements.txt").write_text(f"{requirement}\n")

    reason = attempt(prepare(tmp_path / "ml", project, DATA))

    assert reason.startswith("requirements.txt can't be installed: ERROR") == ("file:" in requirement)


def test_knows_every_scorer_of_scikit_learn() -> None:
    """The names stand in core, which imports no scikit-learn; this compares them with the installed version's."""
    clusters = {"completeness", "fowlkes_mallows", "homogeneity", "v_measure", "rand", "mutual_info"}
    names = {
        name
        for name in sklearn.metrics.get_scorer_names()
        if not any(name.removeprefix("adjusted_").removeprefix("normalized_").startswith(c) for c in clusters)
    }

    assert METRICS["classification"] | METRICS["regression"] == names


def test_leaves_scikit_learn_as_it_was_after_storing_a_model(tmp_path: Path) -> None:
    attempt(prepare(tmp_path / "ml", make_project(tmp_path / "wine"), DATA))

    assert len(sklearn.utils.all_estimators()) > 100
