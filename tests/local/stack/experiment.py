"""What a data scientist writes, with the unmodified client of MLflow: run as a program, it says what it has seen.

`python -m tests.local.stack.experiment`, with MLFLOW_TRACKING_URI and AWS's variables in the environment.
"""

from __future__ import annotations

import json
import math
import tempfile
import warnings
from pathlib import Path
from typing import Any

import matplotlib
import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from sklearn.linear_model import LogisticRegression

matplotlib.use("Agg")
FRAME = pd.DataFrame({"thickness": np.linspace(0, 1, 40), "age": np.tile([1.0, 2.0], 20)})
DRY = FRAME["thickness"] < 0.4


def main() -> None:
    warnings.simplefilter("ignore")
    told: dict[str, Any] = {}
    mlflow.set_experiment("coats")
    for step in (by_hand, nested, automatically, registered, searched, with_the_client):
        told[step.__name__] = step()
    print(json.dumps(told))  # noqa: T201 - it is a program, and this is its answer


def by_hand() -> dict[str, Any]:
    """All ways to log."""
    with mlflow.start_run(run_name="by hand", tags={"team": "paint"}) as run:
        mlflow.log_param("rate", 0.1)
        mlflow.log_params({"depth": 3, "colour": "red"})
        for step in range(5):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"acc": 0.9, "odd": math.nan, "endless": math.inf})
        mlflow.set_tag("note", "zwei\nZeilen")
        mlflow.log_dict({"a": [1, 2]}, "conf/a.json")
        mlflow.log_text("hello", "hello.txt")
        _log_figure()
        with tempfile.TemporaryDirectory() as folder:
            for name in ("one.txt", "two.txt"):
                (Path(folder) / name).write_text(name * 1000)
            mlflow.log_artifacts(folder, "files")
        mlflow.log_input(mlflow.data.from_pandas(FRAME, name="coats"), context="training")
    found = mlflow.get_run(run.info.run_id)
    history = MlflowClient().get_metric_history(run.info.run_id, "loss")
    return {
        "status": found.info.status,
        "params": found.data.params,
        "metrics": {key: str(value) for key, value in found.data.metrics.items()},
        "note": found.data.tags["note"],
        "steps": [point.step for point in history],
        "dataset": found.inputs.dataset_inputs[0].dataset.name,
        "artifacts": sorted(each.path for each in MlflowClient().list_artifacts(run.info.run_id)),
        "text": mlflow.artifacts.load_text(f"{found.info.artifact_uri}/files/two.txt")[:7],
    }


def _log_figure() -> None:
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend is chosen

    figure, axes = plt.subplots()
    axes.plot([1, 2, 3])
    mlflow.log_figure(figure, "plots/line.png")


def nested() -> list[str]:
    """Runs within a run; the names of the children."""
    with mlflow.start_run(run_name="parent") as parent:
        for number in range(2):
            with mlflow.start_run(run_name=f"child-{number}", nested=True):
                mlflow.log_metric("acc", number / 2)
    children = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'")
    return sorted(children["tags.mlflow.runName"])


def automatically() -> dict[str, Any]:
    """scikit-learn logs by itself."""
    mlflow.sklearn.autolog(silent=True)
    with mlflow.start_run(run_name="automatic") as run:
        LogisticRegression(C=0.5).fit(FRAME, DRY)
    mlflow.sklearn.autolog(disable=True)
    found = mlflow.get_run(run.info.run_id)
    models = mlflow.search_logged_models(output_format="list")
    return {
        "C": found.data.params["C"],
        "measured": "training_accuracy_score" in found.data.metrics,
        "models": len([each for each in models if each.source_run_id == run.info.run_id]),
    }


def registered() -> dict[str, Any]:
    """A model is logged, registered, named and loaded again."""
    client = MlflowClient()
    with mlflow.start_run(run_name="registered"):
        model = LogisticRegression().fit(FRAME, DRY)
        logged = mlflow.sklearn.log_model(model, name="model", registered_model_name="coats", input_example=FRAME[:2])
    client.set_registered_model_alias("coats", "champion", 1)
    client.set_model_version_tag("coats", "1", "checked", "yes")
    loaded = mlflow.pyfunc.load_model("models:/coats@champion")
    version = client.get_model_version_by_alias("coats", "champion")
    return {
        "same": bool((loaded.predict(FRAME) == model.predict(FRAME)).all()),
        "version": version.version,
        "tags": version.tags,
        "by id": type(mlflow.sklearn.load_model(f"models:/{logged.model_id}")).__name__,
    }


def searched() -> dict[str, Any]:
    """Filters, orders and pages."""
    client = MlflowClient()
    identity = client.get_experiment_by_name("coats").experiment_id
    first = client.search_runs([identity], "metrics.acc >= 0.5", order_by=["metrics.acc DESC"], max_results=1)
    rest = client.search_runs(
        [identity], "metrics.acc >= 0.5", order_by=["metrics.acc DESC"], max_results=1, page_token=first.token
    )
    return {
        "best": [run.info.run_name for run in (*first, *rest)],
        "red": len(mlflow.search_runs(filter_string="params.colour = 'red' and attributes.status = 'FINISHED'")),
        "like": len(client.search_experiments(filter_string="name LIKE 'coa%'")),
        "models": [each.name for each in client.search_registered_models("name = 'coats'")],
        "versions": [each.version for each in client.search_model_versions("name = 'coats'")],
    }


def with_the_client() -> dict[str, Any]:
    """The rest of the client, in one go."""
    client = MlflowClient()
    identity = client.create_experiment("by the client", tags={"kind": "test"})
    client.set_experiment_tag(identity, "more", "yes")
    client.rename_experiment(identity, "renamed")
    run = client.create_run(identity, run_name="low level")
    name = run.info.run_id
    client.log_batch(name, [Metric("m", 1.0, 1, 0)] * 2, [Param("p", "1")], [RunTag("t", "1")])
    client.delete_tag(name, "t")
    client.update_run(name, "FINISHED", "renamed run")
    client.set_terminated(name)
    client.delete_run(name)
    deleted = client.get_run(name).info.lifecycle_stage
    client.restore_run(name)
    client.create_registered_model("spare", description="to be renamed")
    client.create_model_version("spare", f"{run.info.artifact_uri}/model", name)
    client.update_registered_model("spare", "other words")
    client.rename_registered_model("spare", "spare2")
    client.delete_model_version("spare2", "1")
    client.delete_registered_model("spare2")
    client.delete_experiment(identity)
    gone = client.get_experiment(identity).lifecycle_stage
    client.restore_experiment(identity)
    return {
        "deleted": [deleted, gone],
        "name": client.get_run(name).info.run_name,
        "tags": client.get_experiment(identity).tags,
        "points": len(client.get_metric_history(name, "m")),
    }


if __name__ == "__main__":
    main()
