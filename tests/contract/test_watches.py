"""The ports Watches and Breaches."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from heirloom.adapters.dynamodb.watches import DynamoWatches
from heirloom.adapters.memory import MemoryWatches
from heirloom.core.errors import Conflict
from heirloom.core.monitoring.breach import ACCURACY, Breach, Severity
from heirloom.core.monitoring.watch import LABELS, REQUESTS, Kept, Subject, Watches, Writing
from local.connection import Connection
from tests.contract.test_trials import make_table

WINE = Subject("wine", 3)
FIRST = Writing(WINE, LABELS, 1, {"labelled": 3, "slices": {"colour": {"red": [2, 1]}}}, ("batch-1", "batch-2"))
BREACH = Breach(
    "wine", 3, ACCURACY, Severity.PAGE, "2026-11-28T15:00:00.000Z", {"value": 0.81, "reason": "it fell", "samples": 9}
)
ENDED = "2026-11-28T16:00:00.000Z"


@pytest.fixture(params=["memory", "aws"])
def watches(request: pytest.FixtureRequest) -> Watches:
    if request.param == "memory":
        return MemoryWatches()
    aws: Connection = request.getfixturevalue("aws")
    return DynamoWatches(aws.client("dynamodb"), make_table(aws))


def test_what_is_put_is_there_and_nothing_else(watches: Watches) -> None:
    assert watches.get(WINE) == {LABELS: Kept(), REQUESTS: Kept()}

    watches.put(FIRST)

    assert watches.get(WINE) == {LABELS: Kept(1, FIRST.document), REQUESTS: Kept()}
    assert watches.get(replace(WINE, drill=True)) == {LABELS: Kept(), REQUESTS: Kept()}
    assert watches.get(replace(WINE, version=4)) == {LABELS: Kept(), REQUESTS: Kept()}
    assert watches.counted(WINE, ["batch-1", "batch-2", "batch-3"]) == {"batch-1", "batch-2"}
    assert watches.counted(replace(WINE, drill=True), ["batch-1"]) == frozenset()


def test_both_halves_go_by_revisions_of_their_own(watches: Watches) -> None:
    watches.put(FIRST)

    watches.put(Writing(WINE, REQUESTS, 1, {"predicted": 7}, ("batch-9",)))

    assert watches.get(WINE)[REQUESTS] == Kept(1, {"predicted": 7})


@pytest.mark.parametrize(
    "late",
    [
        replace(FIRST, names=("batch-3",)),
        replace(FIRST, names=("batch-3",), revision=3),
        replace(FIRST, revision=2),
        replace(FIRST, revision=2, names=("batch-3", "batch-2")),
    ],
    ids=["the revision is taken", "a revision too far", "counted", "one of them counted"],
)
def test_refuses_a_write_that_comes_too_late_and_keeps_what_is_there(watches: Watches, late: Writing) -> None:
    watches.put(FIRST)

    with pytest.raises(Conflict):
        watches.put(replace(late, document={"labelled": 99}, hours={"2026-11-28T15": {"rows": 1}}, breach=BREACH))

    assert watches.get(WINE)[LABELS] == Kept(1, FIRST.document)
    assert watches.counted(WINE, ["batch-3"]) == frozenset()
    assert watches.hours(WINE, "2026-11-28") == {}
    assert watches.of("wine") == ()


def test_hours_are_replaced_and_found_by_their_day(watches: Watches) -> None:
    hours = {"2026-11-27T23": {"rows": 1}, "2026-11-28T00": {"rows": 2}, "2026-11-28T01": {"rows": 3}}
    watches.put(Writing(WINE, REQUESTS, 1, {}, ("a",), hours=hours))
    watches.put(Writing(WINE, REQUESTS, 2, {}, ("b",), hours={"2026-11-28T01": {"rows": 5}}))

    assert watches.hours(WINE, "2026-11-28") == {"2026-11-28T00": {"rows": 2}, "2026-11-28T01": {"rows": 5}}
    assert watches.hours(WINE, "2026-11-28T00") == {"2026-11-28T00": {"rows": 2}}
    assert watches.hours(replace(WINE, version=4), "2026-11-28") == {}


def test_a_breach_is_of_its_model_and_promise(watches: Watches) -> None:
    watches.put(replace(FIRST, breach=BREACH))
    drill = replace(BREACH, drill=True)
    watches.put(Writing(replace(WINE, drill=True), LABELS, 1, {}, ("d",), breach=drill))

    assert sorted(watches.of("wine"), key=lambda breach: breach.drill) == [BREACH, drill]
    assert watches.of("wines") == ()


def test_a_breach_is_replaced_by_who_has_seen_it(watches: Watches) -> None:
    watches.put(replace(FIRST, breach=BREACH))
    worse = replace(BREACH, severity=Severity.ROLLBACK)

    with pytest.raises(Conflict):
        watches.put(Writing(WINE, LABELS, 2, {}, ("c",), breach=worse))
    watches.put(Writing(WINE, LABELS, 2, {}, ("c",), breach=worse, known=BREACH))

    assert watches.of("wine") == (worse,)


def test_a_breach_ends_once_and_is_not_begun_again_by_who_has_not_seen_that(watches: Watches) -> None:
    watches.put(replace(FIRST, breach=BREACH))

    watches.end(replace(BREACH, severity=Severity.ROLLBACK), ENDED)
    watches.end(BREACH, "2026-11-28T17:00:00.000Z")
    watches.end(replace(BREACH, version=9), ENDED)

    assert watches.of("wine") == (replace(BREACH, ended_at=ENDED),)
    with pytest.raises(Conflict):
        watches.put(
            Writing(WINE, LABELS, 2, {}, ("c",), breach=replace(BREACH, severity=Severity.ROLLBACK), known=BREACH)
        )


def test_of_writers_at_once_each_revision_has_one(watches: Watches) -> None:
    def write(name: str) -> bool:
        for _ in range(100):
            revision = watches.get(WINE)[LABELS].revision
            try:
                watches.put(Writing(WINE, LABELS, revision + 1, {"by": name}, (name,)))
                return True
            except Conflict:
                continue
        return False

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(write, map(str, range(24))))

    assert watches.get(WINE)[LABELS].revision == 24
    assert len(watches.counted(WINE, map(str, range(24)))) == 24
