"""Bytes as items of the table of documents: an item holds 400 KB, so long ones are several."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from heirloom.core.tracking.documents import Key

Item = dict[str, Any]
LARGEST = 380_000


def puts(partition: str, columns: Mapping[str, bytes]) -> Iterator[Item]:
    """What writes them: the first item of each says how many there are."""
    for identity, data in columns.items():
        pieces = [data[start : start + LARGEST] for start in range(0, len(data), LARGEST)] or [b""]
        for number, piece in enumerate(pieces):
            item = {**key((partition, _piece(identity, number))), "bytes": {"B": piece}}
            yield {"PutRequest": {"Item": {**item, **({} if number else {"pieces": {"N": str(len(pieces))}})}}}


def missing(items: Iterable[Item]) -> list[Item]:
    """The keys of the further pieces of these first ones."""
    return [
        key((item["partition"]["S"], _piece(item["id"]["S"], number)))
        for item in items
        for number in range(1, int(item["pieces"]["N"]))
    ]


def joined(items: Iterable[Item], further: Iterable[Item]) -> Mapping[Key, bytes]:
    """The whole of each, by its key."""
    pieces = {(item["partition"]["S"], item["id"]["S"]): item["bytes"]["B"] for item in further}
    return {
        (partition, identity): b"".join(
            [item["bytes"]["B"], *(pieces[partition, _piece(identity, n)] for n in range(1, int(item["pieces"]["N"])))]
        )
        for item in items
        for partition, identity in [(item["partition"]["S"], item["id"]["S"])]
    }


def key(of: Key) -> Item:
    """As DynamoDB has it."""
    return {"partition": {"S": of[0]}, "id": {"S": of[1]}}


def _piece(identity: str, number: int) -> str:
    """No column's own id begins with a number and a tilde."""
    return f"{number}~{identity}" if number else identity
