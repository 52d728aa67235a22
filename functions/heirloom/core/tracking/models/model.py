"""A logged model as it is kept and as it is told.

Its document: ``info`` as MLflow tells it, ``params`` and ``tags`` by key, ``metrics`` (metrics.py) and
``lifecycle_stage``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from heirloom.core.errors import NotFound
from heirloom.core.tracking.documents import Data, Document, change
from heirloom.core.tracking.ids import partition_of_model
from heirloom.core.tracking.run import pairs
from heirloom.core.tracking.tracking import Answer, Tracking

ACTIVE, DELETED = "active", "deleted"


def found(identity: str, tracking: Tracking, deleted: bool = False) -> Data:
    """The model's data; of one that is deleted only if that is wanted. Raises NotFound."""
    data = _existing(identity, tracking.documents.get(partition_of_model(identity), identity)).data
    if data["lifecycle_stage"] == DELETED and not deleted:
        raise _missing(identity)
    return data


def alter(identity: str, tracking: Tracking, new: Callable[[Data], Data]) -> Data:
    """Write what ``new`` makes of a model, a deleted one too, and give it back. Raises NotFound, and what it raises."""
    written: list[Data] = []

    def altered(document: Document | None) -> list[Document]:
        before = _existing(identity, document)
        data = new(before.data)
        written[:] = [data]
        return [] if data == before.data else [before.with_data(data)]

    change(tracking.documents, (partition_of_model(identity), identity), altered)
    return written[0]


def told(data: Data) -> Answer:
    """As MLflow tells it."""
    identity = data["info"]["model_id"]
    tags = {"tags": pairs(data["tags"])} if data["tags"] else {}
    logged: dict[str, Any] = {
        "params": pairs(data["params"]),
        "metrics": [{**point, "model_id": identity} for point in data["metrics"]],
    }
    return {"info": {**data["info"], **tags}, "data": {name: value for name, value in logged.items() if value}}


def _existing(identity: str, document: Document | None) -> Document:
    if document is None:
        raise _missing(identity)
    return document


def _missing(identity: str) -> NotFound:
    return NotFound(f"Logged model with ID '{identity}' not found.")
