"""Canaries on the deployed stack: a good one is promoted; of a bad one callers notice next to nothing, and it goes."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.embedded import wait_for
from tests.local.stack.client import Stack
from tests.local.stack.load import load
from tests.local.stack.paint import coats

pytestmark = pytest.mark.xdist_group("releases")
THIN = {"thickness": 0.2, "colour": "red"}
THICK = {"thickness": 9, "colour": "red"}


def canary(stack: Stack, after: int) -> int | None:
    """The version on trial, if it is a later one than ``after``."""
    trial = stack.release("enamel")["route"]["canary"]
    return trial["version"] if trial and trial["version"] > after else None


def begin(stack: Stack, name: str, body: bytes) -> tuple[str, int]:
    """Upload, and wait until the new version is on trial; its run and its number."""
    versions = [version["number"] for version in stack.call("GET", "/models/enamel")[1]["versions"]]
    run = stack.upload("enamel", f"{name}.csv", body)
    return run, int(wait_for(lambda: canary(stack, max(versions)), 60))


def faulty(fault: str) -> bytes:
    """Good coats, one of them of the colour that makes a version go wrong."""
    return coats(200) + f"0.3,{fault},yes\n".encode()


@pytest.fixture(scope="module")
def champion(stack: Stack) -> int:
    """A good version that became champion by its own trial."""
    run, version = begin(stack, "good", faulty("fine"))
    with load(stack, "enamel", THIN, callers=4) as asked:
        execution = stack.wait(run)
    assert execution["status"] == "SUCCEEDED", execution
    assert {one.status for one in asked} == {200}
    assert {one.version for one in asked} == {0, version}
    return version


def test_a_good_canary_is_promoted_and_the_history_says_why(stack: Stack, champion: int) -> None:
    found = stack.release("enamel")

    assert found["route"]["champion"] == champion
    assert found["route"]["canary"] is None
    steps = [change["action"] for change in stack.changes("enamel") if change["canary"] == champion]
    assert steps == ["canary"]
    (promotion,) = [change for change in stack.changes("enamel") if change["champion"] == champion][:1]
    assert (promotion["action"], promotion["canary"]) == ("promote", None)
    assert "requests failed" in promotion["reason"]


@pytest.mark.parametrize("fault", ["fail", "crash", "slow", "hang"])
def test_a_bad_canary_is_taken_back_and_callers_get_the_champion_s_answers(
    stack: Stack, champion: int, fault: str
) -> None:
    run, version = begin(stack, fault, faulty(fault))
    with load(stack, "enamel", THIN) as asked:  # answered at once: whoever is late from now on was awake
        wait_for(lambda: sum(one.version == version for one in asked) > 10)

    with load(stack, "enamel", THICK) as asked:
        execution = stack.wait(run)

    assert execution["status"] == "FAILED"
    assert execution["error"] == "route"
    assert {one.status for one in asked} == {200}
    assert {one.version for one in asked} <= {champion, version}
    route = stack.release("enamel")["route"]
    assert (route["champion"], route["canary"]) == (champion, None)
    assert str(version) in route["quarantined"]
    last = taken_back(stack)
    # Requests that a caller gave up still keep a slow server busy, so that the next ones may fail as well.
    assert last["reason"].startswith(("errors", "slow") if fault in ("slow", "hang") else "errors")


def test_a_canary_that_answers_wrongly_is_taken_back_by_its_labels(stack: Stack, champion: int) -> None:
    run, version = begin(stack, "wrong", faulty("wrong"))

    deadline = time.monotonic() + 120
    while stack.execution(run)["status"] == "RUNNING":  # type: ignore[index]
        assert time.monotonic() < deadline
        label_some(stack, "no")

    assert stack.execution(run)["status"] == "FAILED"  # type: ignore[index]
    route = stack.release("enamel")["route"]
    assert route["champion"] == champion
    assert str(version) in route["quarantined"]
    assert "wrong" in taken_back(stack)["reason"]


def taken_back(stack: Stack) -> dict[str, Any]:
    """How the last canary ended, in the history; endpoints may have been retired since."""
    return next(change for change in reversed(stack.changes("enamel")) if change["action"] == "stop")


def label_some(stack: Stack, label: str, count: int = 20) -> None:
    """Ask for thick coats, which never dry within the hour, and send back what happened, as soon as it can be told."""
    answers = [stack.predict("enamel", [THICK])[1]["predictions"][0] for _ in range(count)]
    labels: list[dict[str, Any]] = [{"id": answer["id"], "label": label} for answer in answers]

    def told() -> bool:
        """Labels of predictions that are not stored yet are reported as unknown."""
        nonlocal labels
        answer = stack.call("POST", "/models/enamel/feedback", {"labels": labels})[1]
        labels = [one for one in labels if one["id"] in answer["unknown"]]
        return not labels

    wait_for(told, 30)
