"""What a run records in the tracking store, wherever it ran: said once, so that local and cloud runs compare.

Built by `heirloom run local` from what the training program left on this machine, and by the pipeline from what the
training job left in S3. Both give the same params, metrics, tags, inputs and artifacts; ``heirloom.where`` is the one
tag that says which of the two it was. In MLflow's words: https://mlflow.org/docs/latest/rest-api.html.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from heirloom.core.project.definition import Project, Scalar
from heirloom.core.project.parameters import text_of
from heirloom.core.run.evidence import Evidence

LOCAL, CLOUD = "local", "cloud"
RUN_TAG, WHERE_TAG, FAILURE_TAG = "heirloom.run", "heirloom.where", "heirloom.failure"
"""The id by which a run is found again, so that it is recorded once; where it ran; why it came to nothing."""
RUNNING, FINISHED, FAILED, KILLED = "RUNNING", "FINISHED", "FAILED", "KILLED"
"""How a run stands, in MLflow's words."""
PROJECT_FILE = "project.json"
BASELINE = "baseline."
"""What the name of a metric begins with that is the baseline's, on the same rows."""
_DIGITS = 16
"""Of a SHA-256, in a dataset's name: as the pipeline keeps datasets (core/dataset/ingest.py)."""


@dataclass(frozen=True)
class Data:
    """The file that was learnt from: its name without folders, its SHA-256 in hex, and the S3 URI or path it was read
    from; ``rows`` where somebody has counted."""

    name: str
    sha256: str
    source: str
    rows: int | None = None


@dataclass(frozen=True)
class Code:
    """``sha256`` of the packed project (adapters/project_folder.py, bundle); ``git_commit`` is "" outside of git."""

    sha256: str
    git_commit: str = ""


@dataclass(frozen=True)
class Place:
    """``where`` is LOCAL or CLOUD, ``host`` a machine's name or an instance's type, ``user`` who started it."""

    where: str
    host: str
    user: str


@dataclass(frozen=True)
class Attempt:
    """A project trained once: with which parameters (declared ones, overlaid), on what, from what, and where.

    ``id`` is the pipeline's id of the run or one of the same form, unique over both; ``name`` is what lists show.
    ``data`` is None as long as nobody has read it: a run of the pipeline begins before that.
    """

    id: str
    name: str
    project: Project
    parameters: Mapping[str, Scalar]
    data: Data | None
    code: Code
    place: Place


@dataclass(frozen=True)
class Record:
    """What is logged: ``metrics`` at step 0, ``inputs`` as runs/log-inputs takes them, ``artifacts`` bytes by path."""

    experiment: str
    name: str
    status: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    inputs: tuple[Mapping[str, Any], ...]
    artifacts: Mapping[str, bytes]


def begun(attempt: Attempt) -> Record:
    """The record of a training that has not ended."""
    return _record(attempt, RUNNING, {}, {}, {})


def succeeded(attempt: Attempt, evidence: Evidence) -> Record:
    """The record of a training that left a model and its evidence."""
    environment = {"heirloom.environment": _environment(evidence.environment)}
    return _record(attempt, FINISHED, _metrics(evidence), environment, evidence.files)


def failed(attempt: Attempt, reason: str) -> Record:
    """The record of a training that did not: what was tried, and why it came to nothing."""
    return _record(attempt, FAILED, {}, {FAILURE_TAG: reason}, {})


def _record(
    attempt: Attempt,
    status: str,
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
    files: Mapping[str, bytes],
) -> Record:
    project = json.dumps(attempt.project.to_document(), indent=1, ensure_ascii=False).encode()
    return Record(
        experiment=attempt.project.name,
        name=attempt.name,
        status=status,
        params=_params(attempt),
        metrics=metrics,
        tags={**_tags(attempt), **tags},
        inputs=(_input(attempt.data),) if attempt.data else (),
        artifacts={**files, PROJECT_FILE: project},
    )


def _params(attempt: Attempt) -> dict[str, str]:
    """Texts as hyperparameters are; a parameter named seed is the project's own, and stays."""
    used = {"seed": attempt.project.training.seed, **attempt.parameters}
    return {name: text_of(value) for name, value in used.items()}


def _metrics(evidence: Evidence) -> dict[str, float]:
    """A score that could not be computed is left out."""
    scores = evidence.scores
    told = {
        **{f"{BASELINE}{name}": value for name, value in scores.baseline.items()},
        "objective_met": float(scores.met),
        "train_rows": float(scores.train_rows),
        "test_rows": float(scores.test_rows),
        "train_seconds": evidence.train_seconds,
        **scores.test,
    }
    return {name: value for name, value in told.items() if value is not None}


def _tags(attempt: Attempt) -> dict[str, str]:
    tags = {
        "mlflow.user": attempt.place.user,
        "mlflow.source.name": attempt.project.name,
        "mlflow.source.type": "PROJECT",
        "mlflow.source.git.commit": attempt.code.git_commit,
        RUN_TAG: attempt.id,
        WHERE_TAG: attempt.place.where,
        "heirloom.host": attempt.place.host,
        "heirloom.code": attempt.code.sha256,
        "heirloom.dataset": f"{attempt.project.name}/{attempt.data.sha256[:_DIGITS]}" if attempt.data else "",
    }
    return {name: value for name, value in tags.items() if value}


def _environment(environment: Mapping[str, Any]) -> str:
    """Such as "python 3.12.4, numpy 2.3.1, pandas 2.3.0": what environment.json says at length."""
    packages = environment.get("packages")
    named = {"python": environment.get("python"), **(packages if isinstance(packages, Mapping) else {})}
    return ", ".join(f"{name} {version}" for name, version in named.items() if version)


def _input(data: Data) -> dict[str, Any]:
    """MLflow's DatasetInput."""
    dataset = {
        "name": data.name,
        "digest": data.sha256[:_DIGITS],
        "source_type": "s3" if data.source.startswith("s3://") else "local",
        "source": json.dumps({"uri": data.source}),
    }
    if data.rows is not None:
        dataset["profile"] = json.dumps({"num_rows": data.rows})
    return {"dataset": dataset, "tags": [{"key": "mlflow.data.context", "value": "training"}]}
