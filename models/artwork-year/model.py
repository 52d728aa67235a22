"""A ridge regression on who made a work, what it is called, and the words for what it is made of."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder


def preprocess(frame: pd.DataFrame) -> pd.DataFrame:
    """One spelling for an artist: the catalogue has "Auerbach, Frank", a cataloguer may type "Frank Auerbach"."""
    artist = frame["artist"].fillna("").str.casefold().str.replace(r"^(.*), (.*)$", r"\2 \1", regex=True)
    return frame.assign(artist=artist)


def train(frame: pd.DataFrame, params: dict[str, Any]) -> Pipeline:
    """A pipeline from the raw columns to the year."""
    artists = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=params["min_works"])
    columns = make_column_transformer(
        (artists, ["artist"]),
        (TfidfVectorizer(min_df=2, ngram_range=(1, 2), sublinear_tf=True), "title"),
        (TfidfVectorizer(min_df=2, ngram_range=(1, 2), sublinear_tf=True), "medium"),
    )
    return make_pipeline(columns, Ridge(alpha=params["alpha"])).fit(frame.drop(columns="year"), frame["year"])
