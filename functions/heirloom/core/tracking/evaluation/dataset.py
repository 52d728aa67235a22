"""An evaluation dataset as it is kept and as it is told.

Its document: what MLflow tells of it, but for ``experiments``, which are told when they are asked for; ``last``, the
number given to its newest record, and ``records``, how many it has. ``going`` is there while it is being deleted.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from heirloom.core.errors import NotFound
from heirloom.core.tracking.documents import Data, Document
from heirloom.core.tracking.ids import EVALUATION_DATASETS
from heirloom.core.tracking.tracking import Answer, Tracking

GOING = "going"
USER = "mlflow.user"
"""The tag, of a dataset or a record, by which a client says who writes."""
_TOLD = ("dataset_id", "name", "digest", "created_time", "last_update_time")
_PERHAPS = ("schema", "profile", "created_by", "last_updated_by")


def new(identity: str, name: str, tags: dict[str, str], experiments: list[str], now: int) -> Document:
    """A dataset that has no records yet."""
    user = tags.get(USER)
    data = {
        "dataset_id": identity,
        "name": name,
        "tags": tags,
        "experiments": experiments,
        "schema": None,
        "profile": None,
        "digest": digest(name, now),
        "created_time": now,
        "last_update_time": now,
        "created_by": user,
        "last_updated_by": user,
        "records": 0,
        "last": 0,
    }
    return Document(EVALUATION_DATASETS, identity, data)


def there(document: Document | None) -> Document | None:
    """The document of a dataset that is there; None of one that is going."""
    return None if document is None or GOING in document.data else document


def found(identity: str, tracking: Tracking) -> Document | None:
    """The dataset's document, if there is one."""
    return there(tracking.documents.get(EVALUATION_DATASETS, identity))


def existing(identity: str, document: Document | None) -> Document:
    """Raises NotFound where there is none."""
    if document is None:
        raise NotFound(f"Evaluation dataset with id '{identity}' not found")
    return document


def told(data: Data, with_experiments: bool = False) -> Answer:
    """As MLflow tells it: tags are JSON in a text."""
    answer: dict[str, Any] = {name: data[name] for name in _TOLD}
    answer |= {name: data[name] for name in _PERHAPS if data[name] is not None}
    answer["tags"] = json.dumps(data["tags"])
    if with_experiments and data["experiments"]:
        answer["experiment_ids"] = data["experiments"]
    return answer


def digest(name: str, now: int) -> str:
    """Eight hexadecimal digits, which another write of records changes."""
    return hashlib.sha256(f"{name}:{now}".encode()).hexdigest()[:8]


def profile(records: int) -> str:
    """What MLflow tells of how large it is: JSON in a text."""
    return json.dumps({"num_records": records} if records else None)
