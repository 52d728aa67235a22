"""The parameters of a request, by type."""

from __future__ import annotations

import math
from typing import Any

import pytest

from heirloom.core.errors import Invalid
from heirloom.core.tracking.asked import Asked


@pytest.mark.parametrize(("value", "found"), [(3, 3), ("3", 3), (3.0, 3), (None, 7)])
def test_whole_numbers_come_as_numbers_and_as_texts(value: Any, found: int) -> None:
    assert Asked({"n": value}).whole("n", 7) == found


@pytest.mark.parametrize("value", ["three", 3.5, True, [3], math.inf])
def test_what_is_no_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(Invalid, match=r"Invalid value .* for parameter 'n'"):
        Asked({"n": value}).whole("n")


@pytest.mark.parametrize(("value", "found"), [(1.5, 1.5), ("1.5", 1.5), ("Infinity", math.inf)])
def test_numbers_come_as_numbers_and_as_texts(value: Any, found: float) -> None:
    assert Asked({"n": value}).number("n") == found


@pytest.mark.parametrize("value", [None, {}, 10**400, "much"])
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(Invalid, match="parameter 'n'"):
        Asked({"n": value}).number("n")


def test_in_a_query_each_parameter_comes_as_a_list_of_texts() -> None:
    asked = Asked({"a": ["x"], "n": ["3"], "yes": ["True"], "many": ["p", "q"], "none": []}, in_query=True)

    assert (asked.text("a"), asked.whole("n"), asked.yes("yes"), asked.texts("many")) == ("x", 3, True, ["p", "q"])
    assert asked.yes("no") is False


def test_a_boolean_has_to_be_one() -> None:
    assert Asked({"yes": True}).yes("yes")
    with pytest.raises(Invalid, match="parameter 'yes'"):
        Asked({"yes": "true"}).yes("yes")
    with pytest.raises(Invalid, match="parameter 'yes'"):
        Asked({"yes": ["maybe"]}, in_query=True).yes("yes")


def test_objects_have_to_be_objects() -> None:
    assert Asked({}).item("a").values == {}
    assert Asked({"a": {"b": "c"}}).item("a").text("b") == "c"
    with pytest.raises(Invalid, match="parameter 'a'"):
        Asked({"a": "b"}).item("a")
    with pytest.raises(Invalid, match="parameter 'a'"):
        Asked({"a": [1]}).texts("a")
