"""A project is deployed, changed, removed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from heirloom.core.errors import Invalid
from heirloom.core.project.registration import Registration, registered
from tests.unit.world import World, payload


def changed(**settings: Any) -> dict[str, Any]:
    event = payload("register_project.update")
    spec = json.loads(event["ResourceProperties"]["Spec"])
    event["ResourceProperties"]["Spec"] = json.dumps({**spec, **settings})
    return event


def test_answers_from_the_baseline_from_the_first_deploy(world: World) -> None:
    attributes = world.project(payload("register_project.create"))

    assert attributes == {"Model": "flight-delay", "Revision": 1}
    route = world.routes.get("flight-delay")
    assert route is not None
    assert (route.champion, route.endpoint, route.change.by) == (0, "heirloom-flight-delay-v0", "deploy")
    version = world.lineage.node("version", "flight-delay/0")
    assert version is not None
    assert version.data["model_uri"].endswith(".tar.gz")


def test_a_second_deploy_changes_the_record_and_not_the_route(deployed: World) -> None:
    attributes = deployed.project(changed(owner="flight-ops-2"))

    assert attributes["Revision"] == 1
    registration = registered("flight-delay", deployed.lineage)
    assert registration is not None
    assert registration.project.owner == "flight-ops-2"


def test_comes_back_as_it_was_recorded(deployed: World) -> None:
    registration = registered("flight-delay", deployed.lineage)

    assert registration == Registration.from_properties(payload("register_project.create")["ResourceProperties"])


def test_is_not_known_once_it_is_removed(deployed: World) -> None:
    deployed.deployments.up |= {
        "heirloom-flight-delay-v0",
        "heirloom-flight-delay-v1",
        "heirloom-flight-delay-v12",
        "heirloom-flight-delay-v12-30",
        "heirloom-flight-delay-v12-30-2",
        "heirloom-flight-delay-v2-v1",
        "heirloom-wine-v1",
    }

    deployed.project(payload("register_project.delete"))

    assert registered("flight-delay", deployed.lineage) is None
    assert deployed.routes.get("flight-delay") is None
    assert deployed.lineage.node("version", "flight-delay/0") is not None
    assert deployed.deployments.up == {
        "heirloom-flight-delay-v0",
        "heirloom-flight-delay-v2-v1",
        "heirloom-wine-v1",
    }


def test_is_served_again_when_it_is_deployed_again_and_goes_on_counting(deployed: World) -> None:
    deployed.project(payload("register_project.delete"))

    deployed.deploy()

    route = deployed.routes.get("flight-delay")
    assert route is not None
    assert (route.revision, route.champion, route.action) == (3, 0, "open")


def test_its_removal_is_the_last_line_of_its_history(deployed: World) -> None:
    deployed.project(payload("register_project.delete"))
    deployed.project(payload("register_project.delete"))

    last = deployed.lineage.changes("flight-delay", 9).entries
    assert [change.summary["action"] for change in last] == ["remove", "open"]
    assert (last[0].summary["by"], last[0].summary["reason"]) == ("deploy", "the project was removed")


def test_tells_what_is_missing_in_its_properties(world: World) -> None:
    event = payload("register_project.create")
    del event["ResourceProperties"]["CodeUri"]

    with pytest.raises(Invalid, match="lacks the property 'CodeUri'"):
        world.project(event)


def test_refuses_a_project_that_is_wrong(world: World) -> None:
    with pytest.raises(Invalid, match="objective"):
        world.project(changed(objective={"statement": "x", "metric": "precision"}))


def test_serves_by_an_instance_where_the_project_wants_one(world: World) -> None:
    world.project(changed(serving={"form": "realtime", "instance": "ml.c7g.large"}))

    registration = registered("flight-delay", world.lineage)
    assert registration is not None
    assert registration.execution()["variant"] == {
        "VariantName": "AllTraffic",
        "InstanceType": "ml.c7g.large",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 1.0,
    }


def scaled(world: World, **serving: Any) -> dict[str, Any]:
    world.project(changed(serving={"form": "realtime", "min_instances": 2, **serving}))
    registration = registered("flight-delay", world.lineage)
    assert registration is not None
    return registration.execution()


def test_scales_where_there_is_something_to_scale(world: World) -> None:
    execution = scaled(world, max_instances=4, invocations_per_instance=600, scale_in=False)

    assert execution["variant"]["InitialInstanceCount"] == 2
    assert execution["scaling"] == {"min": 2, "max": 4, "invocations": 600, "fixed": True}


def test_does_not_scale_between_two_and_two(world: World) -> None:
    assert scaled(world, max_instances=2)["scaling"] is None


def test_hands_the_trial_to_the_release(world: World) -> None:
    canary = {"traffic": 0.2, "max_duration": "2 hours", "on_timeout": "promote", "min_labels": 50}
    world.project(changed(serving={"canary": canary, "keep": 1}, slo={"latency_p95_ms": 900}))

    registration = registered("flight-delay", world.lineage)

    assert registration is not None
    execution = registration.execution()
    assert execution["keep"] == 1
    assert execution["canary"] == {
        "share": 0.2,
        "limit_ms": 900,
        "seconds": 7200,
        "on_timeout": "promote",
        "rules": {"confidence": 0.95, "tolerance": 0.01, "min_labels": 50},
    }


def test_a_canary_leaves_the_champion_time_to_answer_whatever_the_slo(world: World) -> None:
    world.project(changed(serving={"canary": {}}, slo={"latency_p95_ms": 29_000}))

    registration = registered("flight-delay", world.lineage)

    assert registration is not None
    assert registration.execution()["canary"]["limit_ms"] == 15_000


def test_hands_parameters_to_the_training_job_as_texts(world: World) -> None:
    world.project(changed(training={"parameters": {"rate": 0.5, "depth": 3, "kind": "tree", "warm": True}}))

    registration = registered("flight-delay", world.lineage)
    assert registration is not None
    parameters = registration.execution()["hyperparameters"]
    assert parameters == {"rate": "0.5", "depth": "3", "kind": "tree", "warm": "true"}
