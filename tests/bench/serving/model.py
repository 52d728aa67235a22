"""The model that every server serves, and the rows that it is asked for.

Trained by the image's own `train` on scikit-learn's built-in breast cancer data (Wolberg, Mangasarian, Street, Street:
Breast Cancer Wisconsin, 1995): its first 20 features, drawn again with noise to 20,000 rows, so that all 100 trees have
their 31 leaves. The peers get the very estimator that `train` stored.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer

from image.container import MODEL_FILE
from image.model_store import load
from image.project_code import ProjectCode
from tests.bench.serving.places import HERE, REPOSITORY
from tests.image.programs import prepare

ROWS = 20_000
FEATURES = 20
LARGE = 1000


class TrainingFailedError(Exception):
    """The image's `train` stored no model; the message is its reason, or its log."""


@dataclass(frozen=True)
class Model:
    """One fitted model, in ``folder`` in the formats that the servers load."""

    folder: Path
    rows: pd.DataFrame  # what is asked: LARGE rows that training has not seen
    chances: list[float]  # of ``benign``, by the estimator itself, one a row

    @property
    def base(self) -> Path:
        """What `train` left, as SageMaker lays out a container's /opt/ml."""
        return self.folder / "ml"

    @property
    def estimator(self) -> Path:
        """A joblib file."""
        return self.folder / "estimator.joblib"

    @property
    def nameless(self) -> Path:
        """The same without the names of its columns."""
        return self.folder / "nameless.joblib"


def make_model(image: Path, folder: Path) -> Model:
    """Train with the programs of ``image``, the bin folder of an environment with the image's packages.

    Raises TrainingFailedError.
    """
    shutil.rmtree(folder, ignore_errors=True)
    base = folder / "ml"
    job = prepare(base, HERE / "project", _rows(ROWS, seed=0).to_csv(index=False))
    run = subprocess.run(
        ["train"], check=False, env=environment(image, base), cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if run.returncode:
        raise TrainingFailedError(job.reason or run.stdout.decode())
    fitted = load(base / "model" / MODEL_FILE, ProjectCode(base / "model"))
    leaves = {tree.get_n_leaf_nodes() for (tree,) in fitted[-1]._predictors}
    assert leaves == {31}, leaves
    rows = _rows(LARGE, seed=1).drop(columns="benign")
    model = Model(folder, rows, _chances(fitted, rows))
    joblib.dump(fitted, model.estimator)
    # Who sends an array to an estimator that knows names gets a warning a request from scikit-learn, which costs time:
    # the peers that take arrays are spared it.
    del fitted[0].feature_names_in_
    joblib.dump(fitted, model.nameless)
    return model


def _chances(fitted: Any, rows: pd.DataFrame) -> list[float]:
    chances: list[float] = fitted.predict_proba(rows)[:, 1].tolist()
    return chances


def environment(image: Path, base: Path, **variables: str) -> dict[str, str]:
    """What a program of the image finds in its container, as image/Dockerfile sets it."""
    path = os.pathsep.join([str(REPOSITORY / "image" / "bin"), str(image), os.environ["PATH"]])
    code = os.pathsep.join([str(REPOSITORY / "functions"), str(REPOSITORY)])
    return {"PATH": path, "PYTHONPATH": code, "SAGEMAKER_BASE_DIR": str(base), "PYTHONUNBUFFERED": "1", **variables}


def _rows(count: int, seed: int) -> pd.DataFrame:
    """Rows of the data, drawn with replacement and moved by a tenth of each feature's deviation."""
    bunch = load_breast_cancer(as_frame=True)
    features = bunch.data.iloc[:, :FEATURES]
    generator = np.random.default_rng(seed)
    drawn = generator.integers(0, len(features), count)
    noise = generator.normal(0, 0.1, (count, FEATURES)) * features.std().to_numpy()
    moved = features.iloc[drawn].reset_index(drop=True) + noise
    # Six digits, as measured values have them: shorter than what a double prints.
    short: pd.DataFrame = moved.map(lambda value: float(f"{value:.6g}"))
    short = short.rename(columns=lambda name: name.replace(" ", "_"))
    return short.assign(benign=bunch.target.iloc[drawn].to_numpy() == 1)
