"""What a run records in the tracking store, wherever it ran."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from heirloom.core.project.definition import Training
from heirloom.core.project.reading import parse_project
from heirloom.core.run.evidence import Evidence, read_evidence
from heirloom.core.run.record import CLOUD, LOCAL, Attempt, Code, Data, Place, failed, succeeded
from tests.unit.world import METRICS, evidence, packed, payload

SHA256 = "8f3a" * 16
PROJECT = parse_project(json.loads(payload("register_project.create")["ResourceProperties"]["Spec"]))
ATTEMPT = Attempt(
    id="flight-delay-0123456789ab",
    name="slower",
    project=replace(PROJECT, training=Training(seed=7)),
    parameters={"learning_rate": 0.03, "early_stopping": True, "loss": "log_loss"},
    data=Data("2013.csv", SHA256, "/home/ada/2013.csv", rows=24),
    code=Code("c0de" * 16, "abc123"),
    place=Place(LOCAL, "laptop", "ada"),
)


def read(**documents: Any) -> Evidence:
    return read_evidence([packed(evidence(**documents))])


def test_records_the_parameters_that_were_used_and_the_seed() -> None:
    record = succeeded(ATTEMPT, read())

    assert record.params == {"seed": "7", "learning_rate": "0.03", "early_stopping": "true", "loss": "log_loss"}


def test_a_parameter_named_seed_is_the_projects_own() -> None:
    assert succeeded(replace(ATTEMPT, parameters={"seed": 3}), read()).params == {"seed": "3"}


def test_records_the_scores_beside_the_baselines() -> None:
    record = succeeded(ATTEMPT, read(environment={"python": "3.11.9", "train_seconds": 1.5}))

    assert record.metrics == {
        "precision": 0.7,
        "recall": 0.4,
        "baseline.precision": 0.5,
        "objective_met": 1.0,
        "train_rows": 19.0,
        "test_rows": 5.0,
        "train_seconds": 1.5,
    }


def test_leaves_out_what_could_not_be_computed() -> None:
    record = succeeded(ATTEMPT, read(metrics={**METRICS, "test": {"precision": 0.7, "recall": None}, "baseline": {}}))

    assert record.metrics == {"precision": 0.7, "objective_met": 1.0, "train_rows": 19.0, "test_rows": 5.0}


def test_tags_say_whose_code_data_and_machine_it_was() -> None:
    packages = {"python": "3.11.9", "packages": {"numpy": "2.3.1", "pandas": "2.3.0"}}

    record = succeeded(ATTEMPT, read(environment=packages))

    assert record.tags == {
        "mlflow.user": "ada",
        "mlflow.source.name": "flight-delay",
        "mlflow.source.type": "PROJECT",
        "mlflow.source.git.commit": "abc123",
        "heirloom.run": "flight-delay-0123456789ab",
        "heirloom.where": "local",
        "heirloom.host": "laptop",
        "heirloom.code": "c0de" * 16,
        "heirloom.dataset": "flight-delay/8f3a8f3a8f3a8f3a",
        "heirloom.environment": "python 3.11.9, numpy 2.3.1, pandas 2.3.0",
    }


def test_outside_of_git_there_is_no_commit() -> None:
    record = succeeded(replace(ATTEMPT, code=Code("c0de")), read(environment={"python": "3.11.9", "packages": None}))

    assert "mlflow.source.git.commit" not in record.tags
    assert record.tags["heirloom.environment"] == "python 3.11.9"


def test_the_same_training_elsewhere_differs_by_where_host_and_user() -> None:
    cloud = replace(ATTEMPT, place=Place(CLOUD, "ml.m5.large", "pipeline"))

    here, there = succeeded(ATTEMPT, read()), succeeded(cloud, read())

    assert replace(here, tags={}) == replace(there, tags={})
    assert {name for name in here.tags if here.tags[name] != there.tags[name]} == {
        "heirloom.where",
        "heirloom.host",
        "mlflow.user",
    }


@pytest.mark.parametrize(
    ("source", "kind"), [("/home/ada/2013.csv", "local"), ("s3://data/flight-delay/2013.csv", "s3")]
)
def test_the_file_is_an_input_of_the_run(source: str, kind: str) -> None:
    record = succeeded(replace(ATTEMPT, data=Data("2013.csv", SHA256, source, 24)), read())

    (told,) = record.inputs
    assert told == {
        "dataset": {
            "name": "2013.csv",
            "digest": "8f3a8f3a8f3a8f3a",
            "source_type": kind,
            "source": json.dumps({"uri": source}),
            "profile": '{"num_rows": 24}',
        },
        "tags": [{"key": "mlflow.data.context", "value": "training"}],
    }


def test_rows_that_nobody_counted_are_not_told() -> None:
    record = succeeded(replace(ATTEMPT, data=Data("2013.csv", SHA256, "2013.csv")), read())

    assert "profile" not in record.inputs[0]["dataset"]


def test_keeps_the_evidence_and_the_project_as_files() -> None:
    found = read()

    record = succeeded(ATTEMPT, found)

    assert {name: record.artifacts[name] for name in found.files} == found.files
    assert json.loads(record.artifacts["project.json"]) == ATTEMPT.project.to_document()
    assert record.artifacts.keys() == found.files.keys() | {"project.json"}


def test_a_training_that_failed_records_what_was_tried_and_why() -> None:
    record = failed(ATTEMPT, "ValueError: no such loss")

    assert (record.experiment, record.name, record.status) == ("flight-delay", "slower", "FAILED")
    assert record.tags["heirloom.failure"] == "ValueError: no such loss"
    assert record.params["learning_rate"] == "0.03"
    assert record.metrics == {}
    assert set(record.artifacts) == {"project.json"}


def test_a_training_that_succeeded_is_finished_under_its_models_name() -> None:
    record = succeeded(ATTEMPT, read())

    assert (record.experiment, record.name, record.status) == ("flight-delay", "slower", "FINISHED")


@pytest.mark.parametrize("told", ["soon", float("nan")])
def test_seconds_that_are_none_are_not_told(told: Any) -> None:
    assert "train_seconds" not in succeeded(ATTEMPT, read(environment={"train_seconds": told})).metrics
