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
_FEWEST_ROWS = 20
"""Rows of a category that is sure to be in any other sample of this size, too."""
_MOST_RARE, _LONGEST_RARE = 1000, 20_000


def profile(features: pd.DataFrame, labels: pd.Series[Any], schema: Schema) -> dict[str, Any]:
    """A histogram of each feature and of the label, to compare later requests with; image/reference.py adds to it.

    Numbers: bins of about equal counts between ``edges``, the first and the last open. Texts: the same, of their
    lengths in characters. Categories: the counts of the most frequent, ``other`` for the rest.

    Where some categories are rare, or too many to be named, one half of the rows says which are named and the other
    half is counted: on the same rows, those would be named that chance made frequent, and later seem to become rarer.
    ``rare`` are the ones that the first half knows and does not name (None for too many), counted as ``other``;
    ``unseen`` is how many rows of the second half it does not know.
    """
    columns = {name: _histogram(features[name], kind) for name, kind in schema.features.items()}
    label = _histogram(labels, "number") if schema.task == "regression" else _named(labels, labels.astype(str))
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
    if kind == "category":
        return _categories(column)
    present = column.dropna()
    numbers = present.str.len() if kind == "text" else present
    return {"type": kind, "missing": len(column) - len(present), **_bins(numbers.to_numpy(dtype="float64"))}


def _categories(column: pd.Series[Any]) -> dict[str, Any]:
    present = column.dropna().astype(str)
    counts = present.value_counts()
    if len(counts) <= _MOST_CATEGORIES and (counts >= _FEWEST_ROWS).all():
        return _named(column, present)
    chosen = np.random.default_rng(0).permutation(len(column)) < len(column) / 2
    known = column[chosen].dropna().astype(str).value_counts()
    names = known.index[known >= _FEWEST_ROWS / 2][:_MOST_CATEGORIES]
    counted = column[~chosen]
    found = _named(counted, counted.dropna().astype(str), names)
    rare = [str(name) for name in known.index.difference(names)]
    few = len(rare) <= _MOST_RARE and sum(map(len, rare)) <= _LONGEST_RARE
    unseen = int((~counted.dropna().astype(str).isin(known.index)).sum()) if few else 0
    return {
        **found,
        "distinct": len(counts),
        "other": found["other"] - unseen,
        "unseen": unseen,
        "rare": rare if few else None,
    }


def _named(column: pd.Series[Any], present: pd.Series[Any], names: pd.Index[Any] | None = None) -> dict[str, Any]:
    """The counts of these categories or, without, of the most frequent."""
    counts = present.value_counts()
    most = counts.iloc[:_MOST_CATEGORIES] if names is None else counts.reindex(names, fill_value=0)
    named = {str(name): int(count) for name, count in most.items()}
    other = len(present) - sum(named.values())
    missing = len(column) - len(present)
    return {"type": "category", "missing": missing, "distinct": len(counts), "counts": named, "other": other}


def _bins(numbers: np.ndarray[Any, Any]) -> dict[str, Any]:
    if not len(numbers):
        return {"edges": [], "counts": [0]}
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, _BINS + 1))[1:-1])
    counts = np.bincount(np.searchsorted(edges, numbers, side="left"), minlength=len(edges) + 1)
    extent = {"least": numbers.min(), "most": numbers.max(), "mean": numbers.mean(), "deviation": numbers.std()}
    return {"edges": edges.tolist(), "counts": counts.tolist(), **{name: float(of) for name, of in extent.items()}}
