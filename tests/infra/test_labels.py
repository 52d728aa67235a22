"""Files of labels: whose events start what, and who may write where."""

from __future__ import annotations

from typing import Any

import pytest

from heirloom.core.prediction.label_report import LABELS, RESULTS, Drop
from heirloom.core.run.upload import IGNORED, Upload
from infra.intake import NOT_UPLOADS
from infra.labels import LABELS as RULE_LABELS
from infra.labels import RESULTS as ROLE_RESULTS
from tests.infra.synthesis import Stacks, leaves, listed

EVENT = {
    "source": "aws.s3",
    "detail-type": "Object Created",
    "detail": {"bucket": {"name": {"Fn::ImportValue": "heirloom-data:UploadsName"}}},
}


def matches(pattern: Any, value: Any) -> bool:
    """As EventBridge does: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-content-based-filtering.html,
    of what our rules use."""
    if isinstance(pattern, dict):
        return all(
            isinstance(value, dict) and name in value and matches(it, value[name]) for name, it in pattern.items()
        )
    return any(_one(each, value) for each in pattern)


def _one(wanted: Any, value: Any) -> bool:
    match wanted:
        case {"prefix": str() as prefix}:
            return str(value).startswith(prefix)
        case {"anything-but": {"prefix": prefixes}}:
            return not any(str(value).startswith(prefix) for prefix in listed(prefixes))
        case {"anything-but": _} | {"wildcard": _}:
            raise NotImplementedError(wanted)
    return bool(wanted == value)


def heard_by(stacks: Stacks, key: str) -> set[str]:
    """Which rules an upload under this key meets."""
    event = {**EVENT, "detail": {**EVENT["detail"], "object": {"key": key}}}  # type: ignore[dict-item]
    rules = {name: it["Properties"].get("EventPattern") for name, it in stacks.resources("AWS::Events::Rule").items()}
    return {name.partition("Rule")[0] for name, pattern in rules.items() if pattern and matches(pattern, event)}


@pytest.mark.parametrize(
    ("key", "rules"),
    [
        ("wine/2026.csv", {"Intake"}),
        ("labels.csv", {"Intake"}),
        ("labels-of-wine/2026.csv", {"Intake"}),
        ("wine/labels/2026.csv", {"Intake"}),
        ("labels/wine/2026.csv", {"Labels"}),
        ("labels/wine/2026/11/part-0001.parquet", {"Labels"}),
        ("labels-results/wine/2026.csv.result.json", set()),
        ("labels-results/wine/2026.csv.unknown.csv", set()),
        ("quarantine/wine/2026.csv", set()),
        ("quarantine/labels/wine/2026.csv", set()),
    ],
)
@pytest.mark.parametrize("target", ["aws", "local"])
def test_an_upload_is_for_training_or_has_labels_and_is_never_both(
    request: pytest.FixtureRequest, target: str, key: str, rules: set[str]
) -> None:
    assert heard_by(request.getfixturevalue(target), key) == rules


def test_what_reading_labels_writes_starts_nothing(aws: Stacks) -> None:
    drop = Drop(Upload("data", "labels/wine/2026.csv", "v1", 1), "2026-11-23T15:10:09Z")
    written = [drop.result, drop.unknown, drop.aside("0a1b", 3)]

    assert [heard_by(aws, each.key) for each in written] == [set()] * 3


def test_core_and_infrastructure_mean_the_same_prefixes() -> None:
    assert (LABELS, RESULTS) == (RULE_LABELS, ROLE_RESULTS)
    assert set(IGNORED) == set(NOT_UPLOADS) == {"quarantine/", LABELS, RESULTS}


def test_the_function_reads_labels_and_writes_results_alone(aws: Stacks) -> None:
    statements = aws.statements(aws.functions()["read_labels"]["Role"]["Fn::GetAtt"][0])
    writing = {"s3:PutObject", "s3:DeleteObject"}
    written = [it["Resource"] for it in statements if writing & set(listed(it["Action"]))]

    assert [text for _, text in leaves(written) if "/" in str(text)] == ["/labels-results/*"]


def test_the_rule_starts_the_machine_and_no_other(aws: Stacks) -> None:
    (rule,) = [it["Properties"] for name, it in aws.resources("AWS::Events::Rule").items() if name.startswith("Labels")]
    (target,) = rule["Targets"]
    role = aws.resources()[target["RoleArn"]["Fn::GetAtt"][0]]
    statements = aws.statements(target["RoleArn"]["Fn::GetAtt"][0])

    assert target["Arn"]["Ref"].startswith("LabelsMachine")
    assert role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {
        "Service": "events.amazonaws.com"
    }
    assert [(it["Action"], it["Resource"]) for it in statements] == [("states:StartExecution", target["Arn"])]
    assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == 86_400


def test_a_file_that_was_not_read_to_its_end_is_an_alarm(aws: Stacks) -> None:
    alarms = [it["Properties"] for it in aws.resources("AWS::CloudWatch::Alarm").values()]
    (alarm,) = [it for it in alarms if it.get("MetricName") == "ExecutionsFailed"]
    (machine,) = alarm["Dimensions"]

    assert machine["Value"]["Ref"].startswith("LabelsMachine")
    assert (alarm["Threshold"], alarm["Statistic"]) == (1, "Sum")


def test_results_go_when_the_predictions_go_that_they_are_about(aws: Stacks) -> None:
    rules = aws.resources()["UploadsBucketC4B27CC7"]["Properties"]["LifecycleConfiguration"]["Rules"]

    assert {it["Prefix"]: it["ExpirationInDays"] for it in rules if "Prefix" in it}[RESULTS] == 90
