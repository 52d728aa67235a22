"""Columns and ids are read once, as long as there is room for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from heirloom.adapters.memory.documents import MemoryDocuments
from heirloom.core.tracking.documents import Key
from heirloom.core.tracking.index.column import encode
from heirloom.core.tracking.index.recalled import Recalled

PARTITION = "blocks#1#x"
ROWS = 3


@dataclass
class Read(MemoryDocuments):
    """``asked`` has the ids of each call."""

    asked: list[list[str]] = field(default_factory=list)

    def get_columns(self, keys: Sequence[Key]) -> Mapping[Key, bytes]:
        self.asked.append([identity for _, identity in keys])
        return super().get_columns(keys)


@pytest.fixture
def documents() -> Read:
    stored = Read()
    stored.put_columns(PARTITION, {name: encode({1: float(place)}, ROWS) for place, name in enumerate("abc")})
    return stored


def values(recalled: Recalled, documents: Read, names: str) -> list[object]:
    columns = recalled.columns({(PARTITION, name): ROWS for name in names}, documents)
    return [columns[PARTITION, name].at(1) for name in names]


def test_a_column_is_read_once(documents: Read) -> None:
    recalled = Recalled()

    assert values(recalled, documents, "ab") == [0, 1]
    assert values(recalled, documents, "bca") == [1, 2, 0]
    assert values(recalled, documents, "abc") == [0, 1, 2]

    assert documents.asked == [["a", "b"], ["c"]]


def test_that_a_block_has_none_is_known_too(documents: Read) -> None:
    recalled = Recalled()

    assert [values(recalled, documents, "z") for _ in range(2)] == [[None], [None]]

    assert documents.asked == [["z"]]


def test_who_was_not_asked_for_the_longest_time_is_forgotten(documents: Read) -> None:
    recalled = Recalled(most=2 * 8 * ROWS)

    for names in ("a", "b", "a", "c", "a", "b"):
        values(recalled, documents, names)

    assert documents.asked == [["a"], ["b"], ["c"], ["b"]]


def test_what_is_too_much_at_once_is_told_all_the_same(documents: Read) -> None:
    recalled = Recalled(most=1)

    assert [values(recalled, documents, "abc") for _ in range(2)] == [[0, 1, 2], [0, 1, 2]]


def test_ids_are_read_once(documents: Read) -> None:
    recalled, keys = Recalled(), [(PARTITION, "ids#0000"), (PARTITION, "ids#0000")]
    documents.put_columns(PARTITION, {"ids#0000": b"twelve bytes"})

    assert [recalled.ids(keys, documents) for _ in range(2)] == [{keys[0]: b"twelve bytes"}] * 2

    assert documents.asked == [["ids#0000"]]
