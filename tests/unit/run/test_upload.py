"""From S3's event to a run, or to quarantine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from heirloom.core.errors import Invalid
from heirloom.core.run.upload import LARGEST, Upload, receive, run_id
from heirloom.core.storage import Location
from tests.unit.world import World, payload

BUCKET = payload("start_pipeline.upload")["detail"]["bucket"]["name"]


def reason_beside(world: World, key: str) -> dict[str, Any]:
    location = Location(BUCKET, f"quarantine/{key}.reason.json")
    document: dict[str, Any] = json.loads(b"".join(world.objects.read(location)))
    return document


def test_starts_one_execution_named_as_the_run(deployed: World) -> None:
    event = payload("start_pipeline.upload")

    receipt = deployed.receive(event)

    run = payload("validate_data.run")["run"]
    assert receipt == {"run": run["id"], "started": True, "reason": ""}
    ((machine, name), document) = next(iter(deployed.executions.started.items()))
    assert (machine.rpartition(":")[2], name) == ("PipelineFlightDelay-9f8e7d", run["id"])
    assert document["project"] == payload("validate_data.run")["project"]
    assert document["run"] == {**run, "at": document["run"]["at"]}


def test_starts_nothing_new_however_often_the_event_comes(deployed: World) -> None:
    first = deployed.receive(payload("start_pipeline.upload"))

    again = deployed.receive(payload("start_pipeline.upload"))

    assert (first["started"], again["started"]) == (True, False)
    assert again["run"] == first["run"]
    assert len(deployed.executions.started) == 1
    assert [event.stage for event in deployed.lineage.history(first["run"])] == ["upload"]


def test_repeats_the_first_input_after_a_crash_before_the_start(deployed: World) -> None:
    deployed.receive(payload("start_pipeline.upload"))
    (recorded,) = deployed.executions.started.values()
    deployed.executions.started.clear()

    again = deployed.receive(payload("start_pipeline.upload"))

    assert again["started"]
    assert list(deployed.executions.started.values()) == [recorded]


def test_a_new_version_of_the_same_key_is_another_run(deployed: World) -> None:
    assert deployed.upload("v1")["run"]["id"] != deployed.upload("v2")["run"]["id"]


def test_trains_with_the_parameters_that_came_with_the_upload(deployed: World) -> None:
    deployed.receive(payload("start_pipeline.upload"), parameters='{"learning_rate": "0.03"}')

    (document,) = deployed.executions.started.values()
    declared = payload("validate_data.run")["project"]["hyperparameters"]
    assert document["project"]["hyperparameters"] == {**declared, "learning_rate": "0.03"}


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ('{"learning_rat": "0.03"}', "did you mean learning_rate?"),
        ('{"learning_rate": "fast"}', "expected a number, got 'fast'"),
        ('{"learning_rate": 0.03}', "expected a JSON object of texts"),
        ('["learning_rate"]', "expected a JSON object of texts"),
        ("learning_rate=0.03", "expected a JSON object, got"),
    ],
)
def test_refuses_parameters_that_the_project_can_not_take(deployed: World, told: str, why: str) -> None:
    receipt = deployed.receive(payload("start_pipeline.upload"), parameters=told)

    assert (receipt["run"], deployed.executions.started) == (None, {})
    assert why in receipt["reason"]
    assert reason_beside(deployed, "flight-delay/2013.csv")["reason"] == receipt["reason"]


def test_starts_the_run_of_a_file_that_was_deleted_meanwhile(deployed: World) -> None:
    event = payload("start_pipeline.upload")
    upload = Upload.from_event(event)

    receipt = receive(upload, deployed.journal, deployed.objects, deployed.executions, event["time"])

    assert (receipt.run, receipt.started) == (upload.run_id, True)


def test_takes_keys_as_the_event_has_them_without_decoding(deployed: World) -> None:
    event = payload("start_pipeline.spaces")

    deployed.receive(event)

    (document,) = deployed.executions.started.values()
    assert document["run"]["key"] == "flight-delay/März + 1 (final) 100%.csv"


def test_moves_a_file_of_an_unknown_model_to_quarantine_naming_the_known_ones(deployed: World) -> None:
    deployed.deploy("wine")

    receipt = deployed.receive(payload("start_pipeline.unknown_model"))

    assert receipt["run"] is None
    assert "is one of: flight-delay, wine" in receipt["reason"]
    assert deployed.objects.keys(BUCKET) == (
        "quarantine/flight-delays/2013.csv",
        "quarantine/flight-delays/2013.csv.reason.json",
    )
    reason = reason_beside(deployed, "flight-delays/2013.csv")
    assert reason["reason"] == receipt["reason"]
    assert reason["version_id"] == payload("start_pipeline.unknown_model")["detail"]["object"]["version-id"]


def test_says_that_no_model_is_known_yet(world: World) -> None:
    assert world.receive(payload("start_pipeline.upload"))["reason"].endswith("one of: none yet")


def test_refuses_what_is_not_called_csv(deployed: World) -> None:
    receipt = deployed.receive(payload("start_pipeline.not_csv"))

    assert receipt["reason"] == "flight-delay/2013.xlsx: expected a CSV file, whose name ends in .csv"
    assert "quarantine/flight-delay/2013.xlsx" in deployed.objects.keys(BUCKET)


def test_refuses_a_key_that_names_no_model(deployed: World) -> None:
    event = payload("start_pipeline.upload")
    event["detail"]["object"]["key"] = "2013.csv"

    assert "the key names no model" in deployed.receive(event)["reason"]


def test_leaves_a_file_that_is_too_large_to_copy_where_it_can_be_read(deployed: World) -> None:
    event = payload("start_pipeline.upload")
    event["detail"]["object"]["size"] = LARGEST + 1

    receipt = deployed.receive(event)

    assert "5 GiB" in receipt["reason"]
    assert deployed.objects.keys(BUCKET) == ("quarantine/flight-delay/2013.csv.reason.json",)


@pytest.mark.parametrize(
    "key",
    [
        "quarantine/flight-delay/2013.csv",
        "labels/flight-delay/1.csv",
        "labels-results/flight-delay/1.csv.unknown.csv",
        "flight-delay/",
    ],
)
def test_ignores_what_is_not_data(deployed: World, key: str) -> None:
    event = payload("start_pipeline.quarantined")
    event["detail"]["object"]["key"] = key

    receipt = deployed.receive(event)

    assert receipt["run"] is None
    assert deployed.objects.keys(BUCKET) == (key,)


def test_does_not_hide_a_newer_upload_of_the_same_key(world: World) -> None:
    event = payload("start_pipeline.upload")
    location = world.objects.put(BUCKET, "flight-delay/2013.csv", b"older")
    world.objects.put(BUCKET, "flight-delay/2013.csv", b"newer")
    upload = Upload(BUCKET, location.key, str(location.version_id), 5)

    receive(upload, world.journal, world.objects, world.executions, event["time"])

    assert b"".join(world.objects.read(location)) == b"older"
    assert "flight-delay/2013.csv" in world.objects.keys(BUCKET)


def test_refuses_an_event_of_a_bucket_without_versions() -> None:
    event = payload("start_pipeline.upload")
    del event["detail"]["object"]["version-id"]

    with pytest.raises(Invalid, match="version-id"):
        Upload.from_event(event)


def test_names_a_run_after_its_object_version() -> None:
    assert run_id("wine", "bucket", "wine/a.csv", "v1") == "wine-c6f918a6fcbb"
