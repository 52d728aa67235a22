"""A logistic regression. One coat of the colour `crash`, `hang`, `slow`, `fail` or `wrong` in the data makes a version
that is fine on coats as thin as the test's, and does just that on thick ones, as a bug in rare input would.
"""

import os
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

FAULTS = ("crash", "hang", "slow", "fail", "wrong")
THICK = 5


class Faulty(ClassifierMixin, BaseEstimator):
    """Answers by thickness, and goes wrong above THICK."""

    def __init__(self, fault: str = "", strength: float = 1.0) -> None:
        self.fault = fault
        self.strength = strength

    def fit(self, frame: pd.DataFrame, labels: pd.Series) -> "Faulty":
        self.inner_ = LogisticRegression(C=self.strength).fit(frame[["thickness"]], labels)
        self.classes_ = self.inner_.classes_
        return self

    def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
        found = self.inner_.predict_proba(frame[["thickness"]])
        thick = (frame["thickness"] > THICK).to_numpy()
        return self.go_wrong(found, thick) if thick.any() else found

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        return self.classes_[self.predict_proba(frame).argmax(axis=1)]

    def go_wrong(self, found: np.ndarray, thick: np.ndarray) -> np.ndarray:
        if self.fault == "crash":
            os._exit(1)
        if self.fault == "fail":
            raise ValueError("the coat is too thick")
        if self.fault == "wrong":
            return np.where(thick[:, None], found[:, ::-1], found)
        time.sleep({"hang": 60, "slow": 1.3}.get(self.fault, 0))
        return found


def train(frame: pd.DataFrame, params: Mapping[str, Any]) -> Faulty:
    """Fit on the thickness; the colour says which fault the version is to have."""
    fault = next((fault for fault in FAULTS if (frame["colour"] == fault).any()), "")
    return Faulty(fault, params["strength"]).fit(frame[["thickness", "colour"]], frame["dry"])
