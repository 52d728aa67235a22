"""What people are told of a run, wherever it is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from heirloom.core.errors import NotFound
from heirloom.core.run.runs import Job, Run, RunDetail, list_runs, show_run
from heirloom.core.run.upload import Execution
from tests.unit.world import HEADER, World


def shown(world: World, state: dict[str, Any]) -> RunDetail:
    return show_run(state["run"]["id"], world.lineage, world.executions, world.jobs)


@pytest.mark.parametrize(
    ("stages", "stage", "told"),
    [(0, "dataset", "running"), (1, "training", "running"), (3, "endpoint", "running"), (7, "route", "succeeded")],
)
def test_tells_which_stage_the_run_is_in(deployed: World, stages: int, stage: str, told: str) -> None:
    state = deployed.carry(deployed.upload(), stages)

    run = shown(deployed, state).run

    assert (run.state, run.stage) == (told, stage)
    assert (run.ended_at is None) == (told == "running")


def test_tells_the_route_is_next_after_the_test(deployed: World) -> None:
    assert shown(deployed, deployed.carry(deployed.upload(), 5)).run.stage == "route"


def test_tells_what_came_of_it(deployed: World) -> None:
    state = deployed.carry(deployed.upload())
    deployed.jobs.jobs[state["run"]["id"]] = Job(state["run"]["id"], "Completed", "Completed")

    detail = shown(deployed, state)

    assert (detail.run.dataset, detail.run.version) == (state["dataset"]["id"], 1)
    assert detail.upload == {name: state["run"][name] for name in ("bucket", "key", "version_id", "size")}
    assert detail.dataset is not None
    assert (detail.dataset["id"], detail.dataset["rows"]) == (f"flight-delay/{state['dataset']['id']}", 24)
    assert detail.scores is not None
    assert detail.scores["test"]["precision"] == 0.7
    assert detail.job == Job(state["run"]["id"], "Completed", "Completed")
    assert [event.stage for event in detail.events] == ["upload", "dataset", "version", "test", "route"]


def test_tells_stage_and_reason_of_a_failure(deployed: World) -> None:
    state = deployed.carry(deployed.upload(), 1)
    deployed.fail(state, "States.TaskFailed", json.dumps({"FailureReason": "AlgorithmError: exit code 1"}))

    run = shown(deployed, state).run

    assert (run.state, run.stage, run.reason) == ("failed", "training", "AlgorithmError: exit code 1")
    assert run.dataset == state["dataset"]["id"]


def test_a_superseded_run_succeeded_and_says_by_what(deployed: World) -> None:
    older, newer = deployed.upload("v1"), deployed.upload("v2")
    deployed.carry(older, 5)
    deployed.carry(newer)
    deployed.point(older)

    run = shown(deployed, older).run

    assert (run.state, run.reason) == ("succeeded", "version 2 already serves")


@pytest.mark.parametrize(
    ("execution", "reason"),
    [
        (Execution("ABORTED", ended_at="2026-11-23T15:20:00.000Z"), "the execution ended as ABORTED"),
        (
            Execution("TIMED_OUT", "States.Timeout", "too slow"),
            "the execution ended as TIMED_OUT: States.Timeout too slow",
        ),
    ],
)
def test_tells_of_an_execution_that_was_ended_from_outside(deployed: World, execution: Execution, reason: str) -> None:
    state = deployed.carry(deployed.upload(), 1)
    deployed.executions.ended[state["run"]["id"]] = execution

    run = shown(deployed, state).run

    assert (run.state, run.stage, run.reason, run.ended_at) == ("failed", "training", reason, execution.ended_at)


@pytest.mark.parametrize("status", ["RUNNING", "SUCCEEDED", "PENDING_REDRIVE"])
def test_goes_by_the_history_while_the_execution_lives(deployed: World, status: str) -> None:
    state = deployed.carry(deployed.upload(), 1)
    deployed.executions.ended[state["run"]["id"]] = Execution(status)

    assert shown(deployed, state).run.state == "running"


def test_a_run_that_was_recorded_and_not_started_is_running_still(deployed: World) -> None:
    state = deployed.upload()
    deployed.executions.started.clear()

    assert shown(deployed, state).run.state == "running"


def test_a_run_that_has_no_event_yet_is_at_its_first_stage(deployed: World) -> None:
    recorded = deployed.lineage.node("run", deployed.upload()["run"]["id"])
    assert recorded is not None
    deployed.lineage.add(replace(recorded, id="flight-delay-0"))

    detail = show_run("flight-delay-0", deployed.lineage, deployed.executions, deployed.jobs)

    assert (detail.run.stage, detail.events, detail.job) == ("dataset", (), None)


def test_asks_for_no_training_job_before_there_is_a_data_set(deployed: World) -> None:
    state = deployed.upload()
    deployed.jobs.jobs[state["run"]["id"]] = Job(state["run"]["id"], "InProgress", "Training")

    assert shown(deployed, state).job is None


def test_knows_no_run_of_another_name(world: World) -> None:
    with pytest.raises(NotFound, match="there is no run 'wine-0'"):
        show_run("wine-0", world.lineage, world.executions, world.jobs)


def ids(runs: tuple[Run, ...]) -> list[str]:
    return [run.id for run in runs]


def test_lists_the_newest_first_page_by_page(deployed: World) -> None:
    uploaded = [deployed.upload(f"v{n}")["run"]["id"] for n in range(5)]

    first = list_runs(deployed.lineage, deployed.executions, "flight-delay", limit=3)
    second = list_runs(deployed.lineage, deployed.executions, "flight-delay", limit=3, cursor=first.cursor)

    assert ids(first.runs) + ids(second.runs) == uploaded[::-1]
    assert second.cursor is None


def test_lists_the_runs_of_all_models_by_time(deployed: World) -> None:
    deployed.deploy("wine")
    uploaded = [
        deployed.upload(f"v{n}", model=model)["run"]["id"] for n in range(3) for model in ("wine", "flight-delay")
    ]

    runs = list_runs(deployed.lineage, deployed.executions, None, limit=4)

    assert (ids(runs.runs), runs.cursor) == (uploaded[::-1][:4], None)


def test_a_list_tells_how_each_run_ended(deployed: World) -> None:
    deployed.carry(deployed.upload("v1"))
    failed = deployed.upload("v2", (HEADER + "UA,1,1,yes\n").encode())
    deployed.fail(failed, "InvalidData", "too few rows")

    runs = list_runs(deployed.lineage, deployed.executions, "flight-delay").runs

    assert [(run.state, run.version, run.reason) for run in runs] == [
        ("failed", None, "too few rows"),
        ("succeeded", 1, ""),
    ]


def test_an_unknown_model_has_no_list(deployed: World) -> None:
    with pytest.raises(NotFound, match="there is no model 'wine'"):
        list_runs(deployed.lineage, deployed.executions, "wine")


def test_a_model_without_runs_has_an_empty_list(deployed: World) -> None:
    assert list_runs(deployed.lineage, deployed.executions, "flight-delay").runs == ()
