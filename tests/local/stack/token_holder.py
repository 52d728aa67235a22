"""What somebody with nothing but a token does with the unmodified client of MLflow: a program that says how it went.

`python -m tests.local.stack.token_holder log`, or `read RUN`, with MLFLOW_TRACKING_URI and MLFLOW_TRACKING_TOKEN in the
environment.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

import mlflow
import numpy as np
import requests
from mlflow import MlflowClient
from mlflow.exceptions import RestException
from sklearn.linear_model import LogisticRegression

ROWS = np.arange(20.0).reshape(10, 2)
EXPERIMENT = "glazes"


def log() -> dict[str, Any]:
    """A working day of a data scientist."""
    mlflow.set_experiment(EXPERIMENT)
    with mlflow.start_run(run_name="by token") as run:
        mlflow.log_params({"rate": 0.1})
        mlflow.log_metrics({"acc": 0.9})
        mlflow.log_text("hello", "notes/hello.txt")
        model = LogisticRegression().fit(ROWS, ROWS[:, 0] > 8)
        logged = mlflow.sklearn.log_model(model, name="model", registered_model_name="glaze")
    client = MlflowClient()
    found = client.search_runs([run.info.experiment_id], "metrics.acc > 0.5 and params.rate = '0.1'")
    return {
        "run": run.info.run_id,
        "found": [each.info.run_name for each in found],
        "location": run.info.artifact_uri,
        "text": mlflow.artifacts.load_text(f"{run.info.artifact_uri}/notes/hello.txt"),
        "loaded": type(mlflow.sklearn.load_model("models:/glaze/1")).__name__,
        "model": logged.model_id,
        "version": client.get_model_version("glaze", "1").source.partition(":")[0],
        "experiment deleted": refusal(client.delete_experiment, run.info.experiment_id),
    }


def read(run: str) -> dict[str, Any]:
    """What a viewer sees of a run, and hears of an attempt to change it."""
    client = MlflowClient()
    found = client.get_run(run)
    return {
        "params": found.data.params,
        "runs": len(client.search_runs([found.info.experiment_id])),
        "files": [each.path for each in client.list_artifacts(run)],
        "text": mlflow.artifacts.load_text(f"{found.info.artifact_uri}/notes/hello.txt"),
        "model": type(mlflow.sklearn.load_model("models:/glaze/1")).__name__,
        "logged": refusal(client.log_param, run, "depth", "3"),
        "uploaded": refusal(client.log_text, run, "mine", "notes/mine.txt"),
    }


def refusal(attempt: Any, *arguments: Any) -> str:
    """What the client says of an attempt that is refused."""
    try:
        attempt(*arguments)
    except RestException as refused:
        return str(refused)
    except requests.HTTPError as refused:  # of an upload
        return str(refused).partition("Response text: ")[2]
    return "done"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    told = log() if sys.argv[1] == "log" else read(sys.argv[2])
    sys.stdout.write(f"\n{json.dumps(told)}\n")
