"""The port Trials."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from heirloom.adapters.dynamodb.trials import MARKER_SECONDS, DynamoTrials
from heirloom.adapters.memory import MemoryTrials
from heirloom.core.errors import NotFound
from heirloom.core.release.trial import Arm, Rules, Tally, Trial, Trials
from heirloom.core.release.verdict import Verdict
from local.connection import Connection
from tests.embedded import unique

WINE = Trial(
    release="wine-3",
    model="wine",
    champion=2,
    challenger=3,
    rules=Rules(confidence=0.99, tolerance=0.05, min_labels=200),
    token="AAAA",
    started_at="2026-11-23T15:00:00.000Z",
)
BATCH = Tally(champion=Arm(90, 1, 80, 2, 30, 4), canary=Arm(10, 5, 9, 6, 7, 3))
WORSE = Verdict("worse", "errors: 5 of 10 requests failed", "errors", "2026-11-23T16:00:00.000Z")
BETTER = Verdict("better", "at most 5.0% of the requests worse than the champion", at="2026-11-23T16:00:01.000Z")


@pytest.fixture(params=["memory", "aws"])
def trials(request: pytest.FixtureRequest) -> Trials:
    if request.param == "memory":
        return MemoryTrials()
    aws: Connection = request.getfixturevalue("aws")
    return DynamoTrials(aws.client("dynamodb"), make_table(aws))


def make_table(aws: Connection) -> str:
    """A table like that of the predictions; its name."""
    name = unique("predictions")
    aws.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "part", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("id", "part")],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def test_gives_back_what_was_opened(trials: Trials) -> None:
    assert trials.get("wine-3") is None

    assert trials.open(WINE) == WINE

    assert trials.get("wine-3") == WINE
    assert trials.get("wine-4") is None


def test_opening_again_changes_the_token_only(trials: Trials) -> None:
    trials.open(WINE)
    trials.count("wine-3", "first", BATCH)
    trials.decide("wine-3", WORSE)

    again = trials.open(replace(WINE, token="BBBB", champion=9, rules=Rules(), started_at="later"))

    assert again == replace(WINE, token="BBBB", tally=BATCH, verdict=WORSE)
    assert trials.get("wine-3") == again


def test_adds_batches_up(trials: Trials) -> None:
    trials.open(WINE)

    trials.count("wine-3", "first", BATCH)
    counted = trials.count("wine-3", "second", Tally(canary=Arm(requests=1)))

    assert counted == replace(WINE, tally=Tally(Arm(90, 1, 80, 2, 30, 4), Arm(11, 5, 9, 6, 7, 3)))
    assert trials.get("wine-3") == counted


def test_counts_a_batch_once_however_often_it_comes(trials: Trials) -> None:
    trials.open(WINE)

    first = trials.count("wine-3", "first", BATCH)
    again = trials.count("wine-3", "first", BATCH)

    assert first == again == replace(WINE, tally=BATCH)


def test_counts_a_batch_of_one_name_in_each_trial(trials: Trials) -> None:
    other = replace(WINE, release="beer-1")
    trials.open(WINE)
    trials.open(other)

    trials.count("wine-3", "first", BATCH)

    assert trials.count("beer-1", "first", BATCH) == replace(other, tally=BATCH)


def test_batches_that_come_at_once_all_count(trials: Trials) -> None:
    trials.open(WINE)
    names = [f"batch-{n % 8}" for n in range(16)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: trials.count("wine-3", name, Tally(canary=Arm(requests=1))), names))

    assert trials.get("wine-3") == replace(WINE, tally=Tally(canary=Arm(requests=8)))


def test_counts_nothing_where_there_is_no_trial(trials: Trials) -> None:
    assert trials.count("wine-3", "first", BATCH) is None

    trials.open(WINE)

    assert trials.count("wine-3", "first", BATCH) == replace(WINE, tally=BATCH)


def test_the_first_verdict_wins(trials: Trials) -> None:
    trials.open(WINE)

    assert trials.decide("wine-3", WORSE) == WORSE
    assert trials.decide("wine-3", BETTER) == WORSE

    assert trials.get("wine-3") == replace(WINE, verdict=WORSE)


def test_goes_on_counting_after_the_verdict(trials: Trials) -> None:
    trials.open(WINE)
    trials.decide("wine-3", WORSE)

    assert trials.count("wine-3", "late", BATCH) == replace(WINE, tally=BATCH, verdict=WORSE)


def test_decides_nothing_where_there_is_no_trial(trials: Trials) -> None:
    with pytest.raises(NotFound, match="no trial of wine-3"):
        trials.decide("wine-3", WORSE)

    assert trials.get("wine-3") is None


def test_the_mark_of_a_batch_goes_after_a_month_and_the_trial_stays(aws: Connection) -> None:
    client, table = aws.client("dynamodb"), make_table(aws)
    opened = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    trials = DynamoTrials(client, table, lambda: opened)
    trials.open(WINE)

    trials.count("wine-3", "first", BATCH)

    items: Any = client.query(
        TableName=table, KeyConditionExpression="id = :id", ExpressionAttributeValues={":id": {"S": "trial#wine-3"}}
    )["Items"]
    expires = {item["part"]["S"].split("#")[0]: item.get("expires", {}).get("N") for item in items}
    assert expires == {"batch": str(int(opened.timestamp()) + MARKER_SECONDS), "trial": None}
