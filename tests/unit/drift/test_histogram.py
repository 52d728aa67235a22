"""Counts over a training profile: what is where, and that counts of parts are counts of the whole."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heirloom.core.drift.histogram import ZERO, Column, Counts, Profile, count, merge
from heirloom.core.errors import Invalid
from tests.unit.drift.profiles import DOCUMENT, profile

NUMBERS = st.one_of(st.none(), st.integers(-(10**400), 10**400), st.floats(), st.sampled_from([80, 200.0, 4983.0, "x"]))
NAMES = st.one_of(st.none(), st.sampled_from(["UA", "DL", "AA", "", "ZZ"]), st.integers(0, 3), st.lists(st.integers()))
TEXTS = st.one_of(st.none(), st.text(max_size=30), st.integers())
LABELS = st.one_of(st.none(), st.booleans())
ROWS = st.lists(
    st.tuples(
        st.fixed_dictionaries({}, optional={"miles": NUMBERS, "carrier": NAMES, "note": TEXTS, "extra": NUMBERS}),
        st.fixed_dictionaries({}, optional={"label": LABELS}),
    ),
    max_size=6,
)


def counted(kind: str, *values: Any, **column: Any) -> Any:
    """The counts of one column."""
    whole = {"type": kind, "missing": 0, **column}
    found = Profile.from_document({**DOCUMENT, "features": {"it": whole}})
    return count(found, [({"it": value}, {}) for value in values])["features"]["it"]


NUMBER = {"edges": [1.0, 2.0], "counts": [5, 5, 5], "least": 0.0, "most": 3.0}
NAMED = {"distinct": 2, "counts": {"a": 5, "7": 5}, "other": 0}


def test_a_bin_ends_with_its_upper_edge() -> None:
    assert counted("number", 0.5, 1, 1.0001, 2, 2.5, **NUMBER) == {"0": 2, "1": 2, "2": 1}


def test_what_is_out_of_range_is_in_the_outer_bins_and_marked() -> None:
    assert counted("number", -0.1, 0, 3, 3.1, 99, **NUMBER) == {"0": 2, "2": 3, "below": 1, "above": 2}


def test_numbers_that_are_missing_or_none_are_counted_apart() -> None:
    found = counted("number", None, math.nan, 1, "1", True, [1], **NUMBER)

    assert found == {"0": 2, "missing": 2, "unseen": 2}


def test_not_a_number_is_missing_where_all_others_are_numbers() -> None:
    assert counted("number", math.nan, 1.5, **NUMBER) == {"1": 1, "missing": 1}


def test_a_whole_number_too_large_for_a_float_is_above() -> None:
    assert counted("number", 10**400, -(10**400), **NUMBER) == {"2": 1, "0": 1, "above": 1, "below": 1}


def test_a_column_without_any_number_in_training_has_one_bin() -> None:
    assert counted("number", 1, 2, None, edges=[], counts=[0]) == {"0": 2, "missing": 1}


def test_a_constant_column_shows_what_is_not_constant() -> None:
    constant = {"edges": [4.0], "counts": [9, 0], "least": 4.0, "most": 4.0}

    assert counted("number", 4, 4, 3, 5, **constant) == {"0": 3, "1": 1, "below": 1, "above": 1}


def test_categories_are_counted_by_name_and_whole_numbers_are_names() -> None:
    assert counted("category", "a", 7, "7", "b", None, "", **NAMED) == {"0": 1, "1": 2, "unseen": 1, "missing": 2}


def test_a_list_is_no_category() -> None:
    assert counted("category", "a", ["a"], None, **NAMED) == {"0": 1, "unseen": 1, "missing": 1}


def test_a_category_that_training_does_not_name_may_be_one_of_its_others() -> None:
    more = {"distinct": 200, "counts": {"a": 5}, "other": 50}

    assert counted("category", "a", "b", **more) == {"0": 1, "other": 1}
    assert counted("category", "a", "b", "c", **more, rare=["b"], unseen=1) == {"0": 1, "other": 1, "unseen": 1}
    assert counted("category", "b", **more, rare=None) == {"other": 1}


def test_texts_are_binned_by_their_length_and_an_absent_one_has_none() -> None:
    lengths = {"edges": [0.0, 3.0], "counts": [5, 5, 5], "least": 0.0, "most": 9.0}

    assert counted("text", None, "", "abc", "abcd", 12, **lengths) == {"0": 2, "1": 1, "2": 1, "unseen": 1}


def test_a_label_is_counted_by_its_name_and_a_value_by_its_bin() -> None:
    label, value = profile(), {**DOCUMENT, "label": {"name": "delay", "type": "number", "missing": 0, **NUMBER}}

    assert count(label, [({}, {"label": True}), ({}, {"label": None})])["answer"] == {"1": 1, "missing": 1}
    assert count(Profile.from_document(value), [({}, {"value": 2.5})])["answer"] == {"2": 1}


def test_a_column_that_a_row_lacks_is_missing_in_it() -> None:
    found = count(profile(), [({"miles": 100}, {}), ({"miles": 100, "carrier": "UA", "note": ""}, {})])

    assert found["rows"] == 2
    assert found["features"] == {"miles": {"0": 2}, "carrier": {"0": 1, "missing": 1}, "note": {"0": 2}}


@given(ROWS, ROWS)
def test_counts_of_two_parts_are_the_counts_of_the_whole(
    one: list[tuple[Any, Any]], other: list[tuple[Any, Any]]
) -> None:
    known = profile()

    assert merge(count(known, one), count(known, other)) == count(known, [*one, *other])


@given(ROWS)
def test_every_row_is_in_one_cell_of_each_column(rows: list[tuple[Any, Any]]) -> None:
    found = count(profile(), rows)

    for cells in [*found["features"].values(), found["answer"]]:
        assert sum(number for cell, number in cells.items() if cell not in ("below", "above")) == len(rows)
        assert 0 not in cells.values()


@st.composite
def counts(draw: st.DrawFn) -> Counts:
    return count(profile(), draw(ROWS))


@given(counts(), counts(), counts())
def test_merging_is_associative_and_commutative_and_zero_changes_nothing(a: Counts, b: Counts, c: Counts) -> None:
    assert merge(merge(a, b), c) == merge(a, merge(b, c))
    assert merge(a, b) == merge(b, a)
    assert merge(a, ZERO) == merge(ZERO, a) == merge({}, a) == a


@given(counts())
def test_counts_are_plain_json(found: Counts) -> None:
    assert json.loads(json.dumps(found)) == found


def test_no_rows_are_zero_and_many_are_counted_in_blocks() -> None:
    many = count(profile(), ((({"miles": 100, "carrier": "UA", "note": ""}), {"label": True}) for _ in range(12_000)))

    assert count(profile(), []) == ZERO
    assert many["rows"] == 12_000
    assert many["features"]["miles"] == {"0": 12_000}


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {**DOCUMENT, "rows": "many"},
        {**DOCUMENT, "features": []},
        {**DOCUMENT, "features": {"miles": {"type": "number", "missing": 0, "edges": [2, 1], "counts": [1, 1, 1]}}},
        {**DOCUMENT, "features": {"miles": {"type": "number", "missing": 0, "edges": [1], "counts": [1]}}},
        {**DOCUMENT, "answers": {"0": "some"}},
        {"distance": {"bins": [100], "counts": [10]}},
    ],
)
def test_refuses_a_profile_that_is_none(broken: Any) -> None:
    with pytest.raises(Invalid, match=r"^profile\.json of the training job can't be used"):
        Profile.from_document(broken)


def test_a_profile_of_an_earlier_release_says_less() -> None:
    earlier = {name: part for name, part in DOCUMENT.items() if name != "answers"}

    assert Profile.from_document(earlier).answers is None
    assert Column.from_document(DOCUMENT["features"]["note"]).importance is None
