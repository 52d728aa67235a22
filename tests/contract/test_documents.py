"""The port Documents: written on the condition that nobody else was, read as they are now."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from heirloom.adapters.dynamodb.documents import DynamoDocuments
from heirloom.adapters.memory.documents import MemoryDocuments
from heirloom.core.errors import Conflict, Invalid
from heirloom.core.tracking.documents import Document, Documents, change
from local.connection import Connection
from tests.embedded import unique

ONE = Document("runs#1", "a", {"name": "größer", "value": float("inf"), "tags": {"a": [1, None, True]}})


def table(aws: Connection) -> str:
    name, keys = unique("tracking"), ("partition", "id")
    aws.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=True)],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


@pytest.fixture(params=["memory", "aws"])
def documents(request: pytest.FixtureRequest) -> Documents:
    if request.param == "memory":
        return MemoryDocuments()
    aws: Connection = request.getfixturevalue("aws")
    return DynamoDocuments(aws.client("dynamodb"), table(aws))


def stored(documents: Documents, document: Document) -> Document:
    found = documents.get(*document.key)
    assert found is not None
    return found


def test_what_is_written_is_read(documents: Documents) -> None:
    documents.write(ONE)

    found = stored(documents, ONE)

    assert (found.data, found.revision) == (ONE.data, 1)
    assert documents.get("runs#1", "b") is None
    assert documents.get("runs#2", "a") is None


def test_a_long_document_is_read_as_it_was_written(documents: Documents) -> None:
    long = Document("runs#1", "long", {f"metric-{number}": number / 7 for number in range(10_000)})

    documents.write(long)

    assert stored(documents, long).data == long.data


def test_a_new_document_must_not_be_there_and_a_known_one_must_be_as_it_was(documents: Documents) -> None:
    documents.write(ONE)
    with pytest.raises(Conflict):
        documents.write(ONE)
    first = stored(documents, ONE)
    documents.write(first.with_data({"n": 1}))
    with pytest.raises(Conflict):
        documents.write(first.with_data({"n": 2}))

    assert (stored(documents, ONE).data, stored(documents, ONE).revision) == ({"n": 1}, 2)


def test_several_are_written_and_deleted_together_or_not_at_all(documents: Documents) -> None:
    two = Document("names", "two", {})
    documents.write(ONE, two)
    old = stored(documents, two)
    three = Document("names", "three", {})
    with pytest.raises(Conflict):
        documents.write(ONE, three, gone=[old])
    assert documents.get("names", "three") is None

    documents.write(three, gone=[old])

    assert [each.id for each in documents.of("names")] == ["three"]


def test_many_are_put_whatever_is_there(documents: Documents) -> None:
    many = [Document("history", f"{number:03d}", {"n": number}) for number in range(60)]

    documents.put(*many)
    documents.put(*many)

    assert [each.data["n"] for each in documents.of("history")] == list(range(60))
    assert [each.id for each in documents.of("history", "01")] == [f"01{digit}" for digit in range(10)]


def test_many_are_read_at_once(documents: Documents) -> None:
    many = [Document(f"runs#{number % 3}", f"{number:03d}", {"n": number}) for number in range(130)]
    documents.put(*many)

    found = documents.get_many([*(each.key for each in many), ("runs#0", "none"), many[0].key])

    assert len(found) == 130
    assert found["runs#1", "001"].data == {"n": 1}
    everything = documents.of_all(["runs#0", "runs#1", "runs#2", "runs#3"])
    assert sorted(each.id for each in everything) == [each.id for each in many]


def test_a_partition_of_several_pages_is_read_to_its_end(documents: Documents) -> None:
    noise = [
        Document("large", f"{n:02d}", {"text": "".join(chr(33 + (n * k * k) % 90) for k in range(90_000))})
        for n in range(20)
    ]
    documents.put(*noise)

    assert [each.id for each in documents.of("large")] == [each.id for each in noise]


def test_changes_of_many_at_once_lose_nothing(documents: Documents) -> None:
    key = ("runs#1", "counted")

    def add(number: int) -> None:
        def added(found: Document | None) -> list[Document]:
            known = found or Document(*key, {})
            return [known.with_data({**known.data, str(number): True})]

        change(documents, key, added)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))

    assert len(stored(documents, Document(*key, {})).data) == 40


def test_one_that_is_not_conditional_is_written_whatever_is_there(documents: Documents) -> None:
    documents.write(ONE)
    mark = Document("open#1", "a", {"ended": True}, revision=7, conditional=False)
    documents.write(stored(documents, ONE).with_data({"n": 1}), mark)
    documents.write(stored(documents, ONE).with_data({"n": 2}), mark)

    found = stored(documents, mark)

    assert (found.revision, found.conditional) == (8, True)
    documents.write(gone=[found])
    assert documents.get("open#1", "a") is None


def test_columns_of_any_length_are_read_as_they_were_written(documents: Documents) -> None:
    columns = {"metric#a": bytes(range(256)) * 4000, "metric#b": b"short", "tag#none": b""}
    documents.put_columns("columns#1#x", columns)
    documents.put_columns("columns#1#x", {"metric#b": b"shorter"})

    found = documents.get_columns([*(("columns#1#x", each) for each in columns), ("columns#1#y", "metric#a")])

    assert found == {("columns#1#x", name): data for name, data in (columns | {"metric#b": b"shorter"}).items()}


def test_many_columns_are_read_at_once(documents: Documents) -> None:
    many = {f"metric#{number}": str(number).encode() for number in range(230)}
    documents.put_columns("columns#1#x", many)

    found = documents.get_columns([("columns#1#x", name) for name in many])

    assert {key[1]: data for key, data in found.items()} == many


def test_a_partition_is_dropped_whole(documents: Documents) -> None:
    documents.put_columns("columns#1#x", {"metric#a": b"1" * 900_000, "metric#b": b"2"})
    documents.put_columns("columns#1#y", {"metric#a": b"3"})

    documents.drop("columns#1#x")
    documents.drop("columns#1#none")

    keys = [(f"columns#1#{block}", f"metric#{name}") for block in "xy" for name in "ab"]
    assert documents.get_columns(keys) == {("columns#1#y", "metric#a"): b"3"}


def test_what_no_item_holds_is_refused_with_a_reason(documents: Documents) -> None:
    if isinstance(documents, MemoryDocuments):
        pytest.skip("memory has no such limit")
    huge = Document("runs#1", "huge", {f"{n * 0x9E3779B97F4A7C15 % 2**64:x}": n * 1.0000001 for n in range(40_000)})

    with pytest.raises(Invalid, match="huge has become too large"):
        documents.write(huge)
