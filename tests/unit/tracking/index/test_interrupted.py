"""Packing and searching at the same time: whatever comes between whichever two calls, each run is found, and once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from heirloom.core.errors import Unavailable
from heirloom.core.tracking.ids import partition_of_run
from heirloom.core.tracking.index.forget import forget
from heirloom.core.tracking.index.manifest import MANIFESTS, Manifest
from heirloom.core.tracking.index.open_runs import farewell
from heirloom.core.tracking.index.pack import KEPT, LONGEST
from tests.unit.tracking.index.shelf import SMALL, Shelf

CALLS = range(1, 30)
"""Of packing and of a search: both make fewer."""
ORDER = ["metrics.n DESC", "attributes.run_id"]


def shelf_with_blocks() -> Shelf:
    """Two blocks, of which one has a row of a run that has changed, and four runs that may be packed."""
    shelf = Shelf()
    for _ in range(2):
        shelf.finished(5, loss=0.5)
        shelf.pack()
    shelf.server.post("runs/set-tag", run_id=shelf.runs[0], key="kept", value="yes")
    shelf.server.post("runs/set-tag", run_id=shelf.runs[7], key="kept", value="yes")
    shelf.finished(4, loss=0.25)
    shelf.begin()
    return shelf


def change_a_packed_one(shelf: Shelf) -> None:
    shelf.server.post("runs/log-metric", run_id=shelf.runs[3], key="n", value=100, timestamp=5, step=1)


def change_one_that_is_being_packed(shelf: Shelf) -> None:
    shelf.server.post("runs/log-metric", run_id=shelf.runs[11], key="n", value=200, timestamp=5, step=1)


def resume_one(shelf: Shelf) -> None:
    shelf.server.post("runs/update", run_id=shelf.runs[12], status="RUNNING")


def delete_one(shelf: Shelf) -> None:
    shelf.server.post("runs/delete", run_id=shelf.runs[4])


def begin_one(shelf: Shelf) -> None:
    shelf.begin()


def search(shelf: Shelf) -> None:
    assert shelf.search("", ORDER) == shelf.expected("", ORDER)


def pack_as_well(shelf: Shelf) -> None:
    shelf.pack()


ACTS = [change_a_packed_one, change_one_that_is_being_packed, resume_one, delete_one, begin_one, search, pack_as_well]


@pytest.mark.parametrize("act", ACTS)
def test_what_happens_while_it_is_packed_is_found(act: Callable[[Shelf], None]) -> None:
    for at in CALLS:
        shelf = shelf_with_blocks()
        shelf.documents.interrupt(at, lambda shelf=shelf: act(shelf))  # type: ignore[misc]
        shelf.pack()
        if shelf.documents.at > 0:
            return  # there are no more calls

        for text in ("", "metrics.n >= 3", "tags.kept = 'yes'"):
            assert shelf.search(text, ORDER) == shelf.expected(text, ORDER), (at, text)
        shelf.finished(3, loss=0.125)
        shelf.pack()
        assert shelf.search("", ORDER) == shelf.expected("", ORDER), at
    pytest.fail("packing makes more calls than were tried")


@pytest.mark.parametrize("act", [pack_as_well, begin_one, delete_one])
def test_a_search_finds_each_run_once_while_they_are_packed(act: Callable[[Shelf], None]) -> None:
    for at in CALLS:
        shelf = shelf_with_blocks()
        before = shelf.expected("", ORDER)
        shelf.documents.interrupt(at, lambda shelf=shelf: act(shelf))  # type: ignore[misc]
        found = shelf.search("", ORDER)
        if shelf.documents.at > 0:
            return

        assert found in (before, shelf.expected("", ORDER), [run for run in before if run != shelf.runs[4]]), at
    pytest.fail("a search makes more calls than were tried")


def test_who_dies_over_packing_is_taken_over_from() -> None:
    for at in CALLS:
        shelf = shelf_with_blocks()
        shelf.documents.interrupt(at, die)
        with suppress(Unavailable):
            shelf.pack()
        shelf.documents.interrupt(-1, die)
        assert shelf.search("", ORDER) == shelf.expected("", ORDER), at

        shelf.server.now += timedelta(milliseconds=LONGEST)
        shelf.finished(3, loss=0.125)
        shelf.pack()

        assert shelf.search("", ORDER) == shelf.expected("", ORDER), at
        assert manifest_of(shelf).making is None


def test_packing_that_somebody_else_is_at_is_left_to_them() -> None:
    shelf = shelf_with_blocks()
    found: list[int] = []
    shelf.documents.interrupt(6, lambda: found.append(shelf.pack()))

    assert shelf.pack() == 6
    assert found == [0]


def test_blocks_are_few_and_dead_ones_are_dropped() -> None:
    shelf = Shelf()
    for _ in range(30):
        shelf.finished(3)
        shelf.pack()
        shelf.server.now += timedelta(milliseconds=KEPT)

    manifest = manifest_of(shelf)
    partitions = {partition for partition, _ in shelf.documents.columns}
    assert sum(block.alive for block in manifest.blocks) == 90
    assert len(manifest.blocks) <= 90 / SMALL.most + 4
    assert partitions == {f"columns#{shelf.experiments[0]}#{each.id}" for each in (*manifest.blocks, *manifest.retired)}
    assert len(manifest.retired) <= 3


def test_runs_with_many_values_make_smaller_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heirloom.core.tracking.index.pack._AT_ONCE", 2)
    shelf = Shelf()
    shelf.finished(8, **{f"m{number}": 1.0 for number in range(120)})

    assert shelf.pack() == 6
    assert [block.rows for block in manifest_of(shelf).blocks] == [2, 2, 2]
    assert shelf.search("metrics.m7 > 0", ORDER) == shelf.expected("metrics.m7 > 0", ORDER)


def test_a_run_that_is_gone_is_neither_found_nor_packed_again() -> None:
    shelf = shelf_with_blocks()
    run = shelf.documents.get(partition_of_run(shelf.runs[3]), shelf.runs[3])
    assert run is not None
    shelf.documents.write(farewell(run), gone=[run])

    assert shelf.runs[3] not in shelf.search("", ORDER)
    assert shelf.search("", ORDER) == shelf.expected("", ORDER)
    shelf.pack()

    assert shelf.search("", ORDER) == shelf.expected("", ORDER)
    assert [mark.id for mark in shelf.documents.of(f"open#{shelf.experiments[0]}")] == [shelf.runs[-1]]


def test_an_experiment_that_is_cleared_away_leaves_no_index() -> None:
    shelf = shelf_with_blocks()
    documents, experiment = shelf.documents, shelf.experiments[0]
    forget(shelf.experiments[1], documents)
    with suppress(Unavailable):
        documents.interrupt(7, die)
        shelf.pack()

    forget(experiment, documents)

    parts = {partition for partition, _ in (*documents.stored, *documents.columns)}
    assert [part for part in parts if part.startswith(("columns#", "places#", "open#", "blocks"))] == []


def die() -> None:
    raise Unavailable("killed")


def test_runs_are_found_by_their_ids_without_a_look_at_blocks() -> None:
    shelf = shelf_with_blocks()
    ids = ", ".join(f"'{run}'" for run in (shelf.runs[1], shelf.runs[12], "none", "no-such-run-at-all"))
    shelf.documents.columns.clear()

    assert shelf.search(f"attributes.run_id IN ({ids})") == shelf.expected(f"attributes.run_id IN ({ids})")
    assert shelf.search(f"attributes.run_id = '{shelf.runs[2]}' AND metrics.n > 1") == [shelf.runs[2]]


def test_a_tag_is_there_or_is_not() -> None:
    shelf = shelf_with_blocks()
    shelf.pack()

    for text in ("tags.kept IS NULL", "tags.kept IS NOT NULL", "params.none IS NULL", "params.none IS NOT NULL"):
        assert shelf.search(text, ORDER) == shelf.expected(text, ORDER), text


def test_a_text_that_no_column_holds_is_compared_whole() -> None:
    shelf = Shelf()
    for end in ("a", "b", "c"):
        run = shelf.begin()
        shelf.server.post("runs/log-parameter", run_id=run, key="note", value="x" * 300 + end)
        shelf.finish(run)
    shelf.pack()

    wanted = f"params.note = '{'x' * 300}b'"
    assert shelf.search(wanted, ORDER) == [shelf.runs[1]]
    assert shelf.search("", ["params.note DESC"]) == shelf.runs[::-1]


def test_datasets_are_searched_in_experiments_that_have_them() -> None:
    shelf = shelf_with_blocks()
    dataset = {"name": "coats", "digest": "1", "source_type": "local", "source": "{}"}
    shelf.server.post("runs/log-inputs", run_id=shelf.runs[0], datasets=[{"dataset": dataset}])

    found = shelf.server.post("experiments/search-datasets", experiment_ids=[*shelf.experiments, "77"])

    assert [each["name"] for each in found["dataset_summaries"]] == ["coats"]


def test_a_run_that_goes_while_it_is_searched_is_left_out() -> None:
    shelf = shelf_with_blocks()
    run = shelf.documents.get(partition_of_run(shelf.runs[3]), shelf.runs[3])
    assert run is not None
    calls_of_a_search = 9
    found = [
        shelf.search("", ORDER)
        for at in range(1, calls_of_a_search)
        for _ in [shelf.documents.interrupt(at, lambda: shelf.documents.stored.pop(run.key, None))]
    ]

    assert shelf.runs[3] not in found[-1]
    assert len(found[-1]) == len(shelf.runs) - 1


def manifest_of(shelf: Shelf) -> Manifest:
    return Manifest.of(shelf.documents.get(MANIFESTS, shelf.experiments[0]))
