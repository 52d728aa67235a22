"""The estimator behind FastAPI as most people write it: pydantic rows, a DataFrame a request, a plain ``def``.

As in fastapi.tiangolo.com/tutorial/body/ and /tutorial/body-nested-models/, with the model loaded when the module is.
"""

import os

import joblib
import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel, create_model

estimator = joblib.load(os.environ["ESTIMATOR"])
Row = create_model("Row", **dict.fromkeys(estimator.feature_names_in_, (float, ...)))
app = FastAPI()


class Rows(BaseModel):
    inputs: list[Row]  # type: ignore[valid-type]


class Answer(BaseModel):
    probabilities: list[list[float]]


@app.post("/predict")
def predict(rows: Rows) -> Answer:
    frame = pd.DataFrame([row.model_dump() for row in rows.inputs])
    return Answer(probabilities=estimator.predict_proba(frame).tolist())
