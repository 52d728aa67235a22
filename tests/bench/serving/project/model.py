"""The model that every server serves: scaled numbers into 100 boosted trees of 31 leaves."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler


def train(frame: pd.DataFrame, params: dict[str, Any]) -> Pipeline:
    """A pipeline from 20 numbers to the probability of ``benign``."""
    trees = HistGradientBoostingClassifier(early_stopping=False, random_state=0, **params)
    return make_pipeline(StandardScaler(), trees).fit(frame.drop(columns="benign"), frame["benign"])
