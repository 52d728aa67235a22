"""Rows as pandas frames: training rows from a CSV and request rows from plain values, with the same dtypes.

A number is a float64, NaN where missing. A category is a str, NaN where missing. A text is a str, empty where missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from heirloom.core.dataset.cells import MISSING, time_order
from heirloom.core.dataset.schema import Schema


@dataclass(frozen=True)
class Rows:
    """Labelled rows: ``features`` and ``labels`` share one index; ``times`` is None where the schema has no time."""

    features: pd.DataFrame
    labels: pd.Series[Any]
    times: Sequence[float] | None

    def at(self, places: npt.NDArray[np.intp]) -> Rows:
        """These rows, numbered anew."""
        times = None if self.times is None else [self.times[place] for place in places]
        features = self.features.iloc[places].reset_index(drop=True)
        return Rows(features, self.labels.iloc[places].reset_index(drop=True), times)


def read_rows(file: Path, schema: Schema) -> Rows:
    """The rows of a checked CSV that have a label, in the file's order."""
    columns = list(dict.fromkeys([*schema.features, schema.label, *([schema.time] if schema.time else [])]))
    numbers = {name for name, kind in schema.features.items() if kind == "number"}
    raw = pd.read_csv(
        file,
        usecols=columns,
        dtype={name: "float64" if name in numbers else "str" for name in columns},
        na_values={name: list(MISSING) if name in numbers else [""] for name in schema.features},
        keep_default_na=False,
        encoding="utf-8-sig",
    )
    labels = _labels(raw[schema.label], schema)
    labelled = labels.notna()
    rows = raw[labelled].reset_index(drop=True)
    times = time_order(rows[schema.time].astype(str).tolist()) if schema.time else None
    labels = labels[labelled].reset_index(drop=True)
    kind = type(schema.classes[0]) if schema.classes else float
    return Rows(_texts_filled(rows[list(schema.features)], schema), labels.astype(kind), times)


def frame_of(columns: Mapping[str, Sequence[Any]], schema: Schema | None) -> pd.DataFrame:
    """A frame of request rows: numbers or None, texts or None. Without a schema pandas chooses the dtypes."""
    if schema is None:
        return pd.DataFrame(dict(columns))
    cells = {
        name: np.array(columns[name], dtype="float64") if kind == "number" else pd.Series(columns[name], dtype="str")
        for name, kind in schema.features.items()
    }
    return _texts_filled(pd.DataFrame(cells), schema)


def _labels(raw: pd.Series[Any], schema: Schema) -> pd.Series[Any]:
    if schema.task == "regression":
        return pd.to_numeric(raw.where(~raw.isin(MISSING)))
    meanings = {text: schema.label_of(text) for text in raw.unique()}
    return raw.map(meanings).astype(object)


def _texts_filled(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    texts = [name for name, kind in schema.features.items() if kind == "text"]
    return frame.fillna(dict.fromkeys(texts, "")) if texts else frame
