"""What a model.yaml may say: core/project/definition.py, reading.py and sections.py."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from heirloom.core.errors import Invalid
from heirloom.core.project.definition import (
    NAME,
    CanaryPolicy,
    Data,
    Drift,
    Objective,
    Project,
    RollingAccuracy,
    Serving,
    Slo,
    Training,
)
from heirloom.core.project.metrics import METRICS
from heirloom.core.project.reading import parse_project

DOCUMENT: dict[str, Any] = {
    "name": "flight-delay",
    "description": "Warn passengers.",
    "owner": "flight-ops",
    "data": {"label": "late"},
    "objective": {"statement": "Most of those we warn are late.", "metric": "precision", "at_least": 0.6},
}


def changed(path: str, value: object) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    *sections, key = path.split(".")
    inner = document
    for section in sections:
        inner = inner.setdefault(section, {})
    inner[key] = value
    return document


def refusal(document: object) -> str:
    with pytest.raises(Invalid) as refused:
        parse_project(document)
    assert str(refused.value) == "\n".join(map(str, refused.value.problems))
    return str(refused.value)


def test_fills_in_the_defaults() -> None:
    project = parse_project(DOCUMENT)

    assert project == Project(
        "flight-delay",
        "Warn passengers.",
        "flight-ops",
        Data("late", "classification", None, 0.2, None, "refuse"),
        Objective("Most of those we warn are late.", "precision", 0.6),
        Training({}, "ml.m5.large", 60, 0),
        Serving("serverless", 2048, 5, "ml.m5.large", 1, 1, 1000, True, 2, None),
        Slo(2000, RollingAccuracy(1000, 0.97, 0.95, "confident", 0.99, 3_000_000, None), 60),
        (),
        Drift(0.2, 0.01, False),
    )


def test_reads_every_key() -> None:
    document = {
        **DOCUMENT,
        "data": {
            "label": "late",
            "time": "departure",
            "test_fraction": 0.5,
            "features": {"carrier": "category", "note": "text", "distance": "number"},
            "task": "classification",
            "unseen": "accept",
        },
        "training": {
            "parameters": {"rate": 0.1, "leaves": 31, "loss": "log", "fast": True},
            "instance": "ml.g5.12xlarge",
            "max_minutes": 1,
            "seed": 7,
        },
        "serving": {
            "form": "realtime",
            "memory_mb": 6144,
            "max_concurrency": 200,
            "instance": "ml.c7i.large",
            "min_instances": 2,
            "max_instances": 8,
            "invocations_per_instance": 600,
            "scale_in": False,
            "keep": 0,
            "canary": {
                "traffic": 0.25,
                "max_duration": "7 days",
                "on_timeout": "promote",
                "confidence": 0.99,
                "tolerance": 0.0,
                "min_labels": 200,
            },
        },
        "slo": {
            "latency_p95_ms": 150,
            "rolling_accuracy": {
                "window": 500,
                "alert_below": 0.98,
                "rollback_below": 0.9,
                "rule": "naive",
                "confidence": 0.95,
                "labels_between_false_alarms": 100_000,
            },
            "alarm_seconds": 10,
        },
        "slices": ["carrier", "distance"],
        "drift": {"psi": 0.25, "level": 0.05, "retrain": True},
    }

    project = parse_project(document)

    assert project.data.features == {"carrier": "category", "note": "text", "distance": "number"}
    assert project.training.parameters == {"rate": 0.1, "leaves": 31, "loss": "log", "fast": True}
    assert project.data.unseen == "accept"
    assert project.serving == Serving(
        *("realtime", 6144, 200, "ml.c7i.large", 2, 8, 600, False, 0),
        canary=CanaryPolicy(0.25, "7 days", "promote", 0.99, 0.0, 200),
    )
    assert project.slo == Slo(150, RollingAccuracy(500, 0.98, 0.9, "naive", 0.95, 100_000), 10)
    assert project.slices == ("carrier", "distance")
    assert project.drift == Drift(0.25, 0.05, True)


@pytest.mark.parametrize("canary", [{}, None])
def test_a_canary_without_keys_has_the_defaults(canary: object) -> None:
    assert parse_project(changed("serving.canary", canary)).serving.canary == CanaryPolicy(
        0.10, "24 hours", "rollback", 0.95, 0.01, 0
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1 minute", 60), ("30 minutes", 1800), ("1 hour", 3600), ("24  hours", 86_400), (" 30 days ", 2_592_000)],
)
def test_reads_a_duration_in_seconds(text: str, seconds: int) -> None:
    canary = parse_project(changed("serving.canary.max_duration", text)).serving.canary

    assert canary is not None
    assert canary.max_seconds == seconds


def test_gives_the_same_project_back_from_its_document() -> None:
    project = parse_project(changed("data.features", {"a": "number"}))

    document = json.loads(json.dumps(project.to_document()))

    assert parse_project(document) == project
    assert "time" not in document["data"]
    assert "canary" not in document["serving"]


def test_gives_the_same_canary_back_from_its_document() -> None:
    project = parse_project(changed("serving.canary", {"traffic": 0.5, "max_duration": "2 days"}))

    assert parse_project(json.loads(json.dumps(project.to_document()))) == project


def test_gives_the_same_promises_back_from_their_document() -> None:
    project = parse_project(
        {
            **changed("data", {"label": "year", "task": "regression", "features": {"artist": "category"}}),
            "objective": {"statement": "Near.", "metric": "r2", "at_least": 0.5},
            "slo": {"rolling_accuracy": {"tolerance": 3, "rule": "naive"}, "alarm_seconds": 10},
            "slices": ["artist"],
            "drift": {"retrain": True},
        }
    )

    assert project.slo.rolling_accuracy.tolerance == 3.0
    assert parse_project(json.loads(json.dumps(project.to_document()))) == project


def test_leaves_a_tolerance_out_where_there_is_none() -> None:
    assert "tolerance" not in parse_project(DOCUMENT).to_document()["slo"]["rolling_accuracy"]


def test_takes_empty_sections_for_absent_ones() -> None:
    empty = dict.fromkeys(("training", "serving", "slo", "slices", "drift"))

    assert parse_project({**DOCUMENT, **empty}) == parse_project(DOCUMENT)
    assert parse_project(changed("slo.rolling_accuracy", None)) == parse_project(DOCUMENT)


def test_any_column_but_the_label_and_the_time_may_be_a_slice_where_no_features_are_listed() -> None:
    document = changed("data.time", "departure")

    assert parse_project({**document, "slices": ["carrier"]}).slices == ("carrier",)
    for column in ("late", "departure"):
        message = refusal({**document, "slices": ["carrier", column]})
        assert message == f"slices.1: expected a feature, by whose values the answers are watched, got {column!r}"


def test_a_slice_is_one_of_the_features_that_are_listed() -> None:
    document = changed("data.features", {"carrier": "category"})

    assert "slices.0: expected a feature, by whose values" in refusal({**document, "slices": ["origin"]})


def test_a_regression_may_say_how_far_off_is_right_and_a_classification_may_not() -> None:
    regression = changed("objective.metric", "r2")
    regression["slo"] = {"rolling_accuracy": {"tolerance": 0}}

    assert parse_project(regression).slo.rolling_accuracy.tolerance == 0.0
    assert refusal(changed("slo.rolling_accuracy.tolerance", 1.5)) == (
        "slo.rolling_accuracy.tolerance: expected no tolerance, since the answers of a classification are right or"
        " wrong, got 1.5"
    )


@pytest.mark.parametrize("thresholds", [{"alert_below": 0.96, "rollback_below": 0.97}, {"alert_below": 0.9}])
def test_a_version_is_not_rolled_back_before_people_are_paged(thresholds: dict[str, float]) -> None:
    message = refusal(changed("slo.rolling_accuracy", thresholds))

    assert message.startswith("slo.rolling_accuracy.rollback_below: expected at most alert_below, 0.9")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("name", "Flight", "name: expected the model's name: 3 to 40 lower-case letters, digits and hyphens"),
        ("name", 7, "name: expected the model's name"),
        ("name", "a" * 41, "name: expected the model's name"),
        ("name", "labels", "another name than labels and quarantine, which are folders of the data bucket"),
        ("name", "paint-v2", "a name without -v and a digit"),
        ("description", "", "description: expected what the model is for, in a sentence: a text"),
        ("owner", True, "(put it in quotes where it looks like a number, a date or yes/no), got True"),
        ("owner", None, "owner: expected the team that answers for the model: a text"),
        ("data", ["late"], "data: expected the keys label, time, test_fraction, features, task, unseen, got ['late']"),
        (
            "data.test_fraction",
            0.04,
            "data.test_fraction: expected the share of the rows held out for the test: a number",
        ),
        ("data.test_fraction", 0.51, "from 0.05 to 0.5, got 0.51"),
        ("data.test_fraction", True, "from 0.05 to 0.5, got True"),
        ("data.test_fraction", "0.2", "from 0.05 to 0.5, got '0.2'"),
        ("data.task", "clustering", "data.task: expected the kind of prediction: one of classification, regression"),
        ("data.task", "regression", "data.task: expected classification, which objective.metric precision scores"),
        ("data.task", 1, "one of classification, regression, got 1"),
        ("data.time", "late", "data.time: expected another column than the label, got 'late'"),
        ("data.features", {}, "data.features: expected the columns to predict from: column: type"),
        ("data.features", ["carrier"], "where type is one of number, category, text, got ['carrier']"),
        ("data.features", {2013: "number"}, "column names as text, but 2013 is not (put it in quotes)"),
        ("data.features", {" ": "number"}, "column names as text, but ' ' is not (put it in quotes)"),
        ("data.features", {"a": "integer"}, "one of number, category, text for a, not 'integer'"),
        ("data.features", {"late": "number"}, "data.features.late: expected features other than the label, got 'late'"),
        (
            "data.tme",
            "t",
            "keys label, time, test_fraction, features, task, unseen (did you mean time?), got the unknown",
        ),
        ("fairness", ["sex"], "fairness: expected one of the known keys name, description, owner, data, objective"),
        ("slice", ["carrier"], "slo, slices, drift (did you mean slices?), got the unknown key 'slice'"),
        (
            "objective.at_least",
            float("nan"),
            "objective.at_least: expected the value that the metric must reach: a number",
        ),
        ("objective.at_least", "high", "a number, got 'high'"),
        (
            "objective.metric",
            "precison",
            "expected a scorer name of scikit-learn (did you mean precision?), or data.task",
        ),
        ("objective.metric", "xyzzy", "expected a scorer name of scikit-learn, or data.task beside a metric"),
        (
            "training.parameters",
            ["rate"],
            "training.parameters: expected what train(frame, params) gets: parameter: value",
        ),
        ("training.parameters", {"rate": None}, "a text, a number or true/false for each, but rate is nothing"),
        ("training.parameters", {"rates": [1] * 40}, "but rates is [1, 1, 1, 1, 1, 1,"),
        ("training.parameters", {1: 2}, "a text, a number or true/false for each, but 1 is 2"),
        ("training.parameters", {"rate": float("inf")}, "finite numbers, but rate is inf"),
        ("training.instance", "m5.large", "a SageMaker instance type such as ml.m5.large, got 'm5.large'"),
        ("training.max_minutes", 0, "a whole number from 1 to 40320, got 0"),
        ("training.seed", 1.0, "a whole number from 0 to 4294967295, got 1.0"),
        ("training.seed", True, "a whole number from 0 to 4294967295, got True"),
        (
            "serving.form",
            "batch",
            "serving.form: expected the form of the endpoint: one of serverless, realtime, got 'batch'",
        ),
        ("serving.memory_mb", 2000, "a whole number from 1024 to 6144, a multiple of 1024, got 2000"),
        ("serving.memory_mb", 7168, "a whole number from 1024 to 6144, a multiple of 1024, got 7168"),
        ("serving.max_concurrency", 201, "a whole number from 1 to 200, got 201"),
        ("data.unseen", True, "that training has not seen: one of refuse, accept, got True"),
        ("serving.min_instances", 0, "the fewest instances of a realtime endpoint: a whole number from 1 to 100"),
        ("serving.min_instances", 2, "expected serving.max_instances to be at least serving.min_instances, got 2 to 1"),
        ("serving.scale_in", "no", "whether instances go again when there are fewer calls: true or false, got 'no'"),
        ("serving.scale_in", 1, "true or false, got 1"),
        ("serving.keep", -1, "serving.keep: expected how many earlier versions' endpoints stay: a whole number from 0"),
        ("serving.canary", False, "serving.canary: expected the keys traffic, max_duration, on_timeout, confidence"),
        ("serving.canary.traffic", 1.0, "the share of the callers that the new version answers: a number from 0.001"),
        ("serving.canary.traffic", "10%", "from 0.001 to 0.9, got '10%'"),
        ("serving.canary.max_duration", 24, 'a number of minutes, hours or days from 1 minute to 30 days, such as "24'),
        ("serving.canary.max_duration", "30 seconds", 'from 1 minute to 30 days, such as "24 hours", got \'30 sec'),
        ("serving.canary.max_duration", "0 hours", 'such as "24 hours", got'),
        ("serving.canary.max_duration", "31 days", "1 minute to 30 days, got '31 days'"),
        ("serving.canary.on_timeout", "wait", "how an undecided trial ends: one of rollback, promote, got 'wait'"),
        ("serving.canary.confidence", 1.0, "how sure a verdict must be: a number from 0.5 to 0.9999, got 1.0"),
        ("serving.canary.tolerance", -0.01, "a number from 0.0 to 0.5, got -0.01"),
        ("serving.canary.min_labels", 1.5, "a whole number from 0 to 1000000, got 1.5"),
        ("serving.canary.trafic", 0.1, "(did you mean traffic?), got the unknown key 'trafic'"),
        ("slo.latency_p95_ms", 30_000, "in which 95% of the answers come: a whole number from 1 to 29000, got 30000"),
        ("slo.alarm_seconds", 30, "slo.alarm_seconds: expected the period of the alarms, in seconds: one of 10, 60"),
        ("slo.alarm_seconds", 60.0, "one of 10, 60, got 60.0"),
        ("slo.rolling_accuracy", 0.97, "expected the keys window, alert_below, rollback_below, rule, confidence"),
        ("slo.rolling_accuracy.window", 49, "how many labelled predictions count: a whole number from 50 to 20000"),
        ("slo.rolling_accuracy.alert_below", "97%", "below which people are paged: a number from 0.01 to 1.0, got '9"),
        ("slo.rolling_accuracy.alert_below", 1.01, "below which people are paged: a number from 0.01 to 1.0, got 1.0"),
        ("slo.rolling_accuracy.rollback_below", 0, "below which a version is rolled back: a number from 0.01 to 1.0"),
        ("slo.rolling_accuracy.rule", "sure", "how a breach is decided: one of confident, naive, got 'sure'"),
        ("slo.rolling_accuracy.confidence", 1, "the lower bound of the test accuracy is: a number from 0.5 to 0.9999"),
        (
            "slo.rolling_accuracy.labels_between_false_alarms",
            1e6,
            "the labels of a healthy version for one false alarm: a whole number from 1000 to 1000000000000, got 1000",
        ),
        ("slo.rolling_accuracy.tolerance", -1, "may be and still count as right: a number from 0.0, got -1"),
        ("slo.rolling_accuracy.tolerance", float("inf"), "still count as right: a number from 0.0, got inf"),
        ("slo.rolling_accuracy.alert_bellow", 0.9, "(did you mean alert_below?), got the unknown key 'alert_bellow'"),
        ("slices", "carrier", "by whose values the answers are watched: a list of column names, got 'carrier'"),
        ("slices", ["carrier", 7], "a list of column names, got ['carrier', 7]"),
        ("slices", [" "], "a list of column names, got [' ']"),
        ("slices", ["carrier", "carrier"], "at most 10 columns, each once, got ['carrier', 'carrier']"),
        ("slices", list("abcdefghijk"), "at most 10 columns, each once, got ['a', 'b'"),
        ("slices", ["late"], "slices.0: expected a feature, by whose values the answers are watched, got 'late'"),
        ("drift", [0.2], "drift: expected the keys psi, level, retrain, got [0.2]"),
        ("drift.psi", 0, "index from which a feature has drifted: a number from 0.01 to 10.0, got 0"),
        ("drift.level", 1, "that may raise an alert: a number from 0.0001 to 0.5, got 1"),
        ("drift.retrain", "yes", "whether drift starts a training on the newest data: true or false, got 'yes'"),
        ("drift.alert", True, "one of the known keys psi, level, retrain, got the unknown key 'alert'"),
    ],
)
def test_refuses_with_what_was_expected_and_what_was_found(path: str, value: object, message: str) -> None:
    assert message in refusal(changed(path, value))


def test_finds_fewer_instances_at_most_than_at_least_in_either_key() -> None:
    document = changed("serving", {"min_instances": 3, "max_instances": 2})

    assert refusal(document).startswith("serving.max_instances: expected serving.max_instances to be at least")


def test_names_the_missing_keys() -> None:
    message = refusal({"name": "wine", "data": {}, "objective": None})

    assert "description: expected what the model is for, in a sentence; the key is missing" in message
    assert "data.label: expected the column to predict; the key is missing" in message
    assert "objective.metric: expected a scorer name of scikit-learn or a function of model.py; the key" in message


@pytest.mark.parametrize("document", [None, "name", 7, []])
def test_refuses_what_is_no_mapping(document: object) -> None:
    assert refusal(document).startswith("model.yaml: expected the keys name, description, owner, data, objective")


def test_asks_to_fill_in_what_a_new_project_leaves_open() -> None:
    message = refusal(changed("data.label", "FILL IN the column to predict"))

    assert message == "data.label: expected you to fill in the column to predict, got 'FILL IN the column to predict'"


def test_tells_all_problems_at_once_in_the_order_of_their_lines() -> None:
    document = {**changed("objective.at_least", "high"), "owner": 7}
    lines = {("owner",): 9, ("objective", "at_least"): 4}

    with pytest.raises(Invalid) as refused:
        parse_project(document, lambda where: lines[where])

    assert [(problem.where, problem.line) for problem in refused.value.problems] == [
        ("objective.at_least", 4),
        ("owner", 9),
    ]


def test_takes_a_metric_of_model_py_where_the_task_is_said() -> None:
    document = changed("objective.metric", "money_saved")
    document["data"]["task"] = "regression"

    assert parse_project(document).data.task == "regression"


@pytest.mark.parametrize("metric", ["r2", "neg_mean_absolute_error"])
def test_knows_the_task_from_the_metric(metric: str) -> None:
    assert parse_project(changed("objective.metric", metric)).data.task == "regression"


def test_knows_no_metric_of_two_tasks() -> None:
    assert not METRICS["classification"] & METRICS["regression"]


@pytest.mark.parametrize("name", ["abc", "a-1", "flight-delay", "a" * 40])
def test_takes_names_that_every_aws_resource_takes(name: str) -> None:
    assert NAME.fullmatch(name)
