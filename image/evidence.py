"""What a training run leaves behind beside its model: how good it is, on what it learnt, in which environment.

Written into the model's folder and into the run's output, so that either archive alone tells the whole story.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import pandas as pd

from heirloom.core.dataset.schema import Schema

_PACKAGES = ("numpy", "onnxruntime", "pandas", "scikit-learn", "scipy", "skops", "joblib", "threadpoolctl")
_BINS = 20
_MOST_CATEGORIES = 100


def profile(features: pd.DataFrame, labels: pd.Series[Any], schema: Schema) -> dict[str, Any]:
    """A histogram of each feature and of the label, to compare later requests with.

    Numbers: bins of about equal counts between ``edges``, the first and the last open. Categories: the counts of the
    most frequent, the rest as ``other``. Texts: the same as numbers, of their lengths in characters.
    """
    columns = {name: _histogram(features[name], kind) for name, kind in schema.features.items()}
    label = _histogram(labels, "number" if schema.task == "regression" else "category")
    return {"rows": len(features), "features": columns, "label": {"name": schema.label, **label}}


def environment(seed: int, parameters: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, Any]:
    """What it takes to train the same model again."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: found for name in _PACKAGES if (found := _version(name)) is not None},
        "git_commit": variables.get("HEIRLOOM_GIT_COMMIT"),
        "model": variables.get("HEIRLOOM_MODEL"),
        "run_id": variables.get("HEIRLOOM_RUN_ID"),
        "dataset_id": variables.get("HEIRLOOM_DATASET_ID"),
        "seed": seed,
        "parameters": dict(parameters),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _histogram(column: pd.Series[Any], kind: str) -> dict[str, Any]:
    present = column.dropna()
    missing = len(column) - len(present)
    if kind == "category":
        return {"type": kind, "missing": missing, **_categories(present)}
    numbers = present.str.len() if kind == "text" else present
    return {"type": kind, "missing": missing, **_bins(numbers.to_numpy(dtype="float64"))}


def _categories(present: pd.Series[Any]) -> dict[str, Any]:
    counts = present.astype(str).value_counts()
    most = counts.iloc[:_MOST_CATEGORIES]
    named = {str(name): int(count) for name, count in most.items()}
    return {"distinct": len(counts), "counts": named, "other": int(counts.sum() - most.sum())}


def _bins(numbers: np.ndarray[Any, Any]) -> dict[str, Any]:
    if not len(numbers):
        return {"edges": [], "counts": [0]}
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, _BINS + 1))[1:-1])
    counts = np.bincount(np.searchsorted(edges, numbers, side="left"), minlength=len(edges) + 1)
    extent = {"least": numbers.min(), "most": numbers.max(), "mean": numbers.mean(), "deviation": numbers.std()}
    return {"edges": edges.tolist(), "counts": counts.tolist(), **{name: float(of) for name, of in extent.items()}}
