"""A version of a registered model as it is kept and as it is told. Pure.

``storage_location`` is where its artifacts are: its ``source`` but for one that names another model.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from heirloom.core.tracking.documents import Data, Key
from heirloom.core.tracking.ids import MODEL_VERSIONS
from heirloom.core.tracking.registry.model import aliases_of, pairs
from heirloom.core.tracking.registry.names import NONE
from heirloom.core.tracking.tracking import Answer

MOST = 99_999_999
"""Versions of a model: their ids are in the order of their numbers as far as that."""
READY = "READY"


def beginning(name: str) -> str:
    """What the ids of a model's versions begin with; names have no slash in them."""
    return f"{name}/"


def key_of(name: str, number: int) -> Key:
    """Where a version's document is."""
    return MODEL_VERSIONS, f"{beginning(name)}{number:08d}"


def new(name: str, number: int, now: int) -> dict[str, Any]:
    """What is so of every version when it is made; ``now`` in ms since 1970."""
    return {
        "name": name,
        "version": number,
        "creation_timestamp": now,
        "last_updated_timestamp": now,
        "current_stage": NONE,
    }


def told(version: Data, model: Data) -> Answer:
    """As MLflow tells it, with the aliases that its model gives it; what is not set is left out."""
    whole = {
        "name": version["name"],
        "version": str(version["version"]),
        "creation_timestamp": version["creation_timestamp"],
        "last_updated_timestamp": version["last_updated_timestamp"],
        "current_stage": version["current_stage"],
        "description": version["description"],
        "source": version["source"],
        "run_id": version["run_id"],
        "run_link": version["run_link"],
        "status": READY,
        "tags": pairs(version["tags"]) or None,
        "aliases": aliases_of(model, version["version"]) or None,
    }
    return {name: value for name, value in whole.items() if value is not None}


def latest_of(versions: Iterable[Data]) -> dict[str, int]:
    """The newest version of each stage, of versions in the order of their numbers."""
    return {version["current_stage"]: version["version"] for version in versions}
