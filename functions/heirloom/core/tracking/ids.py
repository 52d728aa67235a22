"""Names of documents: which partition holds what, and ids that say where to look.

The id of a run and of a logged model begins with eight digits that its experiment gives it, so that one read finds
them, and what belongs to an experiment is together, in SHARDS partitions, since one alone takes 1,000 writes a second.
"""

from __future__ import annotations

import hashlib

from heirloom.core.errors import NotFound
from heirloom.core.tracking.documents import Key

SHARDS = 16
EXPERIMENTS, EXPERIMENT_NAMES = "experiments", "experiment-names"
LAST_EXPERIMENT = ("numbers", "experiments")
"""The key of the document that has the number given last: experiments are numbered, as people say and type it."""
REGISTERED_MODELS, MODEL_VERSIONS = "registered-models", "model-versions"
EVALUATION_DATASETS = "evaluation-datasets"
MODEL = "m-"
"""What the id of a logged model begins with."""
_DIGITS = 8


def run_id(experiment: str, drawn: str) -> str:
    """The id of a new run: 32 hexadecimal digits, of which ``drawn``, as many, gives those that tell it apart."""
    return of_experiment(experiment) + drawn[_DIGITS:]


def model_id(experiment: str, drawn: str) -> str:
    """The id of a new logged model."""
    return MODEL + run_id(experiment, drawn)


def partition_of_run(run: str) -> str:
    """Where a run's document is. Raises NotFound for what can be no run's id."""
    return _partition("runs", run, f"Run with id={run} not found")


def key_of_deleted(identity: str) -> Key:
    """The key of the document that says which experiments are deleted, of those whose digits begin a run's id: what is
    logged to a run is so checked without a look for its experiment first."""
    return "deleted-experiments", identity[:_DIGITS]


def partition_of_tokens(experiment: str) -> str:
    """Where it says what client tokens have made in an experiment."""
    return f"tokens#{experiment}"


def is_run_id(run: str) -> bool:
    """Whether it can be a run's id."""
    return len(run) > _DIGITS


def is_partition_of_runs(partition: str) -> bool:
    """Whether runs' documents are in it."""
    return partition.startswith("runs#")


def partition_of_model(model: str) -> str:
    """Where a logged model's document is. Raises NotFound for what can be no model's id."""
    return _partition("models", model.removeprefix(MODEL), f"Logged model with ID '{model}' not found.")


def partitions_of_runs(experiment: str) -> list[str]:
    """Where the documents of an experiment's runs are; of another one now and then, too."""
    return [f"runs#{of_experiment(experiment)}#{shard:x}" for shard in range(SHARDS)]


def partitions_of_models(experiment: str) -> list[str]:
    """Where the documents of an experiment's logged models are; of another one now and then, too."""
    return [f"models#{of_experiment(experiment)}#{shard:x}" for shard in range(SHARDS)]


def partition_of_history(run: str) -> str:
    """Where the points of a run's metrics are."""
    return f"history#{run}"


def evaluation_dataset_id(drawn: str) -> str:
    """The id of a new evaluation dataset."""
    return f"d-{drawn}"


def partition_of_records(dataset: str) -> str:
    """Where the records of an evaluation dataset are."""
    return f"records#{dataset}"


def partition_of_inputs(dataset: str) -> str:
    """Where it says which record has which inputs."""
    return f"inputs#{dataset}"


def _partition(kind: str, identity: str, missing: str) -> str:
    if not is_run_id(identity):
        raise NotFound(missing)
    return f"{kind}#{identity[:_DIGITS]}#{identity[-1]}"


def of_experiment(experiment: str) -> str:
    """The digits with which an experiment begins the ids of what is in it."""
    return hashlib.sha256(experiment.encode()).hexdigest()[:_DIGITS]
