"""Evaluation datasets: made, told, tagged, sorted into experiments, and deleted.

What is not there is no error where MLflow's server says of none: deleting it, its tags, its experiments.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from heirloom.core.tracking import experiments, limits
from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.documents import Data, Document, change
from heirloom.core.tracking.evaluation import dataset as datasets
from heirloom.core.tracking.evaluation.given import tags_of
from heirloom.core.tracking.evaluation.records import ROOM, claims_of
from heirloom.core.tracking.ids import EVALUATION_DATASETS, evaluation_dataset_id, partition_of_records
from heirloom.core.tracking.steps import Step, carry_out, fitting
from heirloom.core.tracking.tracking import Answer, Tracking

NAME = 255
"""Characters."""


def create(asked: Asked, tracking: Tracking) -> Answer:
    """POST datasets/create; several may have the same name."""
    name, tags = asked.needed("name"), tags_of(asked)
    limits.check_length("name", NAME, name)
    of = list(dict.fromkeys(asked.texts("experiment_ids")))
    document = datasets.new(evaluation_dataset_id(tracking.draw()), name, tags, of, tracking.now)
    tracking.documents.write(document)
    return {"dataset": datasets.told(document.data, with_experiments=True)}


def get(asked: Asked, tracking: Tracking) -> Answer:
    """GET datasets/{dataset_id}."""
    identity = asked.needed("dataset_id")
    return {"dataset": datasets.told(datasets.existing(identity, datasets.found(identity, tracking)).data)}


def delete(asked: Asked, tracking: Tracking) -> Answer:
    """DELETE datasets/{dataset_id}, with its records: where they are many, the first write hides it."""
    identity = asked.needed("dataset_id")
    documents = tracking.documents

    def plan() -> Step:
        document = documents.get(EVALUATION_DATASETS, identity)
        if document is None:
            return Step({})
        known = list(islice(documents.of(partition_of_records(identity)), ROOM + 1))
        going = fitting(known, ROOM)
        gone = (*going, *claims_of(identity, going, tracking))
        if len(going) == len(known):
            return Step({}, (), (*gone, document))
        return Step(None, (document.with_data({**document.data, datasets.GOING: True}),), gone)

    return carry_out(documents, plan)


def set_tags(asked: Asked, tracking: Tracking) -> Answer:
    """PATCH datasets/{dataset_id}/tags."""
    asked.needed("tags")
    new = tags_of(asked)
    _change(asked.needed("dataset_id"), tracking, lambda data: {"tags": {**data["tags"], **new}})
    return {}


def delete_tag(asked: Asked, tracking: Tracking) -> Answer:
    """DELETE datasets/{dataset_id}/tags/{key}; there may be none."""
    identity, key = asked.needed("dataset_id"), asked.needed("key")

    def without(data: Data) -> Data:
        return {"tags": {name: value for name, value in data["tags"].items() if name != key}}

    if datasets.found(identity, tracking) is not None:
        _change(identity, tracking, without)
    return {}


def get_experiments(asked: Asked, tracking: Tracking) -> Answer:
    """GET datasets/{dataset_id}/experiment-ids."""
    document = datasets.found(asked.needed("dataset_id"), tracking)
    of = document.data["experiments"] if document else []
    return {"experiment_ids": of} if of else {}


def add_experiments(asked: Asked, tracking: Tracking) -> Answer:
    """POST datasets/{dataset_id}/add-experiments; deleted ones will do."""
    identity, added = asked.needed("dataset_id"), asked.texts("experiment_ids")
    datasets.existing(identity, datasets.found(identity, tracking))
    for each in added:
        experiments.found(each, tracking)

    def with_them(data: Data) -> Data:
        return {
            "experiments": list(dict.fromkeys([*data["experiments"], *added])),
            "last_update_time": tracking.now,
        }

    return {"dataset": datasets.told(_change(identity, tracking, with_them))}


def remove_experiments(asked: Asked, tracking: Tracking) -> Answer:
    """POST datasets/{dataset_id}/remove-experiments; it need not be in them."""
    identity, removed = asked.needed("dataset_id"), set(asked.texts("experiment_ids"))

    def without(data: Data) -> Data:
        left = [each for each in data["experiments"] if each not in removed]
        return {"experiments": left, "last_update_time": tracking.now} if left != data["experiments"] else {}

    return {"dataset": datasets.told(_change(identity, tracking, without))}


def _change(identity: str, tracking: Tracking, new: Callable[[Data], Data]) -> Data:
    """Write what ``new`` says is new of a dataset, and give all of it back. Raises NotFound."""
    written: list[Data] = []

    def altered(document: Document | None) -> list[Document]:
        before = datasets.existing(identity, datasets.there(document))
        written[:] = [{**before.data, **new(before.data)}]
        return [before.with_data(written[0])] if written[0] != before.data else []

    change(tracking.documents, (EVALUATION_DATASETS, identity), altered)
    return written[0]
