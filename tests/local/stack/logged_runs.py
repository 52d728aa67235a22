"""What the unmodified client of MLflow finds of a run by its name or id: run as a program, it prints it as JSON.

`python -m tests.local.stack.logged_runs EXPERIMENT NAME`, with MLFLOW_TRACKING_URI and AWS's variables in the
environment.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run


def main() -> None:
    warnings.simplefilter("ignore")
    _, experiment, name = sys.argv
    runs = mlflow.search_runs(experiment_names=[experiment], output_format="list")
    found = [told(run) for run in runs if name in (run.info.run_name, run.data.tags["heirloom.run"])]
    print(json.dumps(found))  # noqa: T201 - it is a program, and this is its answer


def told(run: Run) -> dict[str, Any]:
    """All that was logged."""
    identity = run.info.run_id
    return {
        "id": identity,
        "name": run.info.run_name,
        "status": run.info.status,
        "started_at": run.info.start_time,
        "ended_at": run.info.end_time,
        "params": run.data.params,
        "metrics": run.data.metrics,
        "tags": run.data.tags,
        "inputs": [
            {
                "name": each.dataset.name,
                "digest": each.dataset.digest,
                "source": each.dataset.source,
                "tags": {tag.key: tag.value for tag in each.tags},
            }
            for each in run.inputs.dataset_inputs
        ],
        "artifacts": sorted(file.path for file in MlflowClient().list_artifacts(identity)),
        "project": mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/project.json"),
        "points": {metric: len(MlflowClient().get_metric_history(identity, metric)) for metric in run.data.metrics},
    }


if __name__ == "__main__":
    main()
