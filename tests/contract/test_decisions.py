"""The port Decisions: of all who are told of a breach, one has the claim."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from heirloom.adapters.dynamodb.decisions import KEPT, DynamoDecisions
from heirloom.adapters.memory import MemoryDecisions
from heirloom.core.errors import Conflict, NotFound
from heirloom.core.rollback.latch import DEAD_AFTER, Claim, Decisions
from local.connection import Connection
from tests.contract.test_predictions import table
from tests.embedded import unique

NOW = datetime(2026, 11, 23, 16, 0, 10, 250_000, tzinfo=UTC)
LATER = NOW + timedelta(seconds=30)
BREACH = "wine/accuracy/v3/2026-11-23T15:55:00.000Z"
DECISION = {"action": "rollback", "target": 2, "reason": "größer als 2 s", "checks": [{"name": "steady"}]}


@pytest.fixture(params=["memory", "aws"])
def decisions(request: pytest.FixtureRequest) -> Decisions:
    if request.param == "memory":
        return MemoryDecisions()
    aws: Connection = request.getfixturevalue("aws")
    return DynamoDecisions(aws.client("dynamodb"), table(aws))


def claimed(decisions: Decisions, at: datetime = NOW) -> Claim:
    claim = decisions.claim(BREACH, at)
    assert claim is not None
    return claim


def test_the_first_one_has_the_claim(decisions: Decisions) -> None:
    assert claimed(decisions) == Claim(BREACH, NOW)
    assert decisions.of(BREACH) is None


def test_others_are_told_that_somebody_is_at_it(decisions: Decisions) -> None:
    claimed(decisions)

    with pytest.raises(Conflict, match=f"claiming the breach {BREACH}"):
        decisions.claim(BREACH, LATER)
    with pytest.raises(Conflict):
        decisions.claim(BREACH, NOW)


def test_breaches_are_apart(decisions: Decisions) -> None:
    claimed(decisions)

    assert decisions.claim("wine/latency/v3/2026-11-23T15:55:00.000Z", NOW) is not None


def test_what_was_decided_is_kept(decisions: Decisions) -> None:
    claim = claimed(decisions)

    decisions.record(claim, DECISION)
    assert decisions.of(BREACH) == DECISION

    decisions.record(claim, {**DECISION, "target": 1})
    assert decisions.of(BREACH) == {**DECISION, "target": 1}


def test_what_is_finished_is_nobody_s_any_more(decisions: Decisions) -> None:
    claim = claimed(decisions)
    decisions.record(claim, DECISION)

    decisions.finish(claim)

    assert decisions.claim(BREACH, LATER) is None
    assert decisions.claim(BREACH, NOW + 10 * DEAD_AFTER) is None
    assert decisions.of(BREACH) == DECISION


def test_a_claim_of_one_who_died_is_taken_over_with_what_was_decided(decisions: Decisions) -> None:
    decisions.record(claimed(decisions), DECISION)

    with pytest.raises(Conflict):
        decisions.claim(BREACH, NOW + DEAD_AFTER - timedelta(milliseconds=1))
    assert claimed(decisions, NOW + DEAD_AFTER) == Claim(BREACH, NOW + DEAD_AFTER, DECISION)


def test_a_claim_that_is_given_back_is_free_at_once(decisions: Decisions) -> None:
    claim = claimed(decisions)
    decisions.record(claim, DECISION)

    decisions.give_back(claim)

    assert claimed(decisions, LATER) == Claim(BREACH, LATER, DECISION)


@pytest.mark.parametrize("end", ["taken over", "given back", "finished"])
def test_who_has_lost_the_claim_writes_nothing(decisions: Decisions, end: str) -> None:
    claim = claimed(decisions)
    if end == "taken over":
        decisions.claim(BREACH, NOW + DEAD_AFTER)
    else:
        (decisions.give_back if end == "given back" else decisions.finish)(claim)

    for write in (lambda: decisions.record(claim, DECISION), lambda: decisions.finish(claim)):
        with pytest.raises(Conflict, match=f"writing the decision on {BREACH}"):
            write()
    with pytest.raises(Conflict):
        decisions.give_back(claim)
    assert decisions.of(BREACH) is None


def test_of_many_at_once_one_has_the_claim(decisions: Decisions) -> None:
    def claim(number: int) -> bool:
        try:
            return decisions.claim(BREACH, NOW + timedelta(milliseconds=number)) is not None
        except Conflict:
            return False

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(claim, range(6))).count(True) == 1


def test_a_decision_expires(aws: Connection) -> None:
    client, name = aws.client("dynamodb"), table(aws)

    claimed(DynamoDecisions(client, name))

    key = {"id": {"S": f"decision#{BREACH}"}, "part": {"S": "decision"}}
    item = client.get_item(TableName=name, Key=key)["Item"]
    assert int(item["expires"]["N"]) == int((NOW + KEPT).timestamp())


def test_says_so_when_there_is_no_table(aws: Connection) -> None:
    with pytest.raises(NotFound, match="claiming the breach"):
        DynamoDecisions(aws.client("dynamodb"), unique("nowhere")).claim(BREACH, NOW)
