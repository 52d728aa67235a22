"""Gradient boosted trees on what is known as the aircraft leaves the gate."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder

CATEGORIES = ["carrier", "origin", "dest"]


def train(frame: pd.DataFrame, params: dict[str, Any]) -> Pipeline:
    """A pipeline from the raw columns to the probability of ``late``."""
    features = frame.drop(columns="late")
    # Destinations seen in fewer than 20 flights, and those never seen, share a code; the trees split sets of codes.
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1, min_frequency=20
    )
    columns = make_column_transformer((codes, CATEGORIES), remainder="passthrough", verbose_feature_names_out=False)
    trees = HistGradientBoostingClassifier(
        categorical_features=list(range(len(CATEGORIES))), early_stopping=False, random_state=0, **params
    )
    return make_pipeline(columns, trees).fit(features, frame["late"])
