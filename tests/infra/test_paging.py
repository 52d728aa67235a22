"""Who may page, with which key, and who may speak to those who page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.infra.synthesis import Stacks, listed, synthesise

SECRET = "heirloom/pagerduty"
CALLERS = ("notify_pagerduty", "announce_change")


@pytest.fixture(scope="module")
def paging(aws: Stacks, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Stacks:
    """The stacks of a deployment that calls people; the layers are built by then."""
    context = {"pagerduty_secret": SECRET, "pagerduty_url": "https://events.eu.pagerduty.com"}
    return synthesise("aws", models, tmp_path_factory.mktemp("paging"), **context)


def reading(stacks: Stacks, handler: str) -> list[Any]:
    role = stacks.functions()[handler]["Role"]["Fn::GetAtt"][0]
    statements = [it for it in stacks.statements(role) if "secretsmanager:GetSecretValue" in listed(it["Action"])]
    return [it["Resource"] for it in statements]


@pytest.mark.parametrize("handler", CALLERS)
def test_who_calls_people_reads_the_routing_key_and_no_other_secret(paging: Stacks, handler: str) -> None:
    """Six characters follow the name: https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html"""
    (resource,) = reading(paging, handler)

    assert json.dumps(resource).endswith(f':secret:{SECRET}-??????"]]}}')


def test_nobody_else_reads_it(paging: Stacks) -> None:
    assert [handler for handler in paging.functions() if reading(paging, handler)] == sorted(
        CALLERS, key=list(paging.functions()).index
    )


@pytest.mark.parametrize("handler", CALLERS)
def test_who_calls_people_is_told_where_and_by_which_secret(paging: Stacks, aws: Stacks, handler: str) -> None:
    variables = paging.functions()[handler]["Environment"]["Variables"]
    without = aws.functions()[handler]["Environment"]["Variables"]

    assert variables["HEIRLOOM_PAGERDUTY_SECRET"] == SECRET
    assert variables["HEIRLOOM_PAGERDUTY_URL"] == "https://events.eu.pagerduty.com"
    assert without["HEIRLOOM_PAGERDUTY_SECRET"] == ""
    assert without["HEIRLOOM_PAGERDUTY_URL"] == "https://events.pagerduty.com"
    assert reading(aws, handler) == []


def test_the_secret_is_the_account_s_own(paging: Stacks) -> None:
    """An idle secret of ours would cost $0.40 a month, and its key would have to stand somewhere before."""
    assert paging.resources("AWS::SecretsManager") == {}


def test_the_command_finds_the_pager(paging: Stacks, aws: Stacks) -> None:
    outputs = paging.template("Platform")["Outputs"]

    assert outputs["PagerDutySecret"]["Value"] == SECRET
    assert outputs["PagerDutyUrl"]["Value"] == "https://events.eu.pagerduty.com"
    assert "PagerDutySecret" not in aws.template("Platform")["Outputs"]


def test_a_page_is_tried_for_less_time_than_the_function_has(aws: Stacks) -> None:
    notify = aws.functions()["notify_pagerduty"]

    assert int(notify["Environment"]["Variables"]["HEIRLOOM_PAGER_SECONDS"]) + 60 == notify["Timeout"]


def test_a_topic_is_spoken_to_by_this_deployment_s_alarms_and_over_tls_only(aws: Stacks) -> None:
    policies = [
        it["Properties"]["PolicyDocument"]["Statement"] for it in aws.resources("AWS::SNS::TopicPolicy").values()
    ]

    assert len(policies) == 2
    for statements in policies:
        denied, allowed = sorted(statements, key=lambda it: it["Effect"], reverse=True)
        assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        assert json.dumps(allowed["Condition"]["ArnLike"]["aws:SourceArn"]).endswith(':alarm:heirloom-*"]]}')


def test_what_a_topic_can_not_deliver_is_a_dead_letter_too(aws: Stacks) -> None:
    functions = aws.resources("AWS::Lambda::Function")
    subscriptions = [it["Properties"] for it in aws.resources("AWS::SNS::Subscription").values()]
    to_notify = [
        it
        for it in subscriptions
        if "notify_pagerduty" in functions[it["Endpoint"]["Fn::GetAtt"][0]]["Properties"]["Handler"]
    ]

    queue = aws.functions()["notify_pagerduty"]["DeadLetterConfig"]["TargetArn"]
    assert [it["RedrivePolicy"]["deadLetterTargetArn"] for it in to_notify] == [queue, queue]


def test_changes_of_routes_are_announced_and_removals_are_not(aws: Stacks) -> None:
    functions = aws.resources("AWS::Lambda::Function")
    sources = [it["Properties"] for it in aws.resources("AWS::Lambda::EventSourceMapping").values()]
    (source,) = [it for it in sources if "announce" in functions[it["FunctionName"]["Ref"]]["Properties"]["Handler"]]

    assert json.loads(source["FilterCriteria"]["Filters"][0]["Pattern"]) == {"eventName": ["INSERT", "MODIFY"]}
    assert "Routes" in json.dumps(source["EventSourceArn"])
