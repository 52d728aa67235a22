"""An MLflow that somebody has worked with, and all that its unmodified client tells of one: to compare two of them.

`python -m tests.mlflow_content fill URI` fills it, `... tell URI [PREFIX]` tells it as JSON.
"""

from __future__ import annotations

import json
import logging
import math
import os
import sys
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
# Autologging asks another process, for half a minute, what a model needs; after so many seconds it takes the usual.
os.environ.setdefault("MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT", "1")
os.environ.setdefault("MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD", "false")

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository
from sklearn.linear_model import LogisticRegression

FRAME = pd.DataFrame({"thickness": [index / 39 for index in range(40)], "age": [1.0, 2.0] * 20})
DRY = FRAME["thickness"] < 0.4
OURS = ("heirloom.", "mlflow.parentRunId")
PROMPTS = "tags.`mlflow.prompt.is_prompt` = 'true'"


def fill(uri: str, *, automatically: bool = True) -> None:
    """Experiments, runs, logged models, the registry; what scikit-learn logs by itself takes the longest."""
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    before = mlflow.get_tracking_uri()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.set_tracking_uri(uri)
        mlflow.set_experiment("coats")
        MlflowClient().set_experiment_tag(mlflow.set_experiment("coats").experiment_id, "team", "paint")
        _by_hand()
        if automatically:
            _automatically()
        _registry()
        _old()
        mlflow.set_tracking_uri(before)


def _by_hand() -> None:
    client = MlflowClient()
    with mlflow.start_run(run_name="parent", description="zwei\nZeilen") as parent:
        mlflow.log_params({"rate": 0.1, "empty": "", "long": "x" * 5000})
        with mlflow.start_run(run_name="child", nested=True) as child:
            mlflow.log_metrics({"acc": 0.9, "odd": math.nan, "endless": -math.inf})
            mlflow.log_input(mlflow.data.from_pandas(FRAME, name="coats"), context="training")
            mlflow.log_text("hello", "notes/é und so.txt")
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / "empty.bin").write_bytes(b"")
                mlflow.log_artifacts(folder, "files")
        mlflow.set_tag("kind", "by hand")
    points = [Metric("loss", 1 / (step + 1) if step % 50 else math.nan, 1000 + step, step) for step in range(1500)]
    client.log_batch(child.info.run_id, points[:1000])
    client.log_batch(child.info.run_id, points[1000:])
    client.log_batch(
        parent.info.run_id,
        params=[Param(f"p{number}", str(number)) for number in range(100)],
        tags=[RunTag(f"t{number}", "t" * number) for number in range(60)],
    )
    failed = client.create_run(parent.info.experiment_id, start_time=5, run_name="failed")
    client.set_terminated(failed.info.run_id, "FAILED", 6)
    client.create_run(parent.info.experiment_id, start_time=7, run_name="running")
    gone = client.create_run(parent.info.experiment_id, start_time=8, run_name="gone")
    client.log_metric(gone.info.run_id, "acc", 0.1, 9, 0)
    client.delete_run(gone.info.run_id)


TRUSTED = "sklearn.linear_model._logistic.LogisticRegression"
"""skops itself trusts what it found of scikit-learn when it was imported, which may be less in a process of tests."""


def _automatically() -> None:
    mlflow.sklearn.autolog(silent=True)
    with mlflow.start_run(run_name="automatic"):
        LogisticRegression(C=0.5).fit(FRAME, DRY)
    mlflow.sklearn.autolog(disable=True)


def _registry() -> None:
    client = MlflowClient()
    for number in (1, 2, 3):
        with mlflow.start_run(run_name=f"model {number}"):
            model = LogisticRegression(C=number).fit(FRAME, DRY)
            logged = mlflow.sklearn.log_model(
                model,
                name="model",
                registered_model_name="coats",
                pip_requirements=["scikit-learn"],
                skops_trusted_types=[TRUSTED],
            )
            mlflow.log_metric("acc", number / 4, model_id=logged.model_id)
    client.create_model_version("coats", f"models:/{logged.model_id}", description="again", model_id=logged.model_id)
    client.delete_model_version("coats", "2")
    client.update_registered_model("coats", "what dries")
    client.set_registered_model_tag("coats", "team", "paint")
    client.set_model_version_tag("coats", "3", "checked", "yes")
    client.update_model_version("coats", "1", "the first")
    client.transition_model_version_stage("coats", "1", "Staging")
    client.set_registered_model_alias("coats", "champion", "3")
    client.create_registered_model("empty")
    mlflow.genai.register_prompt("greeting", template="hi {{name}}")


def _old() -> None:
    client = MlflowClient()
    old = client.create_experiment("old")
    client.log_metric(client.create_run(old, start_time=1, run_name="ancient").info.run_id, "acc", 0.5, 2, 1)
    client.delete_experiment(old)


def tell(uri: str, prefix: str = "") -> dict[str, Any]:
    """All of it without ids, places and our own tags: what is named by an id is named by its name.

    With a ``prefix`` what has a name that begins so, and without it in the name.
    """
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    experiments = [
        each
        for each in client.search_experiments(ViewType.ALL)
        if each.name != "Default" and each.name.startswith(prefix)
    ]
    runs = [run for each in experiments for run in client.search_runs([each.experiment_id], "", ViewType.ALL)]
    models = [model for each in experiments for model in client.search_logged_models([each.experiment_id])]
    names = {run.info.run_id: run.info.run_name for run in runs}
    logged = {model.model_id: f"{model.name} of {names.get(model.source_run_id)}" for model in models}
    registered = [*client.search_registered_models(), *client.search_registered_models(PROMPTS)]
    versions = [
        _version(uri, each, names, logged)
        for asked in (None, PROMPTS)
        for each in sorted(client.search_model_versions(asked), key=lambda each: (each.name, int(each.version)))
        if each.name.startswith(prefix)
    ]
    told = {
        "experiments": {each.name: [_tags(each.tags), each.lifecycle_stage] for each in experiments},
        "runs": sorted((_run(client, uri, run, names, logged) for run in runs), key=lambda run: run["name"]),
        "models": sorted((_model(uri, model, names, logged) for model in models), key=lambda model: model["name"]),
        "registered": {
            each.name: [each.description or "", _tags(each.tags), {to: str(of) for to, of in each.aliases.items()}]
            for each in registered
            if each.name.startswith(prefix)
        },
        "versions": versions,
    }
    return dict(json.loads(json.dumps(told).replace(prefix, "") if prefix else json.dumps(told)))


def _run(client: MlflowClient, uri: str, run: Any, names: Mapping[str, str], logged: Mapping[str, str]) -> Any:
    info, data = run.info, run.data
    return {
        "name": info.run_name,
        "status": info.status,
        "times": [info.start_time, info.end_time],
        "user": info.user_id,
        "stage": info.lifecycle_stage,
        "params": data.params,
        "tags": _tags(data.tags),
        "parent": names.get(data.tags.get("mlflow.parentRunId", "")),
        "metrics": {key: str(value) for key, value in data.metrics.items()},
        "histories": {
            key: sorted((p.step, p.timestamp, str(p.value)) for p in client.get_metric_history(info.run_id, key))
            for key in data.metrics
        },
        "datasets": [
            [each.dataset.to_dictionary(), {tag.key: tag.value for tag in each.tags}]
            for each in run.inputs.dataset_inputs
        ],
        "outputs": [[logged[each.model_id], each.step] for each in run.outputs.model_outputs] if run.outputs else [],
        "files": _files(uri, info.artifact_uri),
    }


def _model(uri: str, model: Any, names: Mapping[str, str], logged: Mapping[str, str]) -> Any:
    newest: dict[Any, Any] = {}
    for point in sorted(model.metrics or [], key=lambda point: (point.step, point.timestamp)):
        newest[point.key, point.dataset_name, point.dataset_digest] = [str(point.value), names.get(point.run_id)]
    return {
        "name": logged[model.model_id],
        "status": str(model.status),
        "type": model.model_type or "",
        "tags": _tags(model.tags),
        "params": dict(model.params or {}),
        "metrics": sorted([list(map(str, key)), value] for key, value in newest.items()),
        "files": _files(uri, model.artifact_location),
    }


def _version(uri: str, each: Any, names: Mapping[str, str], logged: Mapping[str, str]) -> Any:
    source = each.source.removeprefix("models:/")
    return {
        "name": each.name,
        "version": str(each.version),
        "description": each.description or "",
        "stage": each.current_stage,
        "run": names.get(each.run_id),
        "source": logged.get(source, source),
        "tags": _tags(each.tags),
    }


def _tags(tags: Mapping[str, str]) -> dict[str, str]:
    kept = {key: value for key, value in (tags or {}).items() if not key.startswith(OURS)}
    return {key: value for key, value in kept.items() if key != "_mlflow_experiment_ids"}


def _files(uri: str, place: str) -> dict[str, Any]:
    """The bytes of each file, by its path; MLmodel files are the same, ids and all."""
    repository, found = get_artifact_repository(place, tracking_uri=uri), {}
    folders = [""]
    while folders:
        for each in repository.list_artifacts(folders.pop() or None):
            if each.is_dir:
                folders.append(each.path)
            else:
                found[each.path] = _content(repository, each.path)
    return found


def _content(repository: Any, path: str) -> str:
    if isinstance(repository, LocalArtifactRepository):
        return Path(repository.download_artifacts(path)).read_bytes().hex()
    with tempfile.TemporaryDirectory() as folder:
        return Path(repository.download_artifacts(path, folder)).read_bytes().hex()


if __name__ == "__main__":
    verb, where, *rest = sys.argv[1:]
    if verb == "fill":
        fill(where)
    else:
        print(json.dumps(tell(where, *rest)))  # noqa: T201 - it is a program, and this is its answer
