"""What a run has read and made: datasets and logged models."""

from __future__ import annotations

from typing import Any

from heirloom.core.errors import Invalid
from heirloom.core.tracking import limits
from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.documents import Data
from heirloom.core.tracking.run import alter
from heirloom.core.tracking.runs import named
from heirloom.core.tracking.tracking import Answer, Tracking

NAME, DIGEST, SOURCE, SCHEMA, PROFILE, TAG_KEY, TAG_VALUE = 500, 36, 65_535, 1_048_575, 16_777_215, 255, 500
"""Characters of what is told of a dataset, as MLflow's server limits them."""


def log_inputs(asked: Asked, tracking: Tracking) -> Answer:
    """POST runs/log-inputs; a dataset that the run has read already is not told twice."""
    identity = named(asked)
    datasets = [_dataset_input(each) for each in asked.items("datasets")]
    models = [{"model_id": each.needed("model_id")} for each in asked.items("models")]

    def logged(run: Data) -> Data:
        known = run["inputs"]
        return {
            **run,
            "inputs": {
                "dataset_inputs": _once(known.get("dataset_inputs", []), datasets, _of_dataset),
                "model_inputs": _once(known.get("model_inputs", []), models, _of_model),
            },
        }

    alter(identity, tracking, logged)
    return {}


def log_outputs(asked: Asked, tracking: Tracking) -> Answer:
    """POST runs/outputs."""
    models = [{"model_id": each.needed("model_id"), "step": each.whole("step")} for each in asked.items("models")]
    if not asked.has("models"):
        asked.needed("models")
    alter(named(asked), tracking, lambda run: {**run, "outputs": _once(run["outputs"], models, _of_model)})
    return {}


def _once(known: list[Any], new: list[Any], what: Any) -> list[Any]:
    """Each once, by what it is of; the first counts."""
    return list({what(each): each for each in (*reversed(new), *reversed(known))}.values())[::-1]


def _of_dataset(given: dict[str, Any]) -> tuple[str, str]:
    return given["dataset"]["name"], given["dataset"]["digest"]


def _of_model(given: dict[str, Any]) -> str:
    return str(given["model_id"])


def _dataset_input(given: Asked) -> dict[str, Any]:
    if not given.has("dataset"):
        raise Invalid("Dataset input must have a dataset associated with it.")
    dataset = given.item("dataset")
    told = {name: dataset.text(name) for name in ("name", "digest", "source_type", "source")}
    told |= {name: dataset.text(name) for name in ("schema", "profile") if dataset.has(name)}
    long = {"name": NAME, "digest": DIGEST, "source": SOURCE, "schema": SCHEMA, "profile": PROFILE}
    for name, limit in long.items():
        limits.check_length(name, limit, told.get(name, ""))
    tags = [{"key": key, "value": value} for key, value in given.pairs("tags")]
    for tag in tags:
        limits.check_length("key", TAG_KEY, tag["key"])
        limits.check_length("value", TAG_VALUE, tag["value"])
    return {"dataset": told, **({"tags": tags} if tags else {})}
