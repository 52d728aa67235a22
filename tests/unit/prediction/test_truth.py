"""Which label stands, and whether it is what was predicted."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heirloom.core.prediction.records import CORRECTION, LABEL, Record
from heirloom.core.prediction.truth import correct, error, expected, fitted, truth

HUGE = 10**400


@pytest.mark.parametrize(
    ("answer", "same"),
    [
        (True, [True, "true", "True", " TRUE ", "1", 1, 1.0, "1.0"]),
        (False, [False, "false", "FALSE", "0", 0, 0.0, "0.0", "-0"]),
        (1, [1, 1.0, "1", "1.0", " 1", True, "true"]),
        (0, [0, "0", False, "false"]),
        (-7, [-7, -7.0, "-7", "-7."]),
        (HUGE, [HUGE]),
        (2.5, [2.5, "2.5", "25e-1"]),
        (1.0, [1, "1", True]),
        ("red", ["red", " red "]),
        ("3", [3, 3.0, "3"]),
        ("3.0", [3, 3.0, "3.0"]),
        ("True", [True, "True"]),
        ("false", [False, "false"]),
        ("né", ["né"]),
    ],
)
def test_a_label_may_be_written_in_many_ways(answer: Any, same: list[Any]) -> None:
    assert [correct({"label": answer, "probability": 0.5}, label, None) for label in same] == [True] * len(same)


@pytest.mark.parametrize(
    ("answer", "others"),
    [
        (True, [False, "false", 0, "0"]),
        (1, [0, 2, "2", False, "false", HUGE]),
        (HUGE, [1, True]),
        (2.5, [2, 3, "0"]),
        ("red", ["white", "Red", 3, 3.5]),
        ("3", [30, "3.0", "three"]),
        ("True", [False, "true"]),
        (None, ["red", 0, False]),
        ([], ["red", 0, False]),
    ],
)
def test_another_class_is_another_however_it_is_written(answer: Any, others: list[Any]) -> None:
    assert [correct({"label": answer}, label, None) for label in others] == [False] * len(others)


@pytest.mark.parametrize(
    ("answer", "unfit"),
    [
        ({"label": True}, ["yes", "", 2, -1, 0.5, "2", HUGE]),
        ({"label": 3}, ["three", "", 2.5, "2.5", "NA", 1e300]),
        ({"label": 2.5}, ["much", "", "NaN"]),
        ({"label": "yes"}, [True, False, "", "NA", " null "]),
        ({"value": 2.5}, ["much", "", "NaN", True, "inf", "1_000", "٣", HUGE]),
        ({"value": None}, ["much", True]),
    ],
)
def test_what_can_not_be_compared_with_the_answer_does_not_fit(answer: Any, unfit: list[Any]) -> None:
    assert [fitted(label, answer) for label in unfit] == [None] * len(unfit)
    assert expected(answer).endswith(", as the model answers")


def test_says_what_would_fit() -> None:
    answers: list[Any] = [{"label": True}, {"label": 3}, {"label": 2.5}, {"label": "red"}, {"value": 2.5}]

    assert [expected(answer).partition(",")[0] for answer in answers] == [
        "true or false",
        "a whole number",
        "a finite number",
        "a text",
        "a finite number",
    ]


@pytest.mark.parametrize("answer", [{}, {"label": None}, {"label": []}])
def test_without_an_answer_to_go_by_a_label_is_as_it_is(answer: Any) -> None:
    assert [fitted(label, answer) for label in (True, "1", 1.0)] == [True, "1", 1.0]


KINDS = st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.none())
LABELS = st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5), st.just("1.0"))


@given(name=st.sampled_from(["label", "value"]), answer=KINDS, label=LABELS)
def test_what_fits_is_fit_already(name: str, answer: Any, label: Any) -> None:
    once = fitted(label, {name: answer})

    assert once is None or fitted(once, {name: answer}) == once


@given(label=st.one_of(st.booleans(), st.integers(), st.text(max_size=5)))
def test_a_class_is_right_about_itself(label: Any) -> None:
    """But for what is no text in training, and the spaces around one."""
    fit = fitted(label, {"label": label})

    assert fit is None or correct({"label": fit}, label, None)


@pytest.mark.parametrize(
    ("value", "label", "off", "right"),
    [
        (3.5, 3.0, 0.5, True),
        (3, "3.5", -0.5, True),
        (3.5, 3.6, -0.1, True),
        (3.51, 3, 0.51, False),
        (-1, 1, -2.0, False),
        ("3", 3, 0.0, True),
        (None, 3, None, False),
        (math.nan, 3, None, False),
        (1e308, -1e308, None, False),
        (True, 1, None, False),
        (3.5, "three", None, False),
    ],
)
def test_a_value_is_right_within_the_tolerance(value: Any, label: Any, off: float | None, right: bool) -> None:
    assert error({"value": value}, label) == (None if off is None else pytest.approx(off))
    assert correct({"value": value}, label, 0.5) is right
    assert correct({"value": value}, label, None) is None


def test_what_was_not_kept_is_neither_right_nor_wrong() -> None:
    assert correct({}, "red", 0.5) is None
    assert error({}, 3) is None
    assert error({"label": 3}, 3) is None


def kept(label: Any, at: str | None, part: str = LABEL) -> Record:
    data = {"label": label} if at is None else {"label": label, "at": at}
    return Record("a", part, "wine", 3, "2026-11-23T15:10:09.123Z", data)


def test_the_later_label_stands() -> None:
    first = kept("red", "2026-11-23T12:00:00.000Z")
    later, earlier = kept("white", "2026-11-24T12:00:00.000Z", CORRECTION), kept("white", "2026", CORRECTION)

    assert truth(first, None) is first
    assert truth(first, later) is later
    assert truth(first, earlier) is first
    assert truth(first, replace(first, part=CORRECTION)) is first


def test_of_two_labels_of_one_moment_the_last_by_its_text_stands() -> None:
    first, other = kept("red", "2026"), kept("white", "2026", CORRECTION)

    assert truth(first, other) is other
    assert truth(kept("white", "2026"), kept("red", "2026", CORRECTION)).data["label"] == "white"


def test_a_label_of_before_labels_had_a_moment_became_known_when_it_came() -> None:
    old = kept("red", None)

    assert old.rank == kept("red", old.at).rank
    assert truth(old, kept("white", "2026-11-23T15:10:09.122Z", CORRECTION)) is old
