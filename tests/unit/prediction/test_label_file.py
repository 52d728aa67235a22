"""Rows of labels, and the file that those are put aside in which nobody knows yet."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from heirloom.adapters.label_files import csv_rows
from heirloom.core.prediction.label_file import LabelRow, csv_of, rows_of
from heirloom.core.prediction.truth import fitted

AT = "2026-11-23T15:10:09.123Z"
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8)
ROWS = st.lists(st.builds(LabelRow, st.integers(1, 10**7), TEXTS, TEXTS, st.none() | st.just(AT)), max_size=9)


@given(ROWS, ROWS)
def test_what_is_put_aside_comes_back_as_it_was(rows: list[LabelRow], more: list[LabelRow]) -> None:
    body = csv_of(rows) + csv_of(more, header=False)

    assert list(rows_of(body)) == [*rows, *more]


@given(ROWS.filter(bool))
def test_what_was_put_aside_is_a_file_of_labels(rows: list[LabelRow]) -> None:
    read = list(csv_rows([csv_of(rows)]))

    assert [row[1:] for row in read] == [row[1:] for row in rows]


@given(st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False))
def test_a_label_that_was_put_aside_is_the_same_label(label: float) -> None:
    (row,) = rows_of(csv_of([LabelRow(2, "a", label)]))

    assert fitted(row.label, {"label": False}) == fitted(label, {"label": False})
    assert fitted(row.label, {"label": 3}) == fitted(label, {"label": 3})
    assert fitted(row.label, {"value": 3.5}) == fitted(label, {"value": 3.5})


def test_a_row_without_a_moment_says_none_to_the_api() -> None:
    assert LabelRow(2, "a", "red").to_document() == {"id": "a", "label": "red"}
    assert LabelRow(2, "a", "red", AT).to_document() == {"id": "a", "label": "red", "at": AT}
