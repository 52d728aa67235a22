"""The estimator as two BentoML services: one request a call, and BentoML's own adaptive batching.

As in docs.bentoml.com/en/latest/build-with-bentoml/services.html and .../get-started/adaptive-batching.html.
"""

import bentoml
import joblib
import numpy as np


@bentoml.service
class Tumour:
    model = bentoml.models.BentoModel("tumour:latest")

    def __init__(self) -> None:
        self.estimator = joblib.load(self.model.path_of("estimator.joblib"))

    @bentoml.api
    def predict(self, inputs: np.ndarray) -> np.ndarray:
        return self.estimator.predict_proba(inputs)


@bentoml.service
class BatchingTumour:
    model = bentoml.models.BentoModel("tumour:latest")

    def __init__(self) -> None:
        self.estimator = joblib.load(self.model.path_of("estimator.joblib"))

    @bentoml.api(batchable=True, max_batch_size=4096)
    def predict(self, inputs: np.ndarray) -> np.ndarray:
        return self.estimator.predict_proba(inputs)
