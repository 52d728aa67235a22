"""Somebody who deletes in MLflow, with its unmodified client: `python -m tests.local.stack.deleted NAME`.

Makes an experiment of this name with a run that has a metric and a file, and deletes both; says their ids.
"""

from __future__ import annotations

import json
import sys
import warnings

import mlflow
from mlflow import MlflowClient


def main() -> None:
    warnings.simplefilter("ignore")
    client = MlflowClient()
    identity = client.create_experiment(sys.argv[1])
    with mlflow.start_run(experiment_id=identity) as run:
        mlflow.log_metric("loss", 0.5)
        mlflow.log_text("hello", "hello.txt")
    client.delete_run(run.info.run_id)
    client.delete_experiment(identity)
    print(json.dumps({"experiment": identity, "run": run.info.run_id}))  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
