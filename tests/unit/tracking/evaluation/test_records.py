"""Records: told apart by their inputs, read in the order in which they were written."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from heirloom.core.errors import Invalid, NotFound
from heirloom.core.tracking.evaluation import record, records
from tests.unit.tracking.evaluation.shelf import Shelf


def test_a_record_is_told_as_it_was_written(shelf: Shelf, dataset: str) -> None:
    source = {"source_type": "trace", "source_data": {"trace_id": "t-1"}}
    given = {"inputs": {"q": "why?"}, "outputs": "so", "expectations": {"short": True}, "source": source}
    assert shelf.write(dataset, {**given, "tags": {"mlflow.user": "ada"}}) == (1, 0)
    told = shelf.records(dataset)[0]

    assert told == {
        **given,
        "source": {**source, "source_type": "TRACE"},
        "source_type": "TRACE",
        "source_id": "t-1",
        "tags": {"mlflow.user": "ada"},
        "dataset_id": dataset,
        "dataset_record_id": told["dataset_record_id"],
        "created_time": told["created_time"],
        "last_update_time": told["created_time"],
        "created_by": "ada",
        "last_updated_by": "ada",
    }
    assert len(told["dataset_record_id"]) == 35


def test_a_bare_one_too(shelf: Shelf, dataset: str) -> None:
    shelf.write(dataset, {}, {"inputs": {"q": 1}, "source": {"source_type": "HUMAN"}, "outputs": None})
    bare, human = shelf.records(dataset)

    assert (bare["inputs"], bare["outputs"], bare["tags"]) == ({}, {}, {})
    assert not bare.keys() & {"expectations", "source", "source_type", "source_id", "created_by"}
    assert human["source"] == {"source_type": "HUMAN", "source_data": {}}
    assert not human.keys() & {"outputs", "source_id"}


def test_the_same_inputs_are_the_same_record(shelf: Shelf, dataset: str) -> None:
    first = {"inputs": {"a": 1, "b": 2}, "expectations": {"x": 1, "y": 1}, "tags": {"v": "1", "mlflow.user": "ada"}}
    again = {"inputs": {"b": 2, "a": 1}, "expectations": {"y": 2}, "tags": {"v": "2"}, "outputs": [1]}
    plain = {"inputs": {"a": 1, "b": 2}, "source": {"source_type": "CODE"}}

    assert shelf.write(dataset, first, again) == (1, 1)
    assert shelf.write(dataset, plain) == (0, 1)
    told = shelf.records(dataset)[0]
    assert told["expectations"] == {"x": 1, "y": 2}
    assert told["tags"] == {"v": "2", "mlflow.user": "ada"}
    assert told["outputs"] == [1]
    assert (told["created_by"], told["last_updated_by"]) == ("ada", "ada")
    assert "source" not in told
    assert told["last_update_time"] > told["created_time"]


def test_expectations_may_come_later(shelf: Shelf, dataset: str) -> None:
    shelf.write(dataset, {"inputs": {"q": 1}})
    shelf.write(dataset, {"inputs": {"q": 1}, "expectations": {"a": 2}, "tags": {"mlflow.user": "bob"}})

    assert shelf.records(dataset)[0]["expectations"] == {"a": 2}
    assert shelf.records(dataset)[0]["last_updated_by"] == "bob"


def test_a_dataset_says_what_is_in_it(shelf: Shelf, dataset: str) -> None:
    before = shelf.dataset(dataset)
    inputs = {"n": None, "b": True, "i": 1, "f": 1.5, "s": "x", "a": [1], "o": {"x": 1}}
    shelf.write(dataset, {"inputs": inputs, "outputs": {"y": 1}, "expectations": {"e": 1}})
    shelf.write(dataset, {"inputs": {"i": "another type"}, "outputs": "text", "tags": {"mlflow.user": "bob"}})
    told = shelf.dataset(dataset)

    assert told["schema"] == {
        "inputs": {
            "n": "null",
            "b": "boolean",
            "i": "integer",
            "f": "float",
            "s": "string",
            "a": "array",
            "o": "object",
        },
        "outputs": {"y": "integer"},
        "expectations": {"e": "integer"},
        "version": "1.0",
    }
    assert told["profile"] == {"num_records": 2}
    assert told["last_updated_by"] == "bob"
    assert told["digest"] != before["digest"]
    assert told["last_update_time"] > before["last_update_time"]


def test_outputs_that_are_no_objects_have_one_type(shelf: Shelf, dataset: str) -> None:
    shelf.write(dataset, {"inputs": {"q": 1}, "outputs": "text"}, {"inputs": {"q": 2}, "outputs": {"y": 1}})

    assert shelf.dataset(dataset)["schema"]["outputs"] == "string"


def test_nothing_may_be_written(shelf: Shelf, dataset: str) -> None:
    assert shelf.write(dataset) == (0, 0)
    assert not shelf.dataset(dataset).keys() & {"schema", "profile"}
    shelf.write(dataset, {"inputs": {"q": 1}})
    schema = shelf.dataset(dataset)["schema"]
    assert shelf.write(dataset) == (0, 0)

    assert shelf.dataset(dataset)["schema"] == schema


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ([1], "must be the JSON of a list of objects"),
        ({"inputs": {}}, "must be the JSON of a list of objects"),
        ([{"inputs": [1]}], "'inputs' of a record must be an object, got list"),
        ([{"inputs": None}], "'inputs' of a record must be an object, got NoneType"),
        ([{"expectations": 1}], "'expectations' of a record must be an object, got int"),
        ([{"tags": "x"}], "'tags' of a record must be an object, got str"),
        ([{"source": "x"}], "'source' of a record must be an object, got str"),
        ([{"source": {"source_type": "dream"}}], "Invalid dataset record source type: DREAM"),
        ([{"source": {"source_type": "CODE", "source_data": 1}}], "'source_data' of a record's source .* got int"),
    ],
)
def test_what_is_no_record_is_refused_and_nothing_is_written(shelf: Shelf, dataset: str, wrong: Any, why: str) -> None:
    before = dict(shelf.documents.stored)

    with pytest.raises(Invalid, match=why):
        shelf.post(f"datasets/{dataset}/records", records=json.dumps(wrong))
    assert shelf.documents.stored == before


def test_records_need_a_dataset(shelf: Shelf) -> None:
    with pytest.raises(NotFound, match="Evaluation dataset with id 'd-x' not found"):
        shelf.write("d-x", {"inputs": {}})
    assert shelf.records("d-x") == []
    assert shelf.remove("d-x", f"dr-{1:032x}", record.id_of(1, "a" * 64)) == 0


def test_more_than_one_write_takes_are_written_in_order(shelf: Shelf, dataset: str) -> None:
    many = [{"inputs": {"q": each}} for each in range(600)]

    assert shelf.write(dataset, *many) == (600, 0)
    assert [each["inputs"]["q"] for each in shelf.records(dataset)] == list(range(600))
    assert shelf.dataset(dataset)["profile"] == {"num_records": 600}
    assert shelf.write(dataset, *many[::-1]) == (0, 600)
    assert [each["inputs"]["q"] for each in shelf.records(dataset)] == list(range(600))


def test_records_that_are_long_are_written_fewer_at_a_time(shelf: Shelf, dataset: str) -> None:
    many = [{"inputs": {"q": each}, "outputs": "x" * 2_000_000} for each in range(3)]
    write, sizes = shelf.documents.write, []

    def counted(*documents: Any, gone: Any = ()) -> None:
        sizes.append(len(documents))
        write(*documents, gone=gone)

    shelf.documents.write = counted  # type: ignore[method-assign]
    assert shelf.write(dataset, *many) == (3, 0)
    assert sizes == [3, 3, 3]


def test_they_are_read_in_pages(shelf: Shelf, dataset: str) -> None:
    shelf.write(dataset, *({"inputs": {"q": each}} for each in range(300)))
    ids = [each["dataset_record_id"] for each in shelf.records(dataset)]
    shelf.remove(dataset, ids[1], ids[4])
    token, pages = "", []
    while not pages or token:
        page, token = shelf.page(dataset, max_results=99, **({"page_token": token} if token else {}))
        pages.append([each["inputs"]["q"] for each in page])

    assert [len(page) for page in pages] == [99, 99, 99, 1]
    assert [q for page in pages for q in page] == [q for q in range(300) if q not in (1, 4)]


def test_a_page_is_no_larger_than_a_function_may_answer(
    shelf: Shelf, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "LARGEST", 450)
    shelf.write(dataset, *({"inputs": {"q": each}} for each in range(5)))
    page, token = shelf.page(dataset)

    assert len(page) == 3
    assert [each["inputs"]["q"] for each in shelf.page(dataset, page_token=token)[0]] == [3, 4]


@pytest.mark.parametrize("wrong", [{"max_results": -1}, {"page_token": "nonsense"}])
def test_what_is_no_page_is_refused(shelf: Shelf, dataset: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="Invalid page of records"):
        shelf.page(dataset, **wrong)


def test_deleted_ones_are_gone_and_may_come_again(shelf: Shelf, dataset: str) -> None:
    shelf.write(dataset, *({"inputs": {"q": each}} for each in range(120)))
    ids = [each["dataset_record_id"] for each in shelf.records(dataset)]

    assert shelf.remove(dataset, *ids[:60], ids[0], "nonsense") == 60
    assert shelf.remove(dataset, *ids[:60]) == 0
    assert shelf.dataset(dataset)["profile"] == {"num_records": 60}
    assert shelf.write(dataset, {"inputs": {"q": 0}}, {"inputs": {"q": 100}}) == (1, 1)
    assert [each["inputs"]["q"] for each in shelf.records(dataset)] == [*range(60, 120), 0]


def test_none_may_be_left(shelf: Shelf, dataset: str) -> None:
    shelf.write(dataset, {"inputs": {"q": 0}})
    shelf.remove(dataset, shelf.records(dataset)[0]["dataset_record_id"])

    assert shelf.records(dataset) == []
    assert shelf.dataset(dataset)["profile"] is None


def test_long_ones_are_deleted_fewer_at_a_time(shelf: Shelf, dataset: str) -> None:
    shelf.write(dataset, *({"inputs": {"q": each}, "outputs": "x" * 2_000_000} for each in range(2)))
    ids = [document.id for document in shelf.documents.of(f"records#{dataset}")]
    write, sizes = shelf.documents.write, []

    def counted(*documents: Any, gone: Any = ()) -> None:
        sizes.append(len(gone))
        write(*documents, gone=gone)

    shelf.documents.write = counted  # type: ignore[method-assign]
    assert shelf.remove(dataset, *ids) == 2
    assert sizes == [2, 2]


def test_a_dataset_may_be_full() -> None:
    assert record.place_of(record.id_of(record.PLACES, "a" * 64)) == record.PLACES
    with pytest.raises(Invalid, match="no more than 4294967295 records"):
        record.id_of(record.PLACES + 1, "a" * 64)


def test_eight_who_write_at_once_write_each_record_once(shelf: Shelf, dataset: str) -> None:
    same = [{"inputs": {"q": each}, "tags": {}} for each in range(20)]
    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda place: shelf.write(dataset, *same[place % 4 :]), range(8)))

    assert sum(inserted for inserted, _ in counts) == 20
    assert sorted(each["inputs"]["q"] for each in shelf.records(dataset)) == list(range(20))
    assert shelf.dataset(dataset)["profile"] == {"num_records": 20}
