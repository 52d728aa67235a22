"""Batches of one trial are counted in one item: what DynamoDB answers then, which the embedded one never does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from heirloom.adapters.dynamodb.trials import DynamoTrials
from heirloom.core.errors import Invalid, Unavailable
from heirloom.core.release.trial import Arm, Rules, Tally, Trial
from heirloom.core.release.verdict import Verdict

TRIAL = Trial("wine-3", "wine", 2, 3, Rules(), "AAAA", "2026-11-23T15:00:00.000Z")
ITEM = {
    "id": {"S": "trial#wine-3"},
    "part": {"S": "trial"},
    "token": {"S": "AAAA"},
    "trial": {
        "S": '{"model": "wine", "champion": 2, "challenger": 3, "started_at": "2026-11-23T15:00:00.000Z", '
        '"rules": {"confidence": 0.95, "tolerance": 0.01, "min_labels": 0}}'
    },
}
BATCH = Tally(canary=Arm(requests=1))


@pytest.fixture
def client() -> Any:
    return boto3.client("dynamodb", "us-east-1", aws_access_key_id="none", aws_secret_access_key="none")


@pytest.fixture
def stub(client: Any) -> Iterator[Stubber]:
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def cancel(stub: Stubber, *reasons: str) -> None:
    codes = {"CancellationReasons": [{"Code": reason} for reason in reasons]}
    stub.add_client_error("transact_write_items", "TransactionCanceledException", modeled_fields=codes)


@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_batch_that_met_another_is_written_again(client: Any, stub: Stubber, reason: str) -> None:
    waits: list[float] = []
    cancel(stub, "None", reason)
    cancel(stub, reason, "None")
    stub.add_response("transact_write_items", {})
    stub.add_response("get_item", {"Item": ITEM})

    counted = DynamoTrials(client, "predictions", sleep=waits.append).count("wine-3", "batch-1", BATCH)

    assert counted == TRIAL
    assert len(waits) == 2


def test_a_batch_that_was_counted_is_not_written_again(client: Any, stub: Stubber) -> None:
    cancel(stub, "ConditionalCheckFailed", "None")
    stub.add_response("get_item", {"Item": ITEM})

    assert DynamoTrials(client, "predictions").count("wine-3", "batch-1", BATCH) == TRIAL


def test_gives_up_when_others_never_leave_the_trial(client: Any, stub: Stubber) -> None:
    waits: list[float] = []
    for _ in range(10):
        cancel(stub, "None", "TransactionConflict")

    with pytest.raises(Unavailable, match="counting batch batch-1 of wine-3: others were at the same trial 10 times"):
        DynamoTrials(client, "predictions", sleep=waits.append).count("wine-3", "batch-1", BATCH)

    assert 0 <= max(waits) <= 1


def test_a_transaction_that_can_never_be_written_is_not_tried_again(client: Any, stub: Stubber) -> None:
    cancel(stub, "None", "ValidationError")

    with pytest.raises(Invalid, match="counting batch batch-1 of wine-3"):
        DynamoTrials(client, "predictions").count("wine-3", "batch-1", BATCH)


def test_a_verdict_waits_for_the_batch_that_is_being_counted(client: Any, stub: Stubber) -> None:
    waits: list[float] = []
    stub.add_client_error("update_item", "TransactionConflictException")
    stub.add_response("update_item", {})
    verdict = Verdict("worse", "errors: 5 of 10 requests failed", "errors")

    decided = DynamoTrials(client, "predictions", sleep=waits.append).decide("wine-3", verdict)

    assert decided == verdict
    assert len(waits) == 1
