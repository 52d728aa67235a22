"""Routes that are moved while callers ask: nobody gets an error, nobody the wrong version for long."""

from __future__ import annotations

import itertools
import random
import threading
import time

import pytest

from tests.local.stack.client import RELEASE, Stack
from tests.local.stack.load import Champions, load
from tests.local.stack.paint import coats

pytestmark = pytest.mark.xdist_group("releases")
ROW = {"thickness": 0.2, "colour": "red"}
FLIPS = 60
LATE = 1.5


@pytest.fixture(scope="module")
def versions(stack: Stack) -> list[int]:
    """Three versions of paint that are ready to answer, and one before them whose endpoint was removed: keep is 1."""
    return [stack.train("paint", f"release-{seed}.csv", coats(120, seed)) for seed in range(4)][1:]


def promote(stack: Stack, version: int) -> None:
    status, answer = stack.move("paint", "promote", version=version)
    assert status == 200, answer


def test_flips_under_load_without_an_error_or_a_wrong_version(stack: Stack, versions: list[int]) -> None:
    dwell = random.Random(7)
    champions = Champions(versions[-1])
    first = stack.release("paint")["route"]["revision"]

    with load(stack, "paint", ROW) as asked:
        for version in itertools.islice(itertools.cycle(versions), FLIPS):
            with champions.change(version):
                promote(stack, version)
            time.sleep(dwell.choice([0, 0.05, 0.2, 2]))

    assert len(asked) > 10 * FLIPS
    assert {one.status for one in asked} == {200}
    wrong = [one for one in asked if one.version not in champions.allowed(one, LATE)]
    assert wrong == []
    revisions = [change["revision"] for change in stack.changes("paint")]
    assert revisions == list(range(revisions[0], first + FLIPS + 1))


def test_of_two_writers_at_once_one_wins_and_one_is_told(stack: Stack, versions: list[int]) -> None:
    revision = stack.release("paint")["route"]["revision"]
    answers: list[int] = []

    def write(version: int) -> None:
        answers.append(stack.move("paint", "promote", version=version, revision=revision)[0])

    writers = [threading.Thread(target=write, args=(version,)) for version in versions[:2]]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert sorted(answers) == [200, 409]
    assert stack.release("paint")["route"]["revision"] == revision + 1
    assert stack.changes("paint")[-1]["revision"] == revision + 1


def test_a_rollback_reaches_every_caller_within_seconds(stack: Stack, versions: list[int]) -> None:
    good, bad = versions[1:]
    if stack.release("paint")["route"]["champion"] != good:
        promote(stack, good)
    promote(stack, bad)
    time.sleep(LATE)

    with load(stack, "paint", ROW) as asked:
        time.sleep(0.5)
        status, answer = stack.move("paint", "rollback")
        returned = time.monotonic()
        time.sleep(2 * LATE)

    assert status == 200
    assert answer["champion"] == good
    assert {one.status for one in asked} == {200}
    assert {one.version for one in asked if one.began > returned + LATE} == {good}
    assert stack.move("paint", "promote", version=bad)[0] == 409
    assert stack.move("paint", "clear", version=bad)[0] == 200


def test_a_frozen_route_names_who_froze_it_and_why(stack: Stack, versions: list[int]) -> None:
    assert stack.move("paint", "freeze", reason="the audit is on")[0] == 200

    status, problem = stack.move("paint", "promote", version=versions[0])

    assert stack.move("paint", "thaw")[0] == 200
    assert status == 409
    assert "the audit is on" in problem["detail"]
    assert "arn:aws" in problem["detail"]


def test_returns_to_a_version_whose_endpoint_was_removed(stack: Stack, versions: list[int]) -> None:
    gone = min(versions) - 1
    assert str(gone) not in stack.release("paint")["route"]["ready"]

    status, answer = stack.move("paint", "rollback", version=gone, quarantine=False)

    assert status == 202, answer
    assert stack.wait(answer["execution"], machine=RELEASE)["status"] == "SUCCEEDED"
    assert stack.release("paint")["route"]["champion"] == gone
    assert stack.predict("paint", [ROW])[1]["version"] == gone
