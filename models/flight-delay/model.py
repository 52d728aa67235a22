"""Gradient boosted trees on what is known as the aircraft leaves the gate."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder


def train(frame: pd.DataFrame, params: dict[str, Any]) -> Pipeline:
    """A pipeline from the raw columns to the probability of ``late``."""
    # Values seen in fewer than 20 flights share a code; those never seen have their own. The trees could split sets of
    # categories themselves: 0.002 more ROC AUC on the year, for 1 ms more a prediction.
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1, min_frequency=20
    )
    columns = make_column_transformer((codes, ["carrier", "origin", "dest"]), remainder="passthrough")
    trees = HistGradientBoostingClassifier(early_stopping=False, random_state=0, **params)
    return make_pipeline(columns, trees).fit(frame.drop(columns="late"), frame["late"])
