"""A column: one thing that is known of each run of a block, as bytes and as what a search goes through.

Numbers are eight bytes each; texts are numbered, so that each is compared once. What a column can't hold as it is, a
long text or a number that is no float, is ``unsure``: the run itself says.
"""

from __future__ import annotations

import json
import struct
import zlib
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

LONGEST = 250
"""Characters of a text that a column holds."""
EXACT = 2**53
"""Up to here every whole number is a float."""
_HEAD = struct.Struct("<cIII")
_NUMBERS, _TEXTS = b"n", b"t"
_MISSING, _UNSURE, _FIRST = 0, 1, 2
"""Codes of texts."""
_WORTH_IT = 0.8
"""Random floats hardly shrink: what is stored as it is needs not be unpacked."""
Test = Callable[[Any], bool]


@dataclass(frozen=True)
class Column:
    """``values`` has one for each row; or ``codes`` has, and ``values`` are the texts that these mean."""

    values: Sequence[Any]
    codes: Sequence[int] | None = None
    unsure: frozenset[int] = field(default_factory=frozenset)
    dense: bool = False
    """Whether each row has a value."""

    def at(self, row: int) -> Any:
        """What a row has; None for nothing, and where it is unsure."""
        return self.values[row] if self.codes is None else self.values[self.codes[row]]

    def of(self, rows: Sequence[int]) -> Sequence[Any]:
        """What these rows have."""
        values, codes = self.values, self.codes
        if codes is not None:
            return [values[codes[row]] for row in rows]
        return values if len(rows) == len(values) else [values[row] for row in rows]

    def where(self, test: Test, rows: Sequence[int]) -> list[int]:
        """Those of the rows whose value passes; none that has none, or is unsure."""
        if self.codes is not None:
            passed = {code for code, text in enumerate(self.values) if text is not None and test(text)}
            codes = self.codes
            return [row for row in rows if codes[row] in passed]
        values = self.values
        if not self.dense:
            rows = [row for row in rows if values[row] is not None]
        whole = len(rows) == len(values)
        return list(compress(rows, map(test, values if whole else map(values.__getitem__, rows))))

    def absent(self, rows: Iterable[int]) -> list[int]:
        """Those of the rows that have none."""
        return [row for row in rows if self.at(row) is None and row not in self.unsure]


def nothing(rows: int) -> Column:
    """The column of what no run of a block has."""
    return Column([None] * rows)


def encode(values: Mapping[int, Any], rows: int) -> bytes:
    """The column of these values by row: all of them numbers or all of them texts."""
    if any(isinstance(value, str) for value in values.values()):
        packed = _texts(values, rows)
    else:
        packed = _numbers(values, rows)
    small = zlib.compress(packed, 1)
    return b"z" + small if len(small) < len(packed) * _WORTH_IT else b"r" + packed


def decode(data: bytes, rows: int) -> Column:
    """What ``encode`` made of ``rows`` rows."""
    packed = zlib.decompress(data[1:]) if data[:1] == b"z" else data[1:]
    kind, present, unsure, words = _HEAD.unpack_from(packed)
    rest = memoryview(packed)[_HEAD.size :]
    if kind == _TEXTS:
        texts = json.loads(bytes(rest[:words]))
        codes = _whole(rest[words:], rows)
        doubtful = frozenset(row for row, code in enumerate(codes) if code == _UNSURE) if unsure else frozenset()
        return Column([None, None, *texts], codes, doubtful)
    values = array("d", bytes(rest[: present * 8])).tolist()
    places = _whole(rest[present * 8 :], unsure + (0 if present == rows else present))
    if present == rows:
        return Column(values, dense=True)
    sparse: list[Any] = [None] * rows
    for row, value in zip(places[unsure:], values, strict=True):
        sparse[row] = value
    return Column(sparse, unsure=frozenset(places[:unsure]))


def _numbers(values: Mapping[int, Any], rows: int) -> bytes:
    unsure = [row for row, value in values.items() if isinstance(value, int) and abs(value) > EXACT]
    sure = {row: value for row, value in values.items() if row not in unsure} if unsure else values
    places = array("H", [*unsure, *(sure if len(sure) < rows else ())])
    return _HEAD.pack(_NUMBERS, len(sure), len(unsure), 0) + array("d", sure.values()).tobytes() + places.tobytes()


def _texts(values: Mapping[int, Any], rows: int) -> bytes:
    known: dict[str, int] = {}
    codes, unsure = array("H", bytes(2 * rows)), 0
    for row, text in values.items():
        if isinstance(text, str) and len(text) <= LONGEST:
            codes[row] = known.setdefault(text, len(known) + _FIRST)
        else:
            codes[row], unsure = _UNSURE, unsure + 1
    words = json.dumps(list(known)).encode()
    return _HEAD.pack(_TEXTS, len(values), unsure, len(words)) + words + codes.tobytes()


def _whole(data: memoryview, count: int) -> Sequence[int]:
    numbers = array("H")
    numbers.frombytes(data[: 2 * count])
    return numbers
