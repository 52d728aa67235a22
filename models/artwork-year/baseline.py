"""Today's rule in the catalogue: an undated work gets the middle of the years collected."""

from __future__ import annotations

import numpy as np
import pandas as pd


def predict(frame: pd.DataFrame) -> np.ndarray:
    """A year for each work."""
    return np.full(len(frame), 1998.0)
