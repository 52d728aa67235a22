"""The records of a dataset: written, read in pages, deleted.

A record is written with its dataset, and with a document that keeps its inputs to it, so that of those who write the
same inputs at once one comes first. More than one write takes are written one part after the other: begun anew after
that was broken off, nothing is there twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from heirloom.core.errors import Invalid
from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.documents import Document
from heirloom.core.tracking.evaluation import dataset as datasets
from heirloom.core.tracking.evaluation.given import records_of
from heirloom.core.tracking.evaluation.record import id_of, key_of, merged, new, place_of, told
from heirloom.core.tracking.evaluation.schema import with_records
from heirloom.core.tracking.ids import partition_of_inputs, partition_of_records
from heirloom.core.tracking.steps import BYTES, Step, carry_out, fitting
from heirloom.core.tracking.tracking import Answer, Tracking

ROOM = 49
"""Records in a write: each with the document of its inputs, and one for the dataset."""
USUAL, LARGEST = 1000, 3_000_000
"""Of a page: records where nothing is said of how many, and characters; an answer of a function has 6 MB."""
_BLOCK = 8
"""Bits of a place: ids that begin with the same others are read with one request."""
Given = Sequence[tuple[str, Mapping[str, Any]]]
"""Records of a request by the digests of their inputs."""


def upsert(asked: Asked, tracking: Tracking) -> Answer:
    """POST datasets/{dataset_id}/records: new ones, and changes of those with the same inputs."""
    identity = asked.needed("dataset_id")
    left: Given = [(key_of(each), each) for each in records_of(asked)]
    users = [each["tags"][datasets.USER] for _, each in left if datasets.USER in (each.get("tags") or {})]
    now, user = tracking.now, users[-1] if users else None
    counts = {"inserted_count": 0, "updated_count": 0}
    while True:
        taken = _written(identity, left, user, now, tracking)
        counts = {name: count + taken[name] for name, count in counts.items()}
        left = left[taken["inserted_count"] + taken["updated_count"] :]
        if not left:
            return counts


def get(asked: Asked, tracking: Tracking) -> Answer:
    """GET datasets/{dataset_id}/records: the first that was written first; none of a dataset that is not there."""
    identity, token = asked.needed("dataset_id"), asked.text("page_token")
    most, place = asked.whole("max_results") or USUAL, place_of(token) if token else 0
    if most < 0 or place is None:
        raise Invalid(f"Invalid page of records: max_results={most}, page_token={token!r}")
    document = datasets.found(identity, tracking)
    shown: list[str] = []
    last, room = "", LARGEST
    for each in _after(place, document, tracking) if document else ():
        if len(shown) == most or room < 0:
            return {"records": _list(shown), "next_page_token": last}
        shown.append(json.dumps(told(each.data, identity)))
        last, room = each.id, room - len(shown[-1])
    return {"records": _list(shown)}


def delete(asked: Asked, tracking: Tracking) -> Answer:
    """DELETE datasets/{dataset_id}/records: those of the ids that there are."""
    identity = asked.needed("dataset_id")
    left = [each for each in dict.fromkeys(asked.texts("dataset_record_ids")) if place_of(each)]
    deleted = 0
    while left:
        answer = _deleted(identity, left[:ROOM], tracking)
        deleted, left = deleted + answer["deleted"], [*answer["left"], *left[ROOM:]]
    return {"deleted_count": deleted}


def claims_of(dataset: str, records: Sequence[Document], tracking: Tracking) -> list[Document]:
    """The documents that keep their inputs to these"""
    keys = [(partition_of_inputs(dataset), each.data["key"]) for each in records]
    return list(tracking.documents.get_many(keys).values())


def _written(identity: str, given: Given, user: str | None, now: int, tracking: Tracking) -> Mapping[str, int]:
    """Write as many as one write takes: how many of them are new, and how many are not."""

    def plan() -> Step:
        dataset = datasets.existing(identity, datasets.found(identity, tracking))
        known = _known(identity, [key for key, _ in given[:ROOM]], tracking)
        changed, claims, taken = _changed(dataset, given[:ROOM], known, now)
        count, schema = dataset.data["records"] + len(claims), dataset.data["schema"]
        data = {
            **dataset.data,
            "records": count,
            "last": dataset.data["last"] + len(claims),
            "schema": with_records(schema, [each for _, each in given[:taken]]) if given else schema,
            "profile": datasets.profile(count) if count else dataset.data["profile"],
            "digest": datasets.digest(dataset.data["name"], now),
            "last_update_time": now,
            "last_updated_by": user,
        }
        answer = {"inserted_count": len(claims), "updated_count": taken - len(claims)}
        return Step(answer, (dataset.with_data(data), *changed, *claims))

    return carry_out(tracking.documents, plan)


def _changed(
    dataset: Document, given: Given, known: Mapping[str, Document], now: int
) -> tuple[list[Document], list[Document], int]:
    """The records as they are written, the claims of those that are new, and how many fit into a write."""
    changed: dict[str, Document] = {}
    claims: list[Document] = []
    room = BYTES
    for taken, (key, each) in enumerate(given):
        before = changed.get(key) or known.get(key)
        if before is None:
            identity = id_of(dataset.data["last"] + len(claims) + 1, key)
            after = Document(partition_of_records(dataset.id), identity, new(identity, key, each, now))
        else:
            after = before.with_data(merged(before.data, each, now))
        room -= len(json.dumps(after.data))
        if room < 0 and changed:
            return list(changed.values()), claims, taken
        if before is None:
            claims.append(Document(partition_of_inputs(dataset.id), key, {"record": identity}))
        changed[key] = after
    return list(changed.values()), claims, len(given)


def _known(dataset: str, keys: Sequence[str], tracking: Tracking) -> dict[str, Document]:
    """Those records of these inputs that there are."""
    claims = tracking.documents.get_many([(partition_of_inputs(dataset), key) for key in keys])
    ids = [(partition_of_records(dataset), claim.data["record"]) for claim in claims.values()]
    return {each.data["key"]: each for each in tracking.documents.get_many(ids).values()}


def _deleted(identity: str, ids: Sequence[str], tracking: Tracking) -> Answer:
    """Delete as many of those that there are as one write takes: how many they are, and which are left."""

    def plan() -> Step:
        dataset = datasets.found(identity, tracking)
        keys = [(partition_of_records(identity), each) for each in ids]
        known = list(tracking.documents.get_many(keys).values()) if dataset else []
        if dataset is None or not known:
            return Step({"deleted": 0, "left": []})
        going = fitting(known, ROOM)
        count = dataset.data["records"] - len(going)
        changed = dataset.with_data({**dataset.data, "records": count, "profile": datasets.profile(count)})
        answer = {"deleted": len(going), "left": [each.id for each in known[len(going) :]]}
        return Step(answer, (changed,), (*going, *claims_of(identity, going, tracking)))

    return carry_out(tracking.documents, plan)


def _after(place: int, dataset: Document, tracking: Tracking) -> Iterator[Document]:
    """The records behind a place, in the order of their places."""
    for block in range(place >> _BLOCK, (dataset.data["last"] >> _BLOCK) + 1):
        for each in tracking.documents.of(partition_of_records(dataset.id), f"dr-{block:06x}"):
            if (place_of(each.id) or 0) > place:
                yield each


def _list(shown: Sequence[str]) -> str:
    return f"[{', '.join(shown)}]"
