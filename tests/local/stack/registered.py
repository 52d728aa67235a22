"""What a data scientist finds of a pipeline's runs and versions, with the unmodified client of MLflow.

`python -m tests.local.stack.registered MODEL RUN`, with MLFLOW_TRACKING_URI and AWS's variables in the environment; RUN
is the pipeline's id of a run that has trained a version. With `refused` before them: what the client is told that tries
to change what is the pipeline's.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException


def main() -> None:
    warnings.simplefilter("ignore")
    look = refused if sys.argv[1] == "refused" else found
    print(json.dumps(look(*sys.argv[-2:])))  # noqa: T201 - it is a program, and this is its answer


def found(model: str, run: str) -> dict[str, Any]:
    """The run, by name, and its version, by run and by number and by alias."""
    client = MlflowClient()
    (logged,) = mlflow.search_runs(
        experiment_names=[model], filter_string=f"attributes.run_name = '{run}'", output_format="list"
    )
    versions = {each.version: each for each in client.search_model_versions(f"name = '{model}'")}
    told = {
        "status": logged.info.status,
        "params": logged.data.params,
        "metrics": logged.data.metrics,
        "tags": {key: value for key, value in logged.data.tags.items() if key.startswith("heirloom.")},
        "dataset": [each.dataset.name for each in logged.inputs.dataset_inputs],
        "artifacts": sorted(each.path for each in client.list_artifacts(logged.info.run_id)),
        "versions": [number for number, each in versions.items() if each.run_id == logged.info.run_id],
        "aliases": {alias: int(number) for alias, number in client.get_registered_model(model).aliases.items()},
        "of versions": {int(number): list(each.aliases) for number, each in versions.items() if each.aliases},
    }
    for number in told["versions"]:
        version = client.get_model_version(model, number)
        folder = mlflow.artifacts.download_artifacts(f"models:/{model}/{number}")
        told |= {"version": {"tags": version.tags, "files": sorted(each.name for each in Path(folder).iterdir())}}
    return told


def refused(model: str, run: str) -> list[str]:
    """The messages; what is everybody's goes well."""
    client = MlflowClient()
    client.set_registered_model_alias(model, "liked", "1")
    client.set_registered_model_tag(model, "team", "paint")
    client.update_model_version(model, "1", "the first one")
    wishes: list[Callable[[], Any]] = [
        lambda: client.create_model_version(model, "s3://bucket/folder", run_id=None),
        lambda: client.delete_model_version(model, "1"),
        lambda: client.delete_registered_model(model),
        lambda: client.rename_registered_model(model, f"{run}-2"),
        lambda: client.transition_model_version_stage(model, "1", "Production"),
        lambda: client.set_registered_model_alias(model, "champion", "1"),
        lambda: client.delete_registered_model_alias(model, "champion"),
        lambda: client.set_model_version_tag(model, "1", "heirloom.score", "1.0"),
    ]
    return [_message(wish) for wish in wishes]


def _message(wish: Callable[[], Any]) -> str:
    try:
        wish()
    except MlflowException as error:
        return f"{error.error_code}: {error.message}"
    return "done"


if __name__ == "__main__":
    main()
