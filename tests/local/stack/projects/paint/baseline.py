"""The painter's rule: a thin coat dries."""

import pandas as pd


def predict(frame: pd.DataFrame) -> list[str]:
    """ "yes" for each coat thinner than half a millimetre."""
    return ["yes" if thickness < 0.5 else "no" for thickness in frame["thickness"]]
