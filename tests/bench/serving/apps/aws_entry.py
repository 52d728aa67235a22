"""What gunicorn runs in AWS's scikit-learn container: its default functions, and a user's script for this model.

As in src/sagemaker_sklearn_container/serving.py of github.com/aws/sagemaker-scikit-learn-container, which is not on
PyPI, and in sagemaker.readthedocs.io/en/stable/frameworks/sklearn/using_sklearn.html ("Serve a Model").
"""

import collections
import collections.abc
import os
from functools import cache

# AWS's Dockerfile writes the same into the package.
collections.Mapping = collections.abc.Mapping

import joblib  # noqa: E402
import numpy as np  # noqa: E402
from sagemaker_containers.beta.framework import content_types, encoders, transformer, worker  # noqa: E402


def model_fn(_folder):
    """The user's: load the model."""
    return joblib.load(os.environ["ESTIMATOR"])


def predict_fn(rows, estimator):
    """The user's: probabilities instead of labels."""
    return estimator.predict_proba(rows)


def input_fn(body, content_type):
    """The container's own: JSON and CSV become 32-bit numbers."""
    rows = encoders.decode(body, content_type)
    return rows.astype(np.float32) if content_type in content_types.UTF8_TYPES else rows


def output_fn(answers, accept):
    """The container's own."""
    return worker.Response(encoders.encode(answers, accept), mimetype=accept)


@cache
def _application():
    serve = transformer.Transformer(model_fn, input_fn, predict_fn, output_fn)
    serve.initialize()
    return worker.Worker(transform_fn=serve.transform, module_name="tumour")


def main(environ, start_response):
    """The WSGI application, made at the first request as the container makes it."""
    return _application()(environ, start_response)
