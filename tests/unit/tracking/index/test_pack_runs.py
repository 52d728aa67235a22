"""The function that the stream of the table calls."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from heirloom.core.tracking.documents import Document
from heirloom.handlers import pack_runs
from tests.unit.tracking.index.shelf import SMALL, Shelf

EVENT = json.loads((Path(__file__).parents[4] / "events" / "pack_runs.ended.json").read_text())


def test_it_packs_the_experiments_of_the_runs_that_have_ended() -> None:
    shelf = Shelf()
    shelf.finished(260)

    packed = pack_runs.handle(EVENT, shelf.server.tracking)

    assert packed == {"1": 260, "7": 0}
    assert shelf.search("metrics.n > 100") == shelf.expected("metrics.n > 100")


def test_the_event_source_lets_marks_of_ended_runs_through() -> None:
    shelf = Shelf()
    (run,) = shelf.finished(1)
    (mark,) = shelf.documents.of("open#1")

    assert (mark.id, json.dumps(mark.data, separators=(",", ":"))) == (run, '{"ended":true}')
    (image,) = {record["dynamodb"]["NewImage"]["data"]["S"] for record in EVENT["Records"]}
    assert image == '{"ended":true}'


def test_it_leaves_the_rest_to_the_next_call_after_many_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heirloom.core.tracking.index.pack.ROUNDS", 2)
    shelf = Shelf()
    shelf.finished(20)

    assert shelf.pack() == 2 * SMALL.most
    assert shelf.pack() == 4


def test_runs_that_are_gone_leave_no_block() -> None:
    shelf = Shelf()
    shelf.documents.put(*(Document("open#1", f"{number:032x}", {"ended": True}) for number in range(3)))

    assert shelf.pack() == 3
    assert shelf.search() == []
    assert shelf.documents.columns == {}
