"""The servers: how each is installed, given the model, started and asked, in its own dialect of JSON."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from tests.bench.serving.model import Model, environment
from tests.bench.serving.places import APPS, install
from tests.bench.serving.process import Process, Request, start
from tests.embedded import free_port


@dataclass(frozen=True)
class Command:
    """A program, and what it finds in its environment beside PATH."""

    arguments: Sequence[str]
    variables: Mapping[str, str]


@dataclass(frozen=True)
class Peer:
    """A server. ``serve`` and ``save`` get the bin folder of its environment and the model."""

    name: str  # in the tables
    key: str  # in --only
    packages: str  # the name of its environment
    path: str  # of its predictions
    body: Callable[[pd.DataFrame], Any]
    chances: Callable[[Any], list[float]]  # of ``benign``, from the parsed answer
    serve: Callable[[Path, Model, int], Command]
    save: Callable[[Path, Model], None] | None = None  # writes the model in its own format
    dependencies: bool = True  # False: its requirements file is the whole list

    def install(self) -> Path:
        """The bin folder of its environment. Raises NotInstalledError."""
        return install(self.packages, dependencies=self.dependencies)

    def request(self, rows: pd.DataFrame) -> Request:
        return Request(self.path, orjson.dumps(self.body(rows)))

    def start(self, packages: Path, model: Model) -> Process:
        """Start it on a free port and wait for its answer to one row. Raises DidNotStartError."""
        port = free_port()
        command = self.serve(packages, model, port)
        return start(
            command.arguments, command.variables, _workplace(self.key, model), port, self.request(model.rows[:1])
        )


def _workplace(key: str, model: Model) -> Path:
    """Where a server runs, and leaves its log."""
    return model.folder / "run" / key


def _records(rows: pd.DataFrame) -> Any:
    return rows.to_dict("records")


def _lists(rows: pd.DataFrame) -> Any:
    return rows.to_numpy().tolist()


def _second(answers: Sequence[Sequence[float]]) -> list[float]:
    """The probability of the second class, True, where there is one for each."""
    return [chances[1] for chances in answers]


def _of_label(answer: Any) -> list[float]:
    """Ours gives the label and its probability."""
    given = [(one["label"], one["probability"]) for one in answer["predictions"]]
    return [chance if label else 1 - chance for label, chance in given]


def _variables(packages: Path, **more: str) -> dict[str, str]:
    path = os.pathsep.join([str(packages), os.environ["PATH"]])
    return {"PATH": path, "HOME": os.environ.get("HOME", "/"), **more}


def _ours(**variables: str) -> Callable[[Path, Model, int], Command]:
    def serve(packages: Path, model: Model, port: int) -> Command:
        host = {"SAGEMAKER_BIND_TO_HOST": "127.0.0.1", "SAGEMAKER_BIND_TO_PORT": str(port)}
        return Command(["serve"], environment(packages, model.base, HEIRLOOM_WORKERS="1", **host, **variables))

    return serve


def _save_mlflow(packages: Path, model: Model) -> None:
    script = [str(packages / "python"), str(APPS / "mlflow_save.py"), str(model.nameless), str(model.folder / "mlflow")]
    subprocess.run(script, check=True, env=_variables(packages, **_QUIET), cwd=model.folder, stdout=subprocess.DEVNULL)


def _serve_mlflow(packages: Path, model: Model, port: int) -> Command:
    options = ["--env-manager", "local", "--workers", "1", "--host", "127.0.0.1", "--port", str(port)]
    return Command(
        [str(packages / "mlflow"), "models", "serve", "--model-uri", str(model.folder / "mlflow"), *options],
        _variables(packages, **_QUIET),
    )


# Nothing is sent to the makers of the peers.
_QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "BENTOML_DO_NOT_TRACK": "True", "DO_NOT_TRACK": "true"}


def _bento_variables(packages: Path, model: Model) -> dict[str, str]:
    return _variables(packages, BENTOML_HOME=str(model.folder / "bentoml"), PYTHONPATH=str(APPS), **_QUIET)


def _save_bentoml(packages: Path, model: Model) -> None:
    script = [str(packages / "python"), str(APPS / "bentoml_save.py"), str(model.nameless)]
    subprocess.run(
        script, check=True, env=_bento_variables(packages, model), cwd=model.folder, stdout=subprocess.DEVNULL
    )


def _serve_bentoml(service: str) -> Callable[[Path, Model, int], Command]:
    def serve(packages: Path, model: Model, port: int) -> Command:
        where = ["--host", "127.0.0.1", "--port", str(port)]
        return Command([str(packages / "bentoml"), "serve", service, *where], _bento_variables(packages, model))

    return serve


def _serve_fastapi(packages: Path, model: Model, port: int) -> Command:
    where = ["--app-dir", str(APPS), "--host", "127.0.0.1", "--port", str(port)]
    variables = _variables(packages, ESTIMATOR=str(model.estimator))
    return Command([str(packages / "uvicorn"), "fastapi_app:app", *where], variables)


def _serve_aws(packages: Path, model: Model, port: int) -> Command:
    folder = _workplace("aws", model)
    path = os.pathsep.join([str(APPS / "bin"), str(packages), os.environ["PATH"]])
    variables = {
        "PATH": path,
        "PYTHONPATH": str(APPS),
        "ESTIMATOR": str(model.nameless),
        "SAGEMAKER_BASE_DIR": str(folder / "ml"),
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "SAGEMAKER_SERVING_MODULE": "aws_entry:main",
        "SAGEMAKER_MODEL_SERVER_WORKERS": "1",
    }
    return Command([str(packages / "python"), str(APPS / "aws_serve.py")], variables)


PEERS = (
    Peer(
        name="Heirloom, compiled",
        key="compiled",
        packages="image",
        path="/invocations",
        body=lambda rows: {"inputs": _records(rows)},
        chances=_of_label,
        serve=_ours(),
    ),
    Peer(
        name="Heirloom, scikit-learn",
        key="scikit-learn",
        packages="image",
        path="/invocations",
        body=lambda rows: {"inputs": _records(rows)},
        chances=_of_label,
        # The same folder, with the compiled copy left alone: what serves a model that can't be compiled.
        serve=_ours(HEIRLOOM_SERVE_WITH="scikit-learn"),
    ),
    Peer(
        name="MLflow 3.17.2 `models serve`",
        key="mlflow",
        packages="mlflow",
        path="/invocations",
        # The fastest of its dialects; with "dataframe_split" it answers 0.6 times as many.
        body=lambda rows: {"inputs": _lists(rows)},
        chances=lambda answer: _second(answer["predictions"]),
        serve=_serve_mlflow,
        save=_save_mlflow,
    ),
    Peer(
        name="BentoML 1.4.39",
        key="bentoml",
        packages="bentoml",
        path="/predict",
        body=lambda rows: {"inputs": _lists(rows)},
        chances=_second,
        serve=_serve_bentoml("bentoml_service:Tumour"),
        save=_save_bentoml,
    ),
    Peer(
        name="BentoML 1.4.39, batching",
        key="bentoml-batching",
        packages="bentoml",
        path="/predict",
        body=lambda rows: {"inputs": _lists(rows)},
        chances=_second,
        serve=_serve_bentoml("bentoml_service:BatchingTumour"),
        save=_save_bentoml,
    ),
    Peer(
        name="FastAPI 0.165.0, pydantic and pandas",
        key="fastapi",
        packages="fastapi",
        path="/predict",
        body=lambda rows: {"inputs": _records(rows)},
        chances=lambda answer: _second(answer["probabilities"]),
        serve=_serve_fastapi,
    ),
    Peer(
        name="AWS's scikit-learn container stack",
        key="aws",
        packages="aws",
        path="/invocations",
        body=_lists,
        chances=_second,
        serve=_serve_aws,
        dependencies=False,
    ),
)
