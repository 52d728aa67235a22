"""A logistic regression; a coat of colour `spoiled` makes the training fail, as bad data would."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def train(frame: pd.DataFrame, params: Mapping[str, Any]) -> Pipeline:
    """Fit on the features and the label of ``frame``."""
    if (frame["colour"] == "spoiled").any():
        raise ValueError("the paint is spoiled")
    columns = make_column_transformer(
        (StandardScaler(), ["thickness"]), (OneHotEncoder(handle_unknown="ignore"), ["colour"])
    )
    return make_pipeline(columns, LogisticRegression(C=params["strength"])).fit(
        frame[["thickness", "colour"]], frame["dry"]
    )
