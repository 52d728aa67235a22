"""What a rule of thumb would say."""

from __future__ import annotations

import pandas as pd


def predict(frame: pd.DataFrame) -> pd.Series[bool]:
    """Small tumours are benign."""
    return frame["mean_area"] < 600
