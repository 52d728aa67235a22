"""The first stage: a dataset under its content's address, or a file in quarantine with the reason."""

from __future__ import annotations

import json

import pytest

from heirloom.core.errors import InvalidData, NotFound
from heirloom.core.lineage.graph import FEEDS
from heirloom.core.storage import Location
from tests.unit.world import ARTIFACTS, FLIGHTS, HEADER, World, payload


def test_keeps_the_upload_under_the_address_of_its_content(deployed: World) -> None:
    state = deployed.upload()

    deployed.validate(state)

    dataset = state["dataset"]
    assert dataset == {
        "id": dataset["id"],
        "uri": f"s3://{ARTIFACTS}/datasets/flight-delay/{dataset['id']}/",
        "rows": 24,
    }
    folder = f"datasets/flight-delay/{dataset['id']}"
    assert deployed.objects.keys(ARTIFACTS) == (f"{folder}/data.csv", f"{folder}/schema.json")
    assert b"".join(deployed.objects.read(Location(ARTIFACTS, f"{folder}/data.csv"))) == FLIGHTS
    schema = json.loads(b"".join(deployed.objects.read(Location(ARTIFACTS, f"{folder}/schema.json"))))
    assert (schema["label"], schema["classes"]) == ("late", ["no", "yes"])


def test_reads_the_version_that_the_run_is_of(deployed: World) -> None:
    state = deployed.upload("v1")
    deployed.upload("v2", b"a newer, broken file")

    deployed.validate(state)

    assert state["dataset"]["rows"] == 24


def test_links_the_data_set_to_every_run_that_it_feeds(deployed: World) -> None:
    first, second = deployed.upload("v1"), deployed.upload("v2")

    deployed.validate(first)
    deployed.validate(second)

    assert first["dataset"] == second["dataset"]
    key = f"dataset#flight-delay/{first['dataset']['id']}"
    assert set(deployed.lineage.targets(key, FEEDS)) == {f"run#{first['run']['id']}", f"run#{second['run']['id']}"}


def test_moves_a_wrong_file_to_quarantine_and_says_why(deployed: World) -> None:
    state = deployed.upload(body=(HEADER + "UA,far,1,yes\n" * 12).encode())
    run, bucket = state["run"], state["run"]["bucket"]

    with pytest.raises(InvalidData, match="line 2, column distance"):
        deployed.validate(state)

    assert deployed.objects.keys(bucket) == (
        "quarantine/flight-delay/2013.csv",
        "quarantine/flight-delay/2013.csv.reason.json",
    )
    reason = Location(bucket, "quarantine/flight-delay/2013.csv.reason.json")
    document = json.loads(b"".join(deployed.objects.read(reason)))
    assert document["run_id"] == run["id"]
    assert document["problems"][0]["line"] == 2
    event = deployed.lineage.history(run["id"])[-1]
    assert (event.stage, event.state, event.detail["reason"]) == ("dataset", "failed", document["reason"])
    assert event.detail["moved_to"] == "quarantine/flight-delay/2013.csv"


def test_checks_the_file_against_the_project_as_it_was_at_the_upload(deployed: World) -> None:
    state = deployed.upload()
    event = payload("register_project.update")
    event["ResourceProperties"]["Spec"] = event["ResourceProperties"]["Spec"].replace(
        '"label": "late"', '"label": "delay"'
    )
    deployed.project(event)

    deployed.validate(state)

    assert state["dataset"]["rows"] == 24


def test_refuses_a_run_that_nobody_recorded(deployed: World) -> None:
    with pytest.raises(NotFound, match="not in the lineage"):
        deployed.validate(payload("validate_data.run"))
