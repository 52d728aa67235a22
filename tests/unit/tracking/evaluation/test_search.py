"""Which datasets there are."""

from __future__ import annotations

import pytest

from heirloom.core.errors import Invalid
from tests.unit.tracking.evaluation.shelf import Shelf


@pytest.fixture
def shelf() -> Shelf:
    """Three datasets."""
    shelf = Shelf()
    shelf.create("birds", experiment_ids=["1"], tags={"team": "a", "mlflow.user": "ada"})
    shelf.create("kites", experiment_ids=["1", "2"], tags={"team": "b"})
    shelf.create("bees", tags={"team": "a"})
    return shelf


@pytest.mark.parametrize(
    ("filter_string", "names"),
    [
        ("", ["bees", "kites", "birds"]),
        ("name = 'kites'", ["kites"]),
        ("name LIKE 'b%' AND tags.team = 'a'", ["bees", "birds"]),
        ("name ILIKE 'B%s'", ["bees", "birds"]),
        ("name IN ('kites', 'bees')", ["bees", "kites"]),
        ("tags.team != 'a'", ["kites"]),
        ("created_by = 'ada'", ["birds"]),
        ("last_updated_by != 'bob'", ["birds"]),
        ("created_time > 0 AND last_update_time <= 1", []),
    ],
)
def test_those_that_a_filter_asks_for_are_found(shelf: Shelf, filter_string: str, names: list[str]) -> None:
    assert shelf.names(filter_string=filter_string) == names


@pytest.mark.parametrize(
    ("order_by", "names"),
    [
        (["name"], ["bees", "birds", "kites"]),
        (["name DESC", "created_time"], ["kites", "birds", "bees"]),
        (["last_update_time ASC"], ["birds", "kites", "bees"]),
    ],
)
def test_they_are_in_the_order_that_is_asked_for(shelf: Shelf, order_by: list[str], names: list[str]) -> None:
    assert shelf.names(order_by=order_by) == names


def test_those_of_experiments_are_found(shelf: Shelf) -> None:
    assert shelf.names(experiment_ids=["1"]) == ["kites", "birds"]
    assert shelf.names(experiment_ids=["2", "3"]) == ["kites"]
    assert shelf.names(experiment_ids=["3"]) == []
    assert [each["name"] for each in shelf.get("datasets/search", experiment_ids="2")["datasets"]] == ["kites"]


def test_they_come_in_pages(shelf: Shelf) -> None:
    first = shelf.post("datasets/search", max_results=2)
    assert [each["name"] for each in first["datasets"]] == ["bees", "kites"]
    assert shelf.names(max_results=2, page_token=first["next_page_token"]) == ["birds"]
    with pytest.raises(Invalid, match="of another search"):
        shelf.names(filter_string="name = 'kites'", page_token=first["next_page_token"])


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"filter_string": "colour = 'red'"}, "Invalid attribute key 'colour'"),
        ({"filter_string": "attributes.name = 'x'"}, "Invalid entity type 'attributes'"),
        ({"filter_string": "name NOT IN ('x')"}, "Invalid comparator 'NOT IN'"),
        ({"filter_string": "created_by IN ('x')"}, "Only"),
        ({"order_by": ["created_by"]}, "Invalid attribute key 'created_by'"),
        ({"max_results": 50_001}, "at most 50000"),
    ],
)
def test_what_cannot_be_asked_is_refused(shelf: Shelf, asked: dict[str, object], why: str) -> None:
    with pytest.raises(Invalid, match=why):
        shelf.names(**asked)
