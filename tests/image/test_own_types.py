"""A model that holds functions and classes of the project's own model.py is stored, found again, and served."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.embedded import free_port
from tests.image.programs import DATA, MODEL, make_project, prepare, serve, train

OWN = """
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import FunctionTransformer


def doubled(cells):
    return cells * 2


class Shifted(TransformerMixin, BaseEstimator):
    def fit(self, cells, labels=None):
        return self

    def transform(self, cells):
        return cells + 1
"""
STEPS = "columns, tree"


def test_serves_a_model_with_parts_of_its_own(tmp_path: Path) -> None:
    model = OWN + MODEL.replace(STEPS, "columns, FunctionTransformer(doubled), Shifted(), tree")
    job = train(prepare(tmp_path / "ml", make_project(tmp_path / "wine", model=model), DATA))
    assert job.reason == ""
    shutil.copytree(job.base / "model", tmp_path / "served" / "model")
    smoke = job.read("smoke.json")

    endpoint = serve(tmp_path / "served", free_port()).wait()

    try:
        assert endpoint.predict({"inputs": smoke["inputs"]}) == (200, {"predictions": smoke["predictions"]})
    finally:
        endpoint.stop()
