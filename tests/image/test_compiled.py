"""Which fitted pipelines are compiled, that they answer as scikit-learn does, and why others are not."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import ensemble, linear_model, naive_bayes, neighbors, neural_network, preprocessing, svm, tree
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline

from heirloom.core.dataset.schema import Schema
from image.compiled.model import read_model
from image.compiled.proof import Trained, compiled, rows_of
from image.predictor import TrainedModel
from image.project_code import ProjectCode
from image.served import SCIKIT_LEARN

CITIES = ["Basel", "Bern", "Brig", "Genf", "Chur"]
KINDS = {"distance": "number", "city": "category", "weekday": "number"}
NUMBERS = {"distance": "number", "weekday": "number"}


@pytest.fixture(autouse=True)
def _forget_projects() -> Iterator[None]:
    """Each project has a module called model: what one test imported must not answer another."""
    path = list(sys.path)
    yield
    sys.path[:] = path
    sys.modules.pop("model", None)


def table(rows: int = 400, missing: bool = True) -> pd.DataFrame:
    """Rows in which cells are missing, and which have a city that only the last of them have."""
    random = np.random.default_rng(7)
    distance = random.normal(500, 200, rows)
    city = random.choice(CITIES[:4], rows).astype(object)
    city[-20:-17] = CITIES[4]
    if missing:
        distance[random.random(rows) < 0.1] = np.nan
        city[random.random(rows) < 0.1] = np.nan
    weekday = random.integers(0, 7, rows).astype(float)
    return pd.DataFrame({"distance": distance, "city": pd.Series(city, dtype="str"), "weekday": weekday})


def labels(frame: pd.DataFrame, classes: int) -> pd.Series[Any]:
    """What depends on the rows; 0 classes: a quantity."""
    strength = frame["distance"].fillna(0).abs() / 300 + frame["weekday"] + (frame["city"] == "Bern") * 2
    if not classes:
        return strength
    return pd.Series((strength * 1.7).astype(int) % classes, dtype=object if classes > 2 else bool)


def verdict(
    folder: Path, estimator: Any, classes: int, kinds: dict[str, str] = KINDS, missing: bool = True, hook: str = ""
) -> dict[str, Any]:
    """What becomes of an estimator that is fitted on the first 300 rows and proven on 100."""
    (folder / "model.py").write_text(f"def train(frame, parameters):\n    pass\n\n\n{hook}")
    frame = table(missing=missing)[list(kinds)]
    target = labels(table(missing=missing), classes)
    named = tuple(sorted(target.unique().tolist())) if classes else ()
    seen = {"city": tuple(sorted(CITIES))} if "city" in kinds else {}
    schema = Schema("late", None, "classification" if classes else "regression", kinds, named, seen)
    estimator.fit(frame[:300], target[:300].astype(bool if classes == 2 else (int if classes else float)))
    model = TrainedModel(estimator, ProjectCode(folder), schema)
    held_out = frame[300:].reset_index(drop=True)
    trained = Trained(estimator, model, schema, held_out, model.answer(held_out), own_types=False)
    found = compiled(trained, folder)
    if found["path"] != SCIKIT_LEARN:
        answers = read_model(folder, schema).answer(rows_of(held_out))
        assert list(answers.values) == pytest.approx(list(trained.answers.values))
    return found


def columns(*steps: Any) -> Pipeline:
    """The city as a number, behind which all columns are numbers."""
    codes = preprocessing.OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2, min_frequency=3
    )
    return make_pipeline(make_column_transformer((codes, ["city"]), remainder="passthrough"), *steps)


TREES = [
    (ensemble.HistGradientBoostingClassifier, 2),
    (ensemble.HistGradientBoostingClassifier, 4),
    (ensemble.HistGradientBoostingRegressor, 0),
    (ensemble.RandomForestClassifier, 2),
    (ensemble.RandomForestClassifier, 4),
    (ensemble.RandomForestRegressor, 0),
    (ensemble.ExtraTreesClassifier, 2),
    (ensemble.ExtraTreesRegressor, 0),
    (tree.DecisionTreeClassifier, 4),
    (tree.DecisionTreeRegressor, 0),
]


@pytest.mark.parametrize(("kind", "classes"), TREES)
def test_compiles_trees_to_the_last_bits(tmp_path: Path, kind: type, classes: int) -> None:
    estimator = columns(kind(random_state=0, **({"n_estimators": 9} if "Forest" in kind.__name__ else {})))

    found = verdict(tmp_path, estimator, classes)

    assert found["path"] == "onnx", found["why"]
    assert found["largest_difference"] < 1e-12
    assert found["rows"] == 100


@pytest.mark.parametrize("loss", ["poisson", "absolute_error"])
def test_compiles_the_losses_of_histogram_boosting(tmp_path: Path, loss: str) -> None:
    found = verdict(tmp_path, columns(ensemble.HistGradientBoostingRegressor(loss=loss)), 0)

    assert (found["path"], found["largest_difference"] < 1e-12) == ("onnx", True), found["why"]


@pytest.mark.parametrize(
    ("kind", "classes"),
    [
        (ensemble.GradientBoostingClassifier, 2),
        (ensemble.GradientBoostingClassifier, 4),
        (ensemble.GradientBoostingRegressor, 0),
    ],
)
def test_compiles_gradient_boosting_behind_an_imputer(tmp_path: Path, kind: type, classes: int) -> None:
    found = verdict(tmp_path, columns(SimpleImputer(), kind(n_estimators=12, random_state=0)), classes)

    assert (found["path"], found["largest_difference"] < 1e-12) == ("onnx", True), found["why"]


@pytest.mark.parametrize(
    ("estimator", "classes"),
    [
        (linear_model.LogisticRegression(), 2),
        (linear_model.LogisticRegression(), 4),
        (linear_model.Ridge(), 0),
        (linear_model.LinearRegression(), 0),
        (linear_model.ElasticNet(), 0),
    ],
)
@pytest.mark.parametrize(
    "scaler",
    [
        preprocessing.StandardScaler(),
        preprocessing.MinMaxScaler(),
        preprocessing.MaxAbsScaler(),
        preprocessing.RobustScaler(with_centering=False),
    ],
    ids=lambda scaler: type(scaler).__name__,
)
@pytest.mark.filterwarnings("ignore:Found unknown categories")  # what scikit-learn says of a city of the test set
def test_compiles_linear_models_to_a_product(tmp_path: Path, estimator: Any, classes: int, scaler: Any) -> None:
    words = make_pipeline(
        SimpleImputer(strategy="most_frequent"), preprocessing.OneHotEncoder(handle_unknown="ignore", drop="first")
    )
    numbers = make_pipeline(SimpleImputer(strategy="median"), scaler)
    parts = make_column_transformer((numbers, ["weekday", "distance"]), (words, ["city"]))

    found = verdict(tmp_path, make_pipeline(parts, "passthrough", estimator), classes)

    assert (found["path"], found["largest_difference"] < 1e-12) == ("numpy", True), found["why"]
    assert not (tmp_path / "compiled" / "model.onnx").exists()


def test_scales_the_numbers_of_a_table(tmp_path: Path) -> None:
    found = verdict(tmp_path, columns(preprocessing.StandardScaler(), SimpleImputer(), linear_model.Ridge()), 0)

    assert "SimpleImputer" in found["why"]  # behind a scaler it is not compiled

    scaled = columns(preprocessing.StandardScaler(), ensemble.HistGradientBoostingRegressor())
    assert verdict(tmp_path, scaled, 0)["path"] == "onnx"


@pytest.mark.parametrize(
    ("estimator", "classes", "tolerated"),
    [
        (neural_network.MLPClassifier(hidden_layer_sizes=(5,), max_iter=3000, random_state=0), 2, 1e-6),
        (naive_bayes.GaussianNB(), 4, 1e-6),
        (neighbors.KNeighborsRegressor(), 0, 1e-6),
    ],
)
def test_asks_the_converter_for_other_estimators(
    tmp_path: Path, estimator: Any, classes: int, tolerated: float
) -> None:
    found = verdict(tmp_path, make_pipeline(preprocessing.StandardScaler(), estimator), classes, NUMBERS, missing=False)

    assert found["path"] == "onnx", found["why"]
    assert found["largest_difference"] <= tolerated


@pytest.mark.parametrize(
    ("estimator", "classes", "why"),
    [
        (columns(SimpleImputer(), svm.LinearSVC()), 2, "LinearSVC gives no probabilities"),
        (columns(preprocessing.FunctionTransformer(np.square), ensemble.HistGradientBoostingRegressor()), 0, "Python"),
        (columns(preprocessing.MinMaxScaler(clip=True), tree.DecisionTreeRegressor()), 0, "clip=True"),
        (
            columns(preprocessing.QuantileTransformer(n_quantiles=100), tree.DecisionTreeRegressor()),
            0,
            "QuantileTransformer has no",
        ),
        (columns(SimpleImputer(add_indicator=True), tree.DecisionTreeRegressor()), 0, "indicator"),
        (
            columns(ensemble.HistGradientBoostingRegressor(categorical_features=[0])),
            0,
            "trees that split sets of categories",
        ),
        (columns(ensemble.RandomForestClassifier(2)), 11, "a forest of 11 classes"),
        (
            columns(SimpleImputer(), ensemble.GradientBoostingClassifier(n_estimators=2, loss="exponential")),
            2,
            "the loss exponential",
        ),
        (
            columns(
                SimpleImputer(),
                ensemble.GradientBoostingRegressor(n_estimators=2, init=linear_model.LinearRegression()),
            ),
            0,
            "an estimator of its own",
        ),
    ],
)
def test_says_why_it_stays_with_scikit_learn(tmp_path: Path, estimator: Any, classes: int, why: str) -> None:
    found = verdict(tmp_path, estimator, classes)

    assert found["path"] == SCIKIT_LEARN
    assert why in found["why"]
    assert found["largest_difference"] is None
    assert not (tmp_path / "compiled").exists()


@pytest.mark.parametrize(
    "hook", ["def preprocess(frame):\n    return frame\n", "def predict(estimator, frame):\n    ...\n"]
)
def test_leaves_a_model_with_hooks_to_its_python(tmp_path: Path, hook: str) -> None:
    if "predict" in hook and "preprocess" not in hook:
        hook = "def predict(estimator, frame):\n    return estimator.predict(frame)\n"

    found = verdict(tmp_path, columns(ensemble.HistGradientBoostingClassifier()), 2, hook=hook)

    assert (found["path"], found["why"]) == (SCIKIT_LEARN, "model.py has a preprocess or predict hook, which is Python")


def test_refuses_what_answers_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("image.compiled.estimators._coefficients", lambda *_: {"coefficients": [[1.0, 2.0]]})

    found = verdict(tmp_path, make_pipeline(linear_model.Ridge()), 0, NUMBERS, missing=False)

    assert found["path"] == SCIKIT_LEARN
    assert "the compiled model's answer to test row" in found["why"]


def test_refuses_a_label_that_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"coefficients": [[9.0, -9.0]], "offsets": [0.0]}
    monkeypatch.setattr("image.compiled.estimators._coefficients", lambda *_: wrong)

    found = verdict(tmp_path, make_pipeline(linear_model.LogisticRegression()), 2, NUMBERS, missing=False)

    assert found["path"] == SCIKIT_LEARN
    assert "to test row" in found["why"]


def test_finds_out_whether_plain_arrays_do(tmp_path: Path) -> None:
    numbers = make_pipeline(preprocessing.StandardScaler(), ensemble.HistGradientBoostingClassifier())

    assert verdict(tmp_path, numbers, 2, NUMBERS)["arrays"]
    assert not verdict(tmp_path, columns(ensemble.HistGradientBoostingClassifier()), 2)["arrays"]
