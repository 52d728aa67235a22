"""NAME: gradient-boosted trees over numbers, categories and texts, told apart by what the columns hold.

A start that works for most tables. Change any of it: the platform calls `train`, and keeps what it returns.
"""

from pathlib import Path

import pandas as pd
import yaml
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder


def train(frame: pd.DataFrame, params: dict[str, float]) -> Pipeline:
    """Fit on a frame of features and label; `params` are training.parameters of model.yaml."""
    label = yaml.safe_load(Path(__file__).with_name("model.yaml").read_text())["data"]["label"]
    features, answers = frame.drop(columns=label), frame[label]
    numbers = list(features.select_dtypes("number"))
    texts = [column for column in features if column not in numbers and is_text(features[column])]
    categories = [column for column in features if column not in numbers and column not in texts]
    columns = make_column_transformer(
        ("passthrough", numbers),
        (OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=50), categories),
        *((TfidfVectorizer(max_features=200), text) for text in texts),
        sparse_threshold=0,
    )
    kind = HistGradientBoostingRegressor if answers.dtype.kind == "f" else HistGradientBoostingClassifier
    return make_pipeline(columns, kind(random_state=0, **params)).fit(features, answers)


def is_text(column: pd.Series) -> bool:
    """Sentences, not names: five spaces or forty letters in the average cell that is not empty."""
    cells = column[column != ""].dropna()
    return bool(cells.str.count(" ").mean() >= 5 or cells.str.len().mean() > 40)
