"""Local runs reach the tracking store whole and once, whatever is killed or lost on the way."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from cli.kept import KeptRuns
from cli.sync import Sent, send
from heirloom.core.errors import Unavailable
from tests.cli.conftest import Run
from tests.cli.tracking_store import HandlerStore, assert_whole, keep

CALLS = 14
"""Of one run: its experiment looked for and made, itself made, a batch, inputs, 8 files, its end."""


def sync(root: Path, store: HandlerStore) -> list[Sent]:
    """What `heirloom run sync` does, without its command line."""
    runs = KeptRuns(root)
    with runs.sending():
        return send(runs.unsynced(store.address), store, lambda _: None)


def test_sends_a_run_whole(tmp_path: Path) -> None:
    kept, store = keep(tmp_path), HandlerStore()

    (sent,) = sync(tmp_path, store)

    (run,) = store.runs()
    assert_whole(run, kept, store)
    assert store.calls == CALLS
    assert sent.tracked == run["info"]["run_id"]
    assert kept.synced_to() == {store.address: sent.tracked}


def test_sends_a_run_that_failed_with_its_reason(tmp_path: Path) -> None:
    kept, store = keep(tmp_path, failure="ValueError: no such loss"), HandlerStore()

    sync(tmp_path, store)

    (run,) = store.runs()
    assert_whole(run, kept, store)
    assert run["info"]["status"] == "FAILED"
    assert {"key": "heirloom.failure", "value": "ValueError: no such loss"} in run["data"]["tags"]


def test_sends_nothing_twice(tmp_path: Path) -> None:
    store = HandlerStore()
    keep(tmp_path)
    sync(tmp_path, store)
    calls = store.calls

    assert sync(tmp_path, store) == []
    assert store.calls == calls


@pytest.mark.parametrize("effective", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", range(1, CALLS + 1))
def test_goes_on_where_it_was_cut_off(tmp_path: Path, call: int, effective: bool) -> None:
    kept, store = keep(tmp_path), HandlerStore(cut_at=call, effective=effective)
    with pytest.raises(Unavailable):
        sync(tmp_path, store)

    sync(tmp_path, store)

    (run,) = store.runs()
    assert_whole(run, kept, store)


@pytest.mark.parametrize("effective", [False, True], ids=["before", "after"])
def test_gets_there_though_each_attempt_is_cut_off(tmp_path: Path, effective: bool) -> None:
    kept, store = keep(tmp_path), HandlerStore(effective=effective)
    for call in range(1, 100):
        store.calls, store.cut_at = 0, call
        try:
            sync(tmp_path, store)
            break
        except Unavailable:
            continue

    (run,) = store.runs()
    assert_whole(run, kept, store)


def test_finds_its_run_again_when_it_was_killed_before_it_could_remember(tmp_path: Path) -> None:
    kept, store = keep(tmp_path), HandlerStore()
    sync(tmp_path, store)
    (kept.folder / "synced.json").unlink()

    (sent,) = sync(tmp_path, store)

    (run,) = store.runs()
    assert sent.tracked == run["info"]["run_id"]


def test_two_at_once_send_each_run_once(tmp_path: Path) -> None:
    kept, store = [keep(tmp_path, number) for number in range(4)], HandlerStore()
    both = [threading.Thread(target=sync, args=(tmp_path, store)) for _ in range(2)]

    for each in both:
        each.start()
    for each in both:
        each.join()

    runs = sorted(store.runs(), key=lambda run: run["info"]["start_time"])
    assert len(runs) == len(kept)
    for run, one in zip(runs, kept, strict=True):
        assert_whole(run, one, store)


def test_a_run_that_is_refused_does_not_hold_up_the_others(tmp_path: Path) -> None:
    keep(tmp_path, 0, parameters={"learning_rate": 0.03, "what?": 1})
    fine, store = keep(tmp_path, 1), HandlerStore()

    refused, sent = sync(tmp_path, store)

    assert refused.tracked is None
    assert "what?" in refused.problem
    assert sent.kept == fine
    assert sent.tracked is not None


def test_leaves_a_run_deleted_that_somebody_deleted(tmp_path: Path) -> None:
    kept, store = keep(tmp_path), HandlerStore(cut_at=6)
    with pytest.raises(Unavailable):
        sync(tmp_path, store)
    store.call("POST", "/api/2.0/mlflow/runs/delete", {"run_id": store.runs()[0]["info"]["run_id"]})

    sync(tmp_path, store)

    (run,) = store.runs()
    assert run["info"]["lifecycle_stage"] == "deleted"
    assert kept.synced_to() == {store.address: run["info"]["run_id"]}


def test_another_stack_has_not_got_it(tmp_path: Path) -> None:
    keep(tmp_path)
    sync(tmp_path, HandlerStore())

    (sent,) = sync(tmp_path, HandlerStore(address="https://other.example"))

    assert sent.tracked is not None


def test_cuts_what_one_request_can_not_hold(tmp_path: Path) -> None:
    kept, store = keep(tmp_path, parameters={f"p{number}": number for number in range(250)}), HandlerStore()

    sync(tmp_path, store)

    (run,) = store.runs()
    assert_whole(run, kept, store)


def test_a_run_that_was_never_finished_is_not_there(tmp_path: Path) -> None:
    runs = KeptRuns(tmp_path)

    with runs.beginning("flight-delay-1") as beginning:
        beginning.log.write_text("[heirloom] stopped by SIGTERM\n")
        assert runs.all() == []

    assert runs.all() == []
    assert list((tmp_path / ".heirloom-runs").iterdir()) == []


def test_kept_lists_what_was_tried(cli: Run, workspace: Path) -> None:
    keep(workspace, 1, failure="ValueError: no such loss")
    keep(workspace, 0).mark_synced("https://api.example", "0" * 32)

    told = cli("run", "kept")

    first, second = told.out.splitlines()[1:]
    assert first.split()[:4] == ["flight-delay-000000000000", "slower", "finished", "0.7"]
    assert first.split()[-2:] == ["learning_rate=0.03", "yes"]
    assert second.split()[:4] == ["flight-delay-000000000001", "slower", "failed", "-"]
    assert [run["status"] for run in cli("run", "kept", "--json").document["runs"]] == ["FINISHED", "FAILED"]


def test_kept_says_how_to_make_one(cli: Run) -> None:
    assert "heirloom run local" in cli("run", "kept").err
