"""A registered model as it is kept and as it is told. Pure.

Its document: ``last``, the last number given to a version, which is never given again; ``latest``, the newest version
of each stage; ``aliases``, each with the number of its version; ``tags`` by key. Whoever adds or deletes a version, or
moves it to another stage, writes the model's document with it: so of those who try at once one comes first.

While all of it goes away, renamed or deleted, in more than one write, ``leaving`` says where to; a name that a model is
on its way to has a document with ``arriving`` alone, which keeps others from it (leaving.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from heirloom.core.tracking.documents import Data, Document, Key
from heirloom.core.tracking.ids import REGISTERED_MODELS
from heirloom.core.tracking.tracking import Answer


def key_of(name: str) -> Key:
    """Where a model's document is."""
    return REGISTERED_MODELS, name


def new(name: str, description: str, tags: Mapping[str, str], now: int) -> Document:
    """A model that has no versions yet."""
    data = {
        "name": name,
        "creation_timestamp": now,
        "last_updated_timestamp": now,
        "description": description,
        "tags": tags,
        "aliases": {},
        "latest": {},
        "last": 0,
    }
    return Document(*key_of(name), data)


def told(model: Data, latest: Iterable[Answer]) -> Answer:
    """As MLflow tells it, with its latest versions as it tells them; what is empty is left out."""
    whole = {
        "name": model["name"],
        "creation_timestamp": model["creation_timestamp"],
        "last_updated_timestamp": model["last_updated_timestamp"],
        "description": model["description"],
        "latest_versions": list(latest),
        "tags": pairs(model["tags"]),
        "aliases": [{"alias": alias, "version": str(number)} for alias, number in model["aliases"].items()],
    }
    return {name: value for name, value in whole.items() if value}


def pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as MLflow tells them."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def aliases_of(model: Data, number: int) -> list[str]:
    """The aliases of one of its versions."""
    return [alias for alias, each in model["aliases"].items() if each == number]
