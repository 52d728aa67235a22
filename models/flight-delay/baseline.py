"""Today's rule at the gate: who departs more than 15 minutes late arrives more than 15 minutes late."""

from __future__ import annotations

import pandas as pd


def predict(frame: pd.DataFrame) -> pd.Series[bool]:
    """Whether each flight will be late."""
    return frame["departure_delay"] > 15
