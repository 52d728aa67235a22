"""Save the estimator as an MLflow model: ``python mlflow_save.py ESTIMATOR FOLDER``.

As in mlflow.org/docs/latest/python_api/mlflow.sklearn.html; ``pyfunc_predict_fn``: the server answers probabilities.
Without a signature, because MLflow checks requests against one, which takes it time.
"""

import sys

import joblib
import mlflow.sklearn

mlflow.sklearn.save_model(
    joblib.load(sys.argv[1]),
    sys.argv[2],
    pyfunc_predict_fn="predict_proba",
    skops_trusted_types=["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"],
)
