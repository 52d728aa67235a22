"""The image's programs as SageMaker runs them: found on PATH, told their directory, spoken to by files and HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

from heirloom.adapters.project_folder import bundle

REPOSITORY = Path(__file__).parents[2]
MODELS = REPOSITORY / "models"

YAML = """\
name: wine
description: Rate a wine.
owner: cellar
data:
  label: {label}
  features: {{acid: number, grape: category}}
  {data}
objective:
  statement: As the tasters do.
  metric: {metric}
  at_least: 0
training:
  parameters: {{depth: 2, pause: 0.0}}
  seed: 3
"""
MODEL = """\
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor


def train(frame, params):
    columns = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["grape"]), remainder="passthrough")
    tree = DecisionTreeClassifier(max_depth=params["depth"])
    return make_pipeline(columns, tree).fit(frame[["acid", "grape"]], frame["good"])
"""
BASELINE = """\
def predict(frame):
    return frame["acid"] > 20
"""
ROWS = [f"{place},{'red' if place % 3 else 'white'},{'true' if place > 25 else 'false'}" for place in range(50)]
DATA = "\n".join(["acid,grape,good", *ROWS]) + "\n"


def make_project(
    folder: Path,
    *,
    model: str = MODEL,
    baseline: str = BASELINE,
    label: str = "good",
    metric: str = "accuracy",
    data: str = "",
) -> Path:
    """A project called wine with these files."""
    folder.mkdir(parents=True)
    (folder / "model.yaml").write_text(YAML.format(label=label, metric=metric, data=data))
    (folder / "model.py").write_text(model)
    (folder / "baseline.py").write_text(baseline)
    return folder


def environment(base: Path, **variables: str) -> dict[str, str]:
    """What a container's program finds; none of the variables that this test runs with."""
    path = os.pathsep.join([str(REPOSITORY / "image" / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    return {"PATH": path, "HOME": os.environ.get("HOME", "/"), "SAGEMAKER_BASE_DIR": str(base), **variables}


@dataclass
class Job:
    """A training job's directory, and what came of it."""

    base: Path
    code: int = -1
    log: str = ""

    @property
    def reason(self) -> str:
        file = self.base / "output" / "failure"
        return file.read_text() if file.exists() else ""

    def read(self, name: str) -> Any:
        """One document of evidence; both copies must be the same."""
        model, output = ((self.base / folder / name).read_text() for folder in ("model", "output/data"))
        assert model == output
        return json.loads(model)


def prepare(base: Path, project: Path, data: str, hyperparameters: Mapping[str, str] | None = None) -> Job:
    """A job's input, as SageMaker lays it out."""
    for folder in ("input/data/data", "input/data/code", "input/config", "model"):
        (base / folder).mkdir(parents=True)
    (base / "input/data/data/data.csv").write_text(data)
    (base / "input/config/hyperparameters.json").write_text(json.dumps(hyperparameters or {}))
    bundle(project, base / "input/data/code/project.tar.gz")
    return Job(base)


def start_training(job: Job, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["train"],
        env=environment(job.base, **variables),
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def train(job: Job, **variables: str) -> Job:
    """Run the job to its end."""
    process = start_training(job, **variables)
    job.log = process.communicate(timeout=240)[0]
    job.code = process.returncode
    return job


@dataclass
class Endpoint:
    """A container that serves, its port and its directory."""

    process: subprocess.Popen[str]
    port: int
    base: Path

    def send(
        self, path: str, body: bytes | None = None, media_type: str = "application/json", method: str = ""
    ) -> tuple[int, Any]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method or ("GET" if body is None else "POST"), path, body, {"content-type": media_type})
            answer: HTTPResponse = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def predict(self, document: Any) -> tuple[int, Any]:
        return self.send("/invocations", json.dumps(document).encode())

    def ping(self) -> int | None:
        """The status of /ping; None while nobody listens."""
        try:
            return self.send("/ping")[0]
        except ConnectionError:
            return None

    def wait(self, seconds: float = 30) -> Endpoint:
        """Until it is healthy."""
        until = time.monotonic() + seconds
        while self.ping() != 200:
            assert self.process.poll() is None, "serve ended"
            assert time.monotonic() < until, "serve is not healthy"
            time.sleep(0.05)
        return self

    def stop(self) -> tuple[int, float]:
        """SIGTERM: the exit code, and the seconds that it took."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=20)
        return self.process.returncode, time.monotonic() - started


def serve(base: Path, port: int, **more: str) -> Endpoint:
    variables = {"SAGEMAKER_BIND_TO_PORT": str(port), "SAGEMAKER_BIND_TO_HOST": "127.0.0.1", **more}
    process = subprocess.Popen(
        ["serve"],
        env=environment(base, **variables),
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Endpoint(process, port, base)
