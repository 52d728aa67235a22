"""A record as it comes, as it is kept and as it is told. Pure.

``inputs`` tell records apart: what comes with inputs that the dataset has already changes that record. Its id says in
which place it is: what was written first is read first, and a page of records is read without those before it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from heirloom.core.errors import Invalid
from heirloom.core.tracking.documents import Data
from heirloom.core.tracking.evaluation.dataset import USER

SOURCES = ("UNSPECIFIED", "TRACE", "HUMAN", "DOCUMENT", "CODE")
PLACES = 0xFFFFFFFF
"""As many records may ever be written to a dataset."""
_ID = re.compile(r"dr-([0-9a-f]{8})[0-9a-f]{24}")
_OBJECTS = ("expectations", "tags", "source")


def key_of(given: Mapping[str, Any]) -> str:
    """What tells a record of a request apart: a digest of its inputs. Raises Invalid for what can be no record."""
    inputs = given.get("inputs", {})
    if not isinstance(inputs, dict):
        raise Invalid(f"'inputs' of a record must be an object, got {type(inputs).__name__}")
    for name in _OBJECTS:
        if not isinstance(given.get(name), dict | None):
            raise Invalid(f"'{name}' of a record must be an object, got {type(given[name]).__name__}")
    _source(given.get("source"))
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def id_of(place: int, key: str) -> str:
    """The id of a record: 35 characters. Raises Invalid for a dataset that is full."""
    if place > PLACES:
        raise Invalid(f"a dataset takes no more than {PLACES} records, those included that were deleted")
    return f"dr-{place:08x}{key[:24]}"


def place_of(identity: str) -> int | None:
    """The place that an id says; None of what is no id."""
    found = _ID.fullmatch(identity)
    return int(found[1], 16) if found else None


def new(identity: str, key: str, given: Mapping[str, Any], now: int) -> Data:
    """A record that nobody has written before. Raises Invalid."""
    tags = given.get("tags") or {}
    return {
        "dataset_record_id": identity,
        "key": key,
        "inputs": given.get("inputs", {}),
        "outputs": given.get("outputs", {}),
        "expectations": given.get("expectations"),
        "tags": tags,
        "source": _source(given.get("source")),
        "created_time": now,
        "last_update_time": now,
        "created_by": tags.get(USER),
        "last_updated_by": tags.get(USER),
    }


def merged(record: Data, given: Mapping[str, Any], now: int) -> Data:
    """What comes of a record that is written again: its source stays, its outputs are the new ones."""
    tags = given.get("tags") or {}
    expectations = given.get("expectations")
    return {
        **record,
        "outputs": given.get("outputs", record["outputs"]),
        "expectations": {**(record["expectations"] or {}), **expectations} if expectations else record["expectations"],
        "tags": {**record["tags"], **tags},
        "last_update_time": now,
        "last_updated_by": tags.get(USER, record["last_updated_by"]),
    }


def told(record: Data, dataset: str) -> dict[str, Any]:
    """As MLflow tells it; what is not set is left out."""
    whole = {**{name: value for name, value in record.items() if name != "key"}, "dataset_id": dataset}
    source = record["source"]
    if source:
        data = source["source_data"]
        whole["source_type"] = source["source_type"]
        whole["source_id"] = data.get("trace_id" if source["source_type"] == "TRACE" else "source_id")
    return {name: value for name, value in whole.items() if value is not None}


def _source(given: Mapping[str, Any] | None) -> Data | None:
    if not given:
        return None
    kind = str(given.get("source_type", "")).upper()
    if kind not in SOURCES:
        raise Invalid(f"Invalid dataset record source type: {kind}. Valid source types: {list(SOURCES)}")
    data = given.get("source_data") or {}
    if not isinstance(data, dict):
        raise Invalid(f"'source_data' of a record's source must be an object, got {type(data).__name__}")
    return {"source_type": kind, "source_data": data}
