"""Logged models by the protocol: made, told, finished, deleted, and what is written to them."""

from __future__ import annotations

from typing import Any

import pytest

from heirloom.core.errors import Invalid, NotFound
from heirloom.core.tracking import experiments
from heirloom.core.tracking.asked import Asked
from tests.unit.tracking.models.desk import Desk

ONE, PARAMS, TAGS = "logged-models/{model_id}", "logged-models/{model_id}/params", "logged-models/{model_id}/tags"
TAG = "logged-models/{model_id}/tags/{tag_key}"


def pairs(**values: str) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def keyed(told: list[dict[str, str]]) -> dict[str, str]:
    return {each["key"]: each["value"] for each in told}


def test_tells_a_new_one_as_it_was_made(desk: Desk, experiment: str) -> None:
    made = desk.ask(
        "POST",
        "logged-models",
        experiment_id=experiment,
        name="kite",
        model_type="Classifier",
        source_run_id="123",
        params=pairs(wind="strong"),
        tags=pairs(team="wind"),
    )["model"]

    info = made["info"]
    identity, created = info["model_id"], info.pop("creation_timestamp_ms")
    assert info.pop("last_updated_timestamp_ms") == created
    assert identity.startswith("m-")
    assert info == {
        "model_id": identity,
        "experiment_id": experiment,
        "name": "kite",
        "artifact_uri": f"mlflow-artifacts:/{experiment}/models/{identity}/artifacts",
        "status": "LOGGED_MODEL_PENDING",
        "model_type": "Classifier",
        "source_run_id": "123",
        "tags": pairs(team="wind"),
    }
    assert made["data"] == {"params": pairs(wind="strong")}
    assert desk.model(identity)["data"] == made["data"]


def test_names_one_that_nobody_has_named(desk: Desk, experiment: str) -> None:
    told = desk.model(desk.create(experiment))

    assert told["info"]["name"]
    assert (told["info"]["model_type"], told["info"]["source_run_id"]) == ("", "")
    assert "tags" not in told["info"]
    assert told["data"] == {}


def test_keeps_its_files_below_the_experiments_whatever_its_location_looks_like(desk: Desk) -> None:
    other = desk.experiment("away", artifact_location="mysql://host:1/base/?driver=mine")
    identity = desk.create(other)

    place = f"mysql://host:1/base/models/{identity}/artifacts?driver=mine"
    assert desk.model(identity)["info"]["artifact_uri"] == place


@pytest.mark.parametrize("name", ["my/model", "my.model", "my:model", "my%model", "my'model", 'my"model'])
def test_refuses_names_that_would_be_taken_for_paths(desk: Desk, experiment: str, name: str) -> None:
    with pytest.raises(Invalid, match="Invalid model name"):
        desk.create(experiment, name=name)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"name": "a" * 501}, "'name' exceeds the maximum length of 500"),
        ({"model_type": "a" * 501}, "'model_type' exceeds"),
        ({"params": pairs(**{"a" * 256: "1"})}, r"'params\[0\].key' exceeds"),
        ({"tags": [{"value": "1"}]}, r"Missing value for required parameter 'tags\[0\].key'"),
        ({"params": [*pairs(a="1"), *pairs(a="2")]}, "Changing param values is not allowed"),
    ],
)
def test_refuses_what_does_not_fit(desk: Desk, experiment: str, given: dict[str, Any], reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        desk.create(experiment, **given)


def test_wants_an_experiment_that_is_active(desk: Desk, experiment: str) -> None:
    with pytest.raises(Invalid, match="experiment_id"):
        desk.ask("POST", "logged-models")
    with pytest.raises(NotFound):
        desk.create("404")

    experiments.delete(Asked({"experiment_id": experiment}), desk.tracking)

    with pytest.raises(Invalid, match="must be in the 'active' state"):
        desk.create(experiment)


@pytest.mark.parametrize("identity", ["does-not-exist", "m-0", "m-00000000000000000000000000000000"])
def test_says_which_one_there_is_not(desk: Desk, identity: str) -> None:
    reason = f"Logged model with ID '{identity}' not found."

    with pytest.raises(NotFound, match=reason):
        desk.model(identity)
    for method, path, given in (
        ("PATCH", ONE, {"status": 2}),
        ("DELETE", ONE, {}),
        ("POST", PARAMS, {}),
        ("PATCH", TAGS, {}),
        ("DELETE", TAG, {"tag_key": "a"}),
    ):
        with pytest.raises(NotFound, match=reason):
            desk.ask(method, path, model_id=identity, **given)


@pytest.mark.parametrize(
    ("given", "status"),
    [("LOGGED_MODEL_READY", "LOGGED_MODEL_READY"), (3, "LOGGED_MODEL_UPLOAD_FAILED"), ("2", "LOGGED_MODEL_READY")],
)
def test_is_finished_by_a_status_or_its_number(desk: Desk, experiment: str, given: str | int, status: str) -> None:
    identity = desk.create(experiment)

    told = desk.ask("PATCH", ONE, model_id=identity, status=given)["model"]

    assert told["info"]["status"] == status
    assert told["info"]["last_updated_timestamp_ms"] > told["info"]["creation_timestamp_ms"]
    assert told == desk.model(identity)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "Missing value for required parameter 'status'"),
        ({"status": "DONE"}, "for parameter 'status'"),
        ({"status": 4}, "Unknown model status: 4"),
        ({"status": [1]}, "for parameter 'status'"),
    ],
)
def test_knows_four_statuses(desk: Desk, experiment: str, given: dict[str, Any], reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        desk.ask("PATCH", ONE, model_id=desk.create(experiment), **given)


def test_is_not_told_any_more_once_it_is_deleted_but_to_those_who_allow_for_that(desk: Desk, experiment: str) -> None:
    identity = desk.create(experiment)

    assert desk.ask("DELETE", ONE, model_id=identity) == {}
    once = desk.model(identity, allow_deleted="true")
    assert desk.ask("DELETE", ONE, model_id=identity) == {}

    with pytest.raises(NotFound, match="not found"):
        desk.model(identity)
    with pytest.raises(NotFound, match="not found"):
        desk.model(identity, allow_deleted="false")
    assert desk.model(identity, allow_deleted="true") == once
    assert once["info"]["last_updated_timestamp_ms"] > once["info"]["creation_timestamp_ms"]


def test_takes_more_parameters_and_keeps_those_that_it_has(desk: Desk, experiment: str) -> None:
    identity = desk.create(experiment, params=pairs(wind="strong"))
    asked = {"model_id": identity, "params": pairs(**{"any key [0]": "1", "long": "x" * 7000})}

    assert desk.ask("POST", PARAMS, **asked) == {}
    assert desk.ask("POST", PARAMS, **asked) == {}

    params = keyed(desk.model(identity)["data"]["params"])
    assert params == {"wind": "strong", "any key [0]": "1", "long": "x" * 6000}
    with pytest.raises(Invalid, match="Param with key='wind' was already logged with value='strong'"):
        desk.ask("POST", PARAMS, model_id=identity, params=pairs(wind="weak"))


def test_sets_tags_anew_as_often_as_one_likes(desk: Desk, experiment: str) -> None:
    identity = desk.create(experiment, tags=pairs(team="wind"))

    assert desk.ask("PATCH", TAGS, model_id=identity, tags=pairs(team="sea", long="x" * 9000)) == {}

    assert keyed(desk.model(identity)["info"]["tags"]) == {"team": "sea", "long": "x" * 8000}


def test_deletes_a_tag_once(desk: Desk, experiment: str) -> None:
    identity = desk.create(experiment, tags=pairs(team="wind", size="big"))

    assert desk.ask("DELETE", TAG, model_id=identity, tag_key="team") == {}

    assert keyed(desk.model(identity)["info"]["tags"]) == {"size": "big"}
    with pytest.raises(NotFound, match=f"No tag with key 'team' found for model with ID '{identity}'"):
        desk.ask("DELETE", TAG, model_id=identity, tag_key="team")
