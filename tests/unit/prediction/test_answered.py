"""What a batch of log lines shows of each version."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from heirloom.adapters.memory import MemoryLineage, MemoryObjects
from heirloom.core.monitoring.observation import Requests
from heirloom.core.prediction import answered
from heirloom.core.prediction.capture import Captured
from heirloom.core.prediction.request import PROBE_ENTITY
from tests.unit.prediction.watched import AT, PROFILE, keep_profile, keep_project, observer, project


def row(n: Any = 1, **others: Any) -> dict[str, Any]:
    return {"id": f"id-{n}", "input": {"n": n, "text": "x"}, "answer": {"label": "red"}, **others}


def line(*rows: dict[str, Any], **facts: Any) -> Captured:
    """A line of one request that version 3 answered in 12 ms, or so."""
    whose = {"entity": "caller", "release": None, "arm": None}
    what = {"failed": False, "timed": True, "slow": False, "fallback": False, "shadow": None}
    told = {"part": 0, "model": "wine", "version": 3, "at": AT, "ms": 12.0, **whose, **what, **facts}
    return Captured(**told, rows=rows or (row(),))


class Kept:
    """The ports, and who observes."""

    def __init__(self) -> None:
        self.lineage, self.objects = MemoryLineage(), MemoryObjects()
        self.observer = observer(self.lineage, self.objects)

    def requests(self, *captured: Captured) -> list[Requests]:
        return list(self.observer.requests(captured, "batch"))


@pytest.fixture
def kept() -> Kept:
    return Kept()


def test_counts_rows_and_requests_of_each_model_and_version(kept: Kept) -> None:
    later = "2026-11-23T15:10:10.000Z"
    given = [line(row(1), row(2)), line(version=4), line(at=later), line(model="beer")]

    assert kept.requests(*given) == [
        Requests("batch-wine-3", "wine", 3, later, 3, "00"),
        Requests("batch-wine-4", "wine", 4, AT, 1, "0"),
        Requests("batch-beer-3", "beer", 3, AT, 1, "0"),
    ]


def test_nothing_was_answered_in_an_empty_batch(kept: Kept) -> None:
    assert kept.requests() == []


def test_a_request_is_slow_when_it_took_longer_than_was_promised(kept: Kept) -> None:
    keep_project(kept.lineage, project(latency=300))

    (found,) = kept.requests(line(ms=300.0), line(ms=300.1), line(ms=12.0))

    assert found.slow == "010"


def test_where_nothing_was_promised_two_seconds_were(kept: Kept) -> None:
    (found,) = kept.requests(line(ms=2000.0), line(ms=2000.1))

    assert found.slow == "01"


def test_a_request_of_several_lines_is_one_request(kept: Kept) -> None:
    (found,) = kept.requests(line(row(1)), line(row(2), row(3), part=1))

    assert (found.rows, found.slow) == (3, "0")


def test_how_long_a_fallback_took_says_nothing_of_who_answered(kept: Kept) -> None:
    """The time is the canary's; the rows were answered by the champion."""
    (found,) = kept.requests(line(fallback=True, ms=9000.0), line())

    assert (found.rows, found.slow) == (2, "0")


def test_a_request_that_nobody_answered_counts_nowhere(kept: Kept) -> None:
    silent = replace(line(failed=True), rows=())

    assert kept.requests(silent) == []


@pytest.mark.parametrize("entity", [PROBE_ENTITY, f"{PROBE_ENTITY}drill-1"])
def test_probes_count_nowhere(kept: Kept, entity: str) -> None:
    assert kept.requests(line(entity=entity)) == []
    assert len(kept.requests(line(entity=None), line(entity="an heirloom-"))) == 1


def test_a_row_in_pieces_is_no_row_and_its_request_is_one(kept: Kept) -> None:
    pieces = [{"id": "a", "piece": number, "pieces": 2, "text": "{"} for number in range(2)]

    (found,) = kept.requests(line(pieces[0], ms=2500.0), line(pieces[1], part=1), line(row(1), part=2))

    assert (found.rows, found.slow) == (1, "1")


def test_a_row_that_is_none_of_ours_is_left_out(kept: Kept) -> None:
    (found,) = kept.requests(line(row(input=None), row(answer="red"), row(2)))

    assert found.rows == 1


def test_counts_rows_over_the_bins_that_the_version_was_trained_on(kept: Kept) -> None:
    keep_profile(kept.lineage, kept.objects, 3)

    (found,) = kept.requests(line(row(1), row(3)), line(row(None)), line(row(99)))

    assert found.counts is not None
    assert found.counts["rows"] == 4
    assert found.counts["features"]["n"] == {"0": 1, "1": 2, "missing": 1, "above": 1}
    assert found.counts["features"]["text"] == {"0": 4}
    assert found.counts["answer"] == {"0": 4}


@pytest.mark.parametrize("version", [0, 4])
def test_there_are_no_counts_without_a_profile(kept: Kept, version: int) -> None:
    keep_profile(kept.lineage, kept.objects, 3)

    (found,) = kept.requests(line(version=version))

    assert found.counts is None


def test_counts_that_no_item_could_hold_are_left_out(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    features = {f"column-{n}": PROFILE["features"]["n"] for n in range(50)}  # type: ignore[index]
    keep_profile(kept.lineage, kept.objects, 3, {**PROFILE, "features": features})

    monkeypatch.setattr(answered, "LARGEST_COUNTS", 1000)

    (found,) = kept.requests(line())
    assert (found.rows, found.counts) == (1, None)


def test_what_is_observed_is_plain_json_that_a_record_holds(kept: Kept) -> None:
    keep_profile(kept.lineage, kept.objects, 3)

    (found,) = kept.requests(line())

    assert Requests.from_record(found.to_record()) == found
