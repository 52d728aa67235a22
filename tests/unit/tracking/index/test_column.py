"""Columns: what goes in comes out, and passes as it would in a row."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from heirloom.core.tracking.index.column import EXACT, LONGEST, Column, decode, encode, nothing

ROWS = 40
NUMBERS = st.one_of(st.floats(), st.integers(-(2**70), 2**70))
TEXTS = st.one_of(st.sampled_from(["adam", "sgd", ""]), st.text(max_size=LONGEST + 5))
COLUMNS = st.one_of(st.dictionaries(st.integers(0, ROWS - 1), values, min_size=1) for values in (NUMBERS, TEXTS))


def _fits(value: Any) -> bool:
    return len(value) <= LONGEST if isinstance(value, str) else isinstance(value, float) or abs(value) <= EXACT


@settings(deadline=None)
@given(COLUMNS)
def test_what_goes_in_comes_out_or_is_unsure(values: dict[int, Any]) -> None:
    column = decode(encode(values, ROWS), ROWS)

    assert column.unsure == {row for row, value in values.items() if not _fits(value)}
    for row in range(ROWS):
        expected = values.get(row) if row not in column.unsure else None
        assert column.at(row) == expected or (math.isnan(expected) and math.isnan(column.at(row)))
    assert column.absent(range(ROWS)) == [row for row in range(ROWS) if row not in values]


def test_a_column_in_which_every_row_has_a_number_is_dense() -> None:
    column = decode(encode(dict.fromkeys(range(ROWS), 0.5) | {3: float("nan")}, ROWS), ROWS)

    assert column.dense
    assert column.where(lambda value: value > 0, range(ROWS)) == [row for row in range(ROWS) if row != 3]
    assert column.where(lambda value: value > 0, [2, 3, 5]) == [2, 5]


def test_only_rows_that_have_a_value_pass() -> None:
    numbers, texts = decode(encode({1: 0.5, 4: 2.5}, ROWS), ROWS), decode(encode({1: "a", 4: "b" * 300}, ROWS), ROWS)

    assert numbers.where(lambda _: True, range(ROWS)) == [1, 4]
    assert texts.where(lambda _: True, range(ROWS)) == [1]
    assert texts.unsure == {4}


def test_a_block_without_a_column_has_nothing_of_it() -> None:
    column: Column = nothing(3)

    assert column.where(lambda _: True, range(3)) == []
    assert column.absent([0, 2]) == [0, 2]


def test_what_shrinks_is_stored_smaller() -> None:
    assert len(encode(dict.fromkeys(range(8000), 1.0), 8000)) < 500
    assert len(encode({row: math.sin(row) for row in range(8000)}, 8000)) < 64_050
