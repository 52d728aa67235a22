"""A whole run through the pipeline's own handlers, and every way that it can end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from heirloom.core.errors import Invalid, NotFound, Unavailable
from heirloom.core.lineage.graph import FEEDS, MAKES, SERVES
from heirloom.core.run.pipeline import LONGEST_REASON, read_failure
from tests.unit.world import SMOKE, World, evidence, payload, released


def states(world: World, state: dict[str, Any]) -> list[tuple[str, str]]:
    return [(event.stage, event.state) for event in world.lineage.history(state["run"]["id"])]


def test_ends_with_the_new_version_serving(deployed: World) -> None:
    state = deployed.carry(deployed.upload())

    assert released(state)["route"] == {
        "moved": True,
        "revision": 3,
        "reason": f"trained by run {state['run']['id']}",
        "outcome": "promoted",
    }
    route = deployed.routes.get("flight-delay")
    assert route is not None
    assert (route.champion, route.endpoint, route.previous) == (1, "heirloom-flight-delay-v1", 0)
    assert states(deployed, state) == [
        ("upload", "done"),
        ("dataset", "done"),
        ("version", "done"),
        ("test", "done"),
        ("route", "done"),
    ]


def test_leaves_a_chain_from_the_data_to_what_serves(deployed: World) -> None:
    state = deployed.carry(deployed.upload())

    (run,) = deployed.lineage.targets(f"dataset#flight-delay/{state['dataset']['id']}", FEEDS)
    (version,) = deployed.lineage.targets(run, MAKES)
    (change,) = deployed.lineage.targets(version, SERVES)
    node = deployed.lineage.node("change", change.removeprefix("change#"))
    assert node is not None
    assert (node.data["champion"], node.data["change"]["by"]) == (1, "pipeline")
    assert deployed.lineage.sources(version, MAKES) == (run,)


def test_an_older_version_that_ends_later_does_not_take_the_route(deployed: World) -> None:
    older, newer = deployed.upload("v1"), deployed.upload("v2")
    deployed.carry(older, 6)
    deployed.carry(newer)

    deployed.point(older)

    assert released(older)["route"] == {
        "moved": False,
        "revision": 4,
        "reason": "version 2 already serves",
        "outcome": "superseded",
    }
    assert states(deployed, older)[-1] == ("route", "superseded")


def test_a_smoke_row_that_is_answered_otherwise_stops_the_run(deployed: World) -> None:
    state = deployed.carry(deployed.upload(), 4)
    other = [SMOKE["predictions"][0], {"label": "no", "probability": 0.25}]
    deployed.endpoints.answers["heirloom-flight-delay-v1"] = {"predictions": other}

    with pytest.raises(Invalid, match=r"row 1 .*'probability': 0.5.*'probability': 0.25"):
        deployed.test(state)


@pytest.mark.parametrize(
    ("recorded", "answered", "alike"),
    [
        ({"value": 10.0}, {"value": 10.000001}, True),
        ({"value": 10.0}, {"value": 10.0001}, False),
        ({"label": "no", "probability": 0.5}, {"label": "no", "probability": 0.5000005}, True),
        ({"label": "no", "probability": 1e-9}, {"label": "no", "probability": 2e-9}, True),
        ({"label": "no", "probability": 0.5}, {"label": "no", "probability": 0.500002}, False),
        ({"label": "no", "probability": 0.5}, {"label": "no", "probability": None}, False),
        ({"label": None, "probability": None}, {"label": None, "probability": None}, True),
        ({"label": 1}, {"label": 1.0000001}, False),
        ({"label": "no"}, {"label": "yes"}, False),
        ({"label": "no", "probability": 0.5}, {"label": "no"}, False),
    ],
)
def test_compares_labels_exactly_and_numbers_nearly(
    deployed: World, recorded: dict[str, Any], answered: dict[str, Any], alike: bool
) -> None:
    state = deployed.carry(deployed.upload(), 1)
    deployed.train(state, evidence(smoke={"inputs": [{}], "predictions": [recorded]}))
    deployed.register(state)
    deployed.endpoints.answers["heirloom-flight-delay-v1"] = {"predictions": [answered]}

    if alike:
        deployed.test(state)
        assert released(state)["test"] == {"rows": 1}
    else:
        with pytest.raises(Invalid, match="row 0"):
            deployed.test(state)


def test_a_version_that_is_not_in_the_lineage_is_not_tested(deployed: World) -> None:
    with pytest.raises(NotFound, match="version 3 of flight-delay"):
        deployed.test({"version": {"release": payload("test_endpoint.in_service")}})


def test_a_release_that_a_person_ordered_is_tested_without_a_run(deployed: World) -> None:
    deployed.carry(deployed.upload())
    release = payload("move_route.rollback")["state"]
    deployed.serve(release)

    deployed.test({"version": {"release": release}})

    assert release["test"] == {"rows": 2}
    assert deployed.lineage.history(release["run"]["id"]) == ()


def test_a_failure_is_recorded_and_takes_down_what_was_deployed(deployed: World) -> None:
    state = deployed.carry(deployed.upload(), 4)

    failure = deployed.fail(
        released(state), "Unavailable", json.dumps({"errorMessage": "the endpoint does not answer"})
    )

    assert failure == {"stage": "test", "error": "Unavailable", "reason": "the endpoint does not answer"}
    assert deployed.deployments.up == set()
    event = deployed.lineage.history(state["run"]["id"])[-1]
    assert (event.stage, event.state, event.detail["reason"]) == ("test", "failed", failure["reason"])
    assert (event.detail["version"], event.detail["dataset"]) == (1, state["dataset"]["id"])


def test_a_failure_recorded_twice_is_one_event(deployed: World) -> None:
    state = deployed.carry(deployed.upload(), 2)

    for _ in range(2):
        deployed.fail(state, "Invalid", "no scores")

    assert [event.state for event in deployed.lineage.history(state["run"]["id"])].count("failed") == 1


@pytest.mark.parametrize("steps", [7, 6], ids=["promoted", "superseded"])
def test_a_release_that_is_aborted_after_the_route_has_moved_has_not_failed(deployed: World, steps: int) -> None:
    state = deployed.carry(deployed.upload("v1"), steps)
    if steps == 6:
        deployed.carry(deployed.upload("v2"))
        deployed.point(state)
    told = states(deployed, state)

    deployed.fail(released(state), "ABORTED", "somebody aborted the release")

    assert states(deployed, state) == told
    assert told[-1] == ("route", "done" if steps == 7 else "superseded")


def test_a_failure_leaves_an_endpoint_that_is_ready(deployed: World) -> None:
    state = deployed.carry(deployed.upload(), 6)

    deployed.fail(released(state), "Unavailable", "")

    assert deployed.deployments.up == {"heirloom-flight-delay-v1"}


def test_a_failure_ends_the_canary_that_nobody_counts_any_more(deployed: World) -> None:
    release = released(deployed.carry(deployed.upload(), 6))
    deployed.try_out(release)

    deployed.fail(release, "States.Runtime", "no such path")

    route = deployed.routes.get("flight-delay")
    assert route is not None
    assert (route.canary, route.action, dict(route.quarantined)) == (None, "stop", {})
    assert route.change.reason == "the release failed: States.Runtime: no such path"
    assert deployed.deployments.up == {"heirloom-flight-delay-v1"}


def test_a_failure_leaves_the_canary_of_another_release(deployed: World) -> None:
    release, other = (released(deployed.carry(deployed.upload(name), 6)) for name in ("v1", "v2"))
    deployed.try_out(other)

    deployed.fail(release, "States.Runtime", "no such path")

    route = deployed.routes.get("flight-delay")
    assert route is not None
    assert route.canary is not None


def test_a_failure_of_a_release_that_a_person_ordered_is_no_run_s(deployed: World) -> None:
    release = payload("move_route.rollback")["state"]
    deployed.serve(release)

    failure = deployed.fail(release, "Invalid", "row 0 of the smoke test")

    assert failure["stage"] == "route"
    assert deployed.deployments.up == set()


def test_a_failure_of_a_model_without_a_route_takes_its_endpoint_down(deployed: World) -> None:
    state = deployed.carry(deployed.upload(), 5)
    deployed.project(payload("register_project.delete"))
    deployed.deployments.up.add("heirloom-flight-delay-v1")

    with pytest.raises(NotFound, match="its project was removed"):
        deployed.ready(state)
    deployed.fail(released(state), "NotFound", "")

    assert deployed.deployments.up == set()


def test_reads_the_reason_of_a_training_job() -> None:
    failure = read_failure(payload("record_failure.training"))

    assert failure.stage == "training"
    assert failure.reason == "AlgorithmError: ValueError: learning_rate must be positive, exit code: 1"


def test_reads_the_reason_of_an_endpoint_that_failed() -> None:
    failure = read_failure(payload("record_failure.endpoint"))

    assert failure.stage == "endpoint"
    assert failure.reason.startswith("the endpoint failed: The primary container for production variant AllTraffic")


def test_says_so_when_an_endpoint_did_not_come_in_time() -> None:
    state = payload("record_failure.endpoint")
    state["endpoint"]["description"] = {"EndpointStatus": "Creating"}

    assert read_failure(state).reason == "the endpoint was still Creating after half an hour"


@pytest.mark.parametrize(
    ("error", "cause", "reason"),
    [
        ("InvalidData", '{"errorMessage": "no label", "errorType": "InvalidData"}', "no label"),
        ("TypeError", '{"errorMessage": "bad operand", "errorType": "TypeError"}', "TypeError: bad operand"),
        (
            "SageMaker.SageMakerException",
            "quota (Service: SageMaker)",
            "SageMaker.SageMakerException: quota (Service: SageMaker)",
        ),
        ("States.TaskFailed", '["odd"]', '["odd"]'),
        ("States.TaskFailed", '{"Status": "ABORTED", "Cause": "ana wanted it"}', "ana wanted it"),
        ("States.TaskFailed", '{"Status": "ABORTED"}', "the release was aborted"),
        ("States.TaskFailed", '{"Status": "TIMED_OUT"}', "the release did not end in time"),
        ("States.TaskFailed", '{"TrainingJobStatus": "Stopped"}', '{"TrainingJobStatus": "Stopped"}'),
        ("States.Timeout", "", "States.Timeout: it did not end in time"),
        ("States.Timeout", "Task timed out after 900 seconds", "States.Timeout: Task timed out after 900 seconds"),
        ("Invalid", "", "no reason was given"),
    ],
)
def test_reads_the_reason_of_a_step(error: str, cause: str, reason: str) -> None:
    state = {**payload("validate_data.run"), "error": {"Error": error, "Cause": cause}}

    assert read_failure(state).reason == reason


def test_a_run_that_failed_after_every_stage_failed_at_the_last() -> None:
    state = {**payload("retire_endpoints.promoted"), "error": {"Error": "States.Runtime"}}

    assert read_failure(state).stage == "route"


def test_a_reason_has_an_end() -> None:
    state = {**payload("validate_data.run"), "error": {"Error": "Invalid", "Cause": "x" * 9999}}

    assert len(read_failure(state).reason) == LONGEST_REASON


def test_an_endpoint_that_answers_nonsense_may_answer_later(deployed: World) -> None:
    state = deployed.carry(deployed.upload(), 4)
    deployed.endpoints.answers["heirloom-flight-delay-v1"] = {"predictions": [{}]}

    with pytest.raises(Unavailable, match="one prediction a row to 2 rows"):
        deployed.test(state)
