"""The port Predictions."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from heirloom.adapters.dynamodb.predictions import KEPT_SECONDS, DynamoPredictions
from heirloom.adapters.memory import MemoryPredictions
from heirloom.core.errors import Unavailable
from heirloom.core.prediction.records import Predictions, Record
from local.connection import Connection
from tests.embedded import unique

AT = "2026-11-23T15:10:09.123Z"


def made(identity: str, part: str = "prediction", **data: Any) -> Record:
    told = {"input": {"a": 1.0, "b": None, "c": "é\ud800"}, "answer": {"label": "red"}, "entity": None, **data}
    return Record(identity, part, "wine", 3, AT, told)


def table(aws: Connection) -> str:
    name = unique("predictions")
    aws.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "part", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "part", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


@pytest.fixture(params=["memory", "aws"])
def predictions(request: pytest.FixtureRequest) -> Predictions:
    if request.param == "memory":
        return MemoryPredictions()
    aws: Connection = request.getfixturevalue("aws")
    return DynamoPredictions(aws.client("dynamodb"), table(aws))


def test_gives_back_what_was_put(predictions: Predictions) -> None:
    records = [made(f"id-{n}", n=n) for n in range(130)]

    predictions.put(records)

    assert predictions.get_many([record.key for record in records]) == {record.key: record for record in records}


def test_knows_nothing_of_what_is_not_there(predictions: Predictions) -> None:
    predictions.put([made("a")])

    found = predictions.get_many([("a", "prediction"), ("a", "label"), ("b", "prediction"), ("a", "prediction")])

    assert list(found) == [("a", "prediction")]
    assert predictions.get_many([]) == {}
    predictions.put([])


def test_what_is_put_again_is_there_once(predictions: Predictions) -> None:
    predictions.put([made("a", n=1), made("b"), made("a", n=2)])
    predictions.put([made("a", n=2), made("b")])

    assert predictions.get_many([("a", "prediction")])["a", "prediction"].data["n"] == 2


def test_the_parts_of_a_prediction_are_apart(predictions: Predictions) -> None:
    parts = [made("a"), made("a", "prediction#1"), made("a", "shadow#4")]

    predictions.put(parts)

    assert set(predictions.get_many([part.key for part in parts])) == {part.key for part in parts}


def test_only_the_first_of_a_key_is_added(predictions: Predictions) -> None:
    assert predictions.add(made("a", "label", n=1))
    assert not predictions.add(made("a", "label", n=2))

    assert predictions.get_many([("a", "label")])["a", "label"].data["n"] == 1


def test_of_many_those_are_added_that_are_new(predictions: Predictions) -> None:
    predictions.put([made(f"id-{n}", "label", n=n) for n in range(0, 250, 7)])

    added = predictions.add_many([made(f"id-{n}", "label", n=-1) for n in range(250)])

    found = predictions.get_many([(f"id-{n}", "label") for n in range(250)])
    assert added == [n % 7 != 0 for n in range(250)]
    assert [found[f"id-{n}", "label"].data["n"] for n in range(250)] == [-1 if n % 7 else n for n in range(250)]


def test_of_many_with_one_key_the_first_is_added(predictions: Predictions) -> None:
    assert predictions.add_many([made("b"), *(made("a", "label", n=n) for n in range(3))]) == [True, True, False, False]
    assert predictions.add_many([made("a", "label", n=9)]) == [False]
    assert predictions.add_many([]) == []

    assert predictions.get_many([("a", "label")])["a", "label"].data["n"] == 0


def test_each_of_many_is_added_by_one_of_those_who_add_it_at_once(predictions: Predictions) -> None:
    def add(n: int) -> list[bool]:
        return predictions.add_many([made(f"id-{each}", "label", by=n) for each in range(60)])

    with ThreadPoolExecutor(4) as pool:
        added = list(pool.map(add, range(4)))

    assert [sum(each) for each in zip(*added, strict=True)] == [1] * 60


def correction(identity: str, label: Any, at: str) -> Record:
    return Record(identity, "correction", "wine", 3, AT, {"label": label, "at": at})


def test_a_correction_makes_way_for_a_later_one_only(predictions: Predictions) -> None:
    first, later, same = (correction("a", label, at) for label, at in (("b", "2"), ("a", "3"), ("a", "3")))

    done = [predictions.supersede([each]) for each in (first, first, later, same, first)]

    assert done == [[True], [False], [True], [False], [False]]
    assert predictions.get_many([("a", "correction")])["a", "correction"] == later


def test_of_corrections_of_one_moment_the_last_by_its_text_stands(predictions: Predictions) -> None:
    labels = ["red", True, 10, "rosé", 9, "\U0001f377", "Z", False]
    told = [correction("a", label, "2") for label in labels]

    for each in (*told, *reversed(told)):
        predictions.supersede([each])

    assert predictions.get_many([("a", "correction")])["a", "correction"] == max(told, key=lambda each: each.rank)


def test_of_many_corrections_those_are_written_that_are_later(predictions: Predictions) -> None:
    predictions.supersede([correction(f"id-{n}", "x", "2") for n in range(120)])

    done = predictions.supersede([correction(f"id-{n}", "y", "3" if n % 3 else "1") for n in range(130)])

    assert done == [n % 3 != 0 or n >= 120 for n in range(130)]
    assert predictions.supersede([]) == []


def test_the_largest_row_of_a_log_line_fits_into_an_item(predictions: Predictions) -> None:
    large = [made(f"id-{n}", text="x" * 195_000) for n in range(30)]

    predictions.put(large)

    assert len(predictions.get_many([record.key for record in large])) == 30


def test_an_item_expires_after_90_days(aws: Connection) -> None:
    client, name = aws.client("dynamodb"), table(aws)

    DynamoPredictions(client, name).put([made("a")])

    item = client.get_item(TableName=name, Key={"id": {"S": "a"}, "part": {"S": "prediction"}})["Item"]
    assert int(item["expires"]["N"]) == 1795446609 + KEPT_SECONDS
    assert (item["model"], item["version"]) == ({"S": "wine"}, {"N": "3"})


class Throttled:
    """A table that leaves some of each batch undone, so many times."""

    def __init__(self, aws: Connection, times: int) -> None:
        self.pauses: list[float] = []
        client = aws.client("dynamodb")
        self.predictions = DynamoPredictions(client, "t", self.pauses.append)
        self.stub = Stubber(client)
        put = {"PutRequest": {"Item": {"id": {"S": "left"}}}}
        for _ in range(times):
            self.stub.add_response("batch_write_item", {"UnprocessedItems": {"t": [put]}})
        self.stub.add_response("batch_write_item", {"UnprocessedItems": {}}, {"RequestItems": {"t": [put]}})


def test_what_was_left_undone_is_tried_again_ever_later(aws: Connection) -> None:
    throttled = Throttled(aws, 7)

    with throttled.stub:
        throttled.predictions.put([made("a"), made("left")])

    throttled.stub.assert_no_pending_responses()
    assert len(throttled.pauses) == 7
    assert all(0 <= pause <= min(5, 0.05 * 2**n) for n, pause in enumerate(throttled.pauses))


def test_what_is_left_undone_for_good_is_an_error(aws: Connection) -> None:
    throttled = Throttled(aws, 8)

    with throttled.stub, pytest.raises(Unavailable, match="1 were left undone 8 times"):
        throttled.predictions.put([made("a")])


class Refused:
    """A table that refuses a transaction of two puts for these reasons, and then takes what is left of it."""

    def __init__(self, aws: Connection, *refusals: list[str]) -> None:
        self.pauses: list[float] = []
        client = aws.client("dynamodb")
        self.predictions = DynamoPredictions(client, "t", self.pauses.append)
        self.stub = Stubber(client)
        for reasons in refusals:
            told = {"CancellationReasons": [{"Code": reason} for reason in reasons]}
            code = "TransactionCanceledException"
            self.stub.add_client_error("transact_write_items", code, http_status_code=400, modeled_fields=told)

    def add(self) -> list[bool]:
        with self.stub:
            return self.predictions.add_many([made("a"), made("b")])


@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_what_others_were_just_at_is_tried_again_ever_later(aws: Connection, reason: str) -> None:
    table = Refused(aws, [reason, "None"], ["None", reason])
    table.stub.add_response("transact_write_items", {})

    assert table.add() == [True, True]
    assert len(table.pauses) == 2


def test_what_is_there_is_left_out_at_once(aws: Connection) -> None:
    table = Refused(aws, ["ConditionalCheckFailed", "TransactionConflict"], ["TransactionConflict"])
    table.stub.add_response("transact_write_items", {})

    assert table.add() == [False, True]
    assert len(table.pauses) == 1


def test_a_transaction_that_is_refused_for_good_is_an_error(aws: Connection) -> None:
    with pytest.raises(Exception, match="writing labels") as refused:
        Refused(aws, ["None", "ValidationError"]).add()
    assert isinstance(refused.value.__cause__, ClientError)

    with pytest.raises(Unavailable, match="2 were left undone 8 times"):
        Refused(aws, *[["TransactionConflict", "None"]] * 8).add()


@pytest.mark.parametrize("count", [1, 60])
def test_a_table_that_is_not_there_is_an_error(aws: Connection, count: int) -> None:
    started = time.monotonic()

    with pytest.raises(Exception, match="writing predictions"):
        DynamoPredictions(aws.client("dynamodb"), unique("nowhere")).put([made(f"id-{n}") for n in range(count)])

    assert time.monotonic() - started < 5
