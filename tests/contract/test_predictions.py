"""The port Predictions."""

from __future__ import annotations

import time
from typing import Any

import pytest
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


def test_a_table_that_is_not_there_is_an_error(aws: Connection) -> None:
    started = time.monotonic()

    with pytest.raises(Exception, match="writing predictions"):
        DynamoPredictions(aws.client("dynamodb"), unique("nowhere")).put([made("a")])

    assert time.monotonic() - started < 5
