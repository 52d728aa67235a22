"""Put the estimator into BentoML's model store: ``python bentoml_save.py ESTIMATOR``.

As in docs.bentoml.com/en/latest/build-with-bentoml/model-loading-and-management.html.
"""

import sys

import bentoml
import joblib

with bentoml.models.create("tumour") as model:
    joblib.dump(joblib.load(sys.argv[1]), model.path_of("estimator.joblib"))
