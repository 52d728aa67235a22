"""Evaluation datasets: made, told, tagged, sorted into experiments, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from heirloom.core.errors import Conflict, Invalid, NotFound
from tests.unit.tracking.evaluation.shelf import Shelf

MANY = 120
"""Records, more than two writes take."""


def test_a_dataset_is_told_as_it_was_made(shelf: Shelf) -> None:
    made = shelf.create("questions", experiment_ids=["1", "2", "1"], tags={"mlflow.user": "ada", "n": 3, "none": None})

    assert made.pop("experiment_ids") == ["1", "2"]
    assert made == shelf.dataset(made["dataset_id"])
    assert made == {
        "dataset_id": made["dataset_id"],
        "name": "questions",
        "tags": {"mlflow.user": "ada", "n": "3"},
        "digest": made["digest"],
        "created_time": made["created_time"],
        "last_update_time": made["created_time"],
        "created_by": "ada",
        "last_updated_by": "ada",
    }
    assert made["dataset_id"].startswith("d-")
    assert len(made["dataset_id"]) == 34


def test_nobody_in_particular_may_make_one_without_experiments(shelf: Shelf) -> None:
    made = shelf.create()

    assert made.keys() == {"dataset_id", "name", "tags", "digest", "created_time", "last_update_time"}
    assert shelf.get(f"datasets/{made['dataset_id']}/experiment-ids") == {}


def test_two_may_have_the_same_name(shelf: Shelf) -> None:
    assert shelf.create("q")["dataset_id"] != shelf.create("q")["dataset_id"]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({}, "Missing value for required parameter 'name'"),
        ({"name": "x" * 256}, "'name' exceeds the maximum length of 255"),
        ({"name": "q", "tags": "["}, "'tags' must be JSON"),
        ({"name": "q", "tags": "[]"}, "'tags' must be the JSON of an object, got one of type list"),
        ({"name": "q", "tags": '{"%s": 1}' % ("k" * 256)}, "'tag key' exceeds"),
        ({"name": "q", "tags": '{"k": "%s"}' % ("v" * 5001)}, "'tag value' exceeds"),
    ],
)
def test_a_wrong_one_is_refused(shelf: Shelf, wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(Invalid, match=why):
        shelf.post("datasets/create", **wrong)


def test_tags_are_added_changed_and_deleted_and_no_time_with_them(shelf: Shelf) -> None:
    made = shelf.create(tags={"old": "a", "kept": "b"})
    identity = made["dataset_id"]
    shelf.tag(identity, {"old": "c", "new": 1, "kept": None})
    assert shelf.dataset(identity) == {**made, "tags": {"old": "c", "kept": "b", "new": "1"}}
    shelf.ask("DELETE", f"datasets/{identity}/tags/old")
    shelf.ask("DELETE", f"datasets/{identity}/tags/old")

    assert shelf.dataset(identity) == {**made, "tags": {"kept": "b", "new": "1"}}


def test_experiments_are_added_once_and_removed(shelf: Shelf, experiment: str) -> None:
    identity = shelf.create(experiment_ids=[experiment])["dataset_id"]
    before = shelf.dataset(identity)

    added = shelf.post(f"datasets/{identity}/add-experiments", experiment_ids=["0", experiment])["dataset"]
    assert added["last_update_time"] > before["last_update_time"]
    assert shelf.get(f"datasets/{identity}/experiment-ids") == {"experiment_ids": [experiment, "0"]}
    assert shelf.names(experiment_ids=["0"]) == ["questions"]

    removed = shelf.post(f"datasets/{identity}/remove-experiments", experiment_ids=["0", "9"])["dataset"]
    assert removed["last_update_time"] > added["last_update_time"]
    assert shelf.get(f"datasets/{identity}/experiment-ids") == {"experiment_ids": [experiment]}
    again = shelf.post(f"datasets/{identity}/remove-experiments", experiment_ids=["0"])["dataset"]
    assert again == removed


@pytest.fixture
def experiment(shelf: Shelf) -> str:
    return str(shelf.post("experiments/create", name="kites")["experiment_id"])


def test_an_experiment_that_is_not_there_is_not_added(shelf: Shelf, dataset: str) -> None:
    with pytest.raises(NotFound, match="No Experiment with id=9 exists"):
        shelf.post(f"datasets/{dataset}/add-experiments", experiment_ids=["9"])


def test_a_deleted_one_is_gone_with_its_records(shelf: Shelf, dataset: str) -> None:
    shelf.write(dataset, {"inputs": {"q": 1}})
    shelf.delete(dataset)

    assert shelf.documents.stored == {}
    assert shelf.delete(dataset) == {}


def test_one_with_many_records_is_hidden_before_it_is_gone(shelf: Shelf, dataset: str) -> None:
    shelf.write(dataset, *({"inputs": {"q": each}} for each in range(MANY)))
    write, writes = shelf.documents.write, []

    def broken(*documents: Any, gone: Any = ()) -> None:
        if writes:
            raise ConnectionError
        writes.append(write(*documents, gone=gone))

    shelf.documents.write = broken  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        shelf.delete(dataset)
    with pytest.raises(NotFound, match="not found"):
        shelf.dataset(dataset)
    assert shelf.names() == []
    assert shelf.records(dataset) == []

    shelf.documents.write = write  # type: ignore[method-assign]
    shelf.delete(dataset)
    assert shelf.documents.stored == {}


def test_what_is_not_there_is_said_where_mlflow_says_it(shelf: Shelf) -> None:
    with pytest.raises(NotFound, match="Evaluation dataset with id 'd-x' not found"):
        shelf.dataset("d-x")
    with pytest.raises(NotFound):
        shelf.tag("d-x", {"a": "b"})
    for change in ("add-experiments", "remove-experiments"):
        with pytest.raises(NotFound):
            shelf.post(f"datasets/d-x/{change}", experiment_ids=["0"])
    assert shelf.ask("DELETE", "datasets/d-x/tags/a") == {}
    assert shelf.get("datasets/d-x/experiment-ids") == {}


def test_of_two_who_change_it_at_once_neither_is_lost(shelf: Shelf, dataset: str) -> None:
    write = shelf.documents.write

    def late(*documents: Any, gone: Any = ()) -> None:
        shelf.documents.write = write  # type: ignore[method-assign]
        shelf.tag(dataset, {"first": "yes"})
        raise Conflict("somebody else came first")

    shelf.documents.write = late  # type: ignore[method-assign]
    shelf.tag(dataset, {"second": "yes"})

    assert shelf.dataset(dataset)["tags"] == {"first": "yes", "second": "yes"}
