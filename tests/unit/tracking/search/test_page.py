"""Pages: together they are everything, and a token is of the question that it was given for."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heirloom.core.errors import Invalid
from heirloom.core.tracking.search.kinds import (
    EXPERIMENTS,
    LOGGED_MODELS,
    MODEL_VERSIONS,
    REGISTERED_MODELS,
    RUNS,
    Kind,
)
from heirloom.core.tracking.search.page import check_max_results, page


@given(items=st.lists(st.integers(), max_size=30), max_results=st.integers(1, 40), question=st.text())
def test_the_pages_together_are_everything(items: list[int], max_results: int, question: str) -> None:
    pages, token = [], ""
    while True:
        found, token = page(items, max_results, token, question)
        pages.append(found)
        if not token:
            break

    assert [item for found in pages for item in found] == items
    assert all(len(found) == max_results for found in pages[:-1])
    assert len(pages) == max(1, -(-len(items) // max_results))


def test_a_token_is_of_one_question_whatever_the_length_of_the_page() -> None:
    _, token = page("abcd", 1, "", "runs of 1")

    assert page("abcd", 3, token, "runs of 1") == (["b", "c", "d"], "")
    with pytest.raises(Invalid, match="Invalid page token, it is of another search"):
        page("abcd", 1, token, "runs of 2")


def test_a_question_may_have_half_a_character() -> None:
    _, token = page("ab", 1, "", "\ud800")

    assert page("ab", 1, token, "\ud800") == (["b"], "")


def encoded(said: Any) -> str:
    return base64.urlsafe_b64encode(said if isinstance(said, bytes) else json.dumps(said).encode()).decode()


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("evilhax", "Invalid page token, could not base64-decode"),
        ("not base64", "Invalid page token, could not base64-decode"),
        ("é", "Invalid page token, could not base64-decode"),
        (encoded(b"not json"), "Invalid page token, decoded value=b'not json'"),
        (encoded(b"\xff"), "Invalid page token, decoded value="),
        (encoded({}), "Invalid page token, parsed value={}"),
        (encoded([]), "Invalid page token, parsed value=[]"),
        (encoded({"offset": "a"}), "Invalid page token, parsed value={'offset': 'a'}"),
        (encoded({"offset": True}), "Invalid page token, parsed value={'offset': True}"),
        (encoded({"offset": -1}), "Invalid page token, parsed value={'offset': -1}"),
        (encoded({"offset": 1}), "Invalid page token, it is of another search"),
        (encoded(b"[" * 1000), "Invalid page token, it has more than 200 characters"),
    ],
)
def test_refuses_a_token_that_is_none(token: str, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        page("abc", 1, token, "")

    assert message in str(refused.value)


@pytest.mark.parametrize("kind", [RUNS, EXPERIMENTS, REGISTERED_MODELS, MODEL_VERSIONS, LOGGED_MODELS])
def test_a_page_may_be_as_long_as_the_longest(kind: Kind) -> None:
    check_max_results(kind, 1)
    check_max_results(kind, kind.most)


@pytest.mark.parametrize(
    ("kind", "max_results", "message"),
    [
        (RUNS, 0, "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer"),
        (RUNS, 123456789, "Invalid value 123456789 for parameter 'max_results' supplied. It must be at most 50000"),
        (
            EXPERIMENTS,
            1_000_000,
            "Invalid value 1000000 for parameter 'max_results' supplied. It must be at most 50000",
        ),
        (
            REGISTERED_MODELS,
            1001,
            "Invalid value for request parameter max_results. It must be at most 1000, but got value 1001",
        ),
        (MODEL_VERSIONS, 0, "Invalid value for max_results. It must be a positive integer, but got 0"),
        (MODEL_VERSIONS, 200_001, "It must be at most 200000, but got value 200001"),
    ],
)
def test_refuses_a_page_that_is_empty_or_too_long(kind: Kind, max_results: int, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_max_results(kind, max_results)

    assert message in str(refused.value)
