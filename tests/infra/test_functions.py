"""Every function finds its handler, its environment and its time."""

from __future__ import annotations

import ast
import importlib
import json
import re
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import pytest

from heirloom.core.release.abandoned import WHY
from heirloom.core.rollback.decision import SKEW
from heirloom.core.rollback.latch import DEAD_AFTER
from infra import REPOSITORY
from infra.machine import WORKFLOWS
from infra.routes import ROUTES
from tests.infra.synthesis import Stacks
from tests.unit.world import payload

HANDLERS = REPOSITORY / "functions" / "heirloom" / "handlers"
ALWAYS = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"}


@cache
def wiring() -> dict[str, ast.FunctionDef]:
    tree = ast.parse((HANDLERS.parent / "wiring.py").read_text())
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def read_by(factory: str) -> set[str]:
    """The environment variables that a function of wiring reads, itself or through another."""
    nodes = list(ast.walk(wiring()[factory]))
    constants = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    called = {node.id for node in nodes if isinstance(node, ast.Name) and node.id in wiring()}
    own = {constant for constant in constants if constant.startswith("HEIRLOOM_") and " " not in constant}
    return own.union(*(read_by(name) for name in called))


def wired(handler: str) -> set[str]:
    """What a handler takes from wiring."""
    tree = ast.parse((HANDLERS / f"{handler}.py").read_text())
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "wiring"
    }


def test_every_handler_is_a_module_with_a_lambda_handler(aws: Stacks) -> None:
    modules = [properties["Handler"].rpartition(".") for properties in aws.functions().values()]

    assert all(callable(getattr(importlib.import_module(module), name)) for module, _, name in modules)


def test_every_handler_module_is_deployed(aws: Stacks) -> None:
    modules = {path.stem for path in HANDLERS.glob("*.py") if "lambda_handler = " in path.read_text()}

    assert modules == set(aws.functions())


def test_each_environment_has_what_its_wiring_reads_and_nothing_else(aws: Stacks) -> None:
    expected = {name: ALWAYS.union(*map(read_by, wired(name))) for name in aws.functions()}

    assert {name: set(it["Environment"]["Variables"]) for name, it in aws.functions().items()} == expected


def test_there_is_one_code_asset_and_one_layer_for_all(aws: Stacks) -> None:
    functions = aws.functions().values()

    assert len({json.dumps(properties["Code"], sort_keys=True) for properties in functions}) == 1
    assert len({json.dumps(properties["Layers"][0], sort_keys=True) for properties in functions}) == 1


def test_a_heavy_layer_is_for_who_needs_it(aws: Stacks) -> None:
    heavy = {name: it["Layers"][1:] for name, it in aws.functions().items() if len(it["Layers"]) > 1}

    assert set(heavy) == {"read_labels"}
    assert [layer["Ref"].startswith("RuntimeParquetLayer") for layer in heavy["read_labels"]] == [True]


def test_the_code_asset_holds_sources_only(aws: Stacks) -> None:
    key = next(iter(aws.functions().values()))["Code"]["S3Key"].removesuffix(".zip")
    files = [path for path in (aws.folder / f"asset.{key}").rglob("*") if path.is_file()]

    assert files
    assert {path.suffix for path in files} == {".py"}


def test_every_function_is_traced_and_its_log_expires(aws: Stacks) -> None:
    groups = aws.resources("AWS::Logs::LogGroup").values()

    assert {it["TracingConfig"]["Mode"] for it in aws.functions().values()} == {"Active"}
    assert all("Ref" in it["LoggingConfig"]["LogGroup"] for it in aws.functions().values())
    assert all(group["Properties"]["RetentionInDays"] for group in groups)


def test_what_is_invoked_asynchronously_has_dead_letters_and_an_alarm(aws: Stacks) -> None:
    queues = {
        name: it["DeadLetterConfig"]["TargetArn"]["Fn::GetAtt"][0]
        for name, it in aws.functions().items()
        if "DeadLetterConfig" in it
    }
    rules = [it["Properties"] for it in aws.resources("AWS::Events::Rule").values()]
    told = {target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0] for rule in rules for target in rule["Targets"]}
    sources = [it["Properties"] for it in aws.resources("AWS::Lambda::EventSourceMapping").values()]
    failures = [it["DestinationConfig"]["OnFailure"] for it in sources if "DestinationConfig" in it]
    streams = {it["Destination"]["Fn::GetAtt"][0] for it in failures}
    alarms = [it["Properties"] for it in aws.resources("AWS::CloudWatch::Alarm").values()]
    named = [it["Dimensions"][0] for it in alarms if "Dimensions" in it]
    watched = [it["Value"]["Fn::GetAtt"] for it in named if it["Name"] == "QueueName"]

    assert set(queues) == {
        *("start_pipeline", "abandon_release", "end_run", "record_predictions", "mirror_predictions"),
        *("notify_pagerduty", "roll_back", "reject_version", "probe_models"),
    }
    by_rule = ("start_pipeline", "abandon_release", "end_run", "reject_version", "probe_models")
    assert told >= {queues[name] for name in by_rule}
    assert sorted(watched) == sorted([queue, "QueueName"] for queue in {*queues.values(), *streams, *told})


def test_only_packing_loses_what_fails_since_the_next_call_does_it(aws: Stacks) -> None:
    sources = [it["Properties"] for it in aws.resources("AWS::Lambda::EventSourceMapping").values()]
    (lossy,) = [it for it in sources if "DestinationConfig" not in it]

    assert "PackRuns" in lossy["FunctionName"]["Ref"]
    assert lossy["MaximumRetryAttempts"] == 2


def handler_of(stacks: Stacks, arn: dict[str, Any]) -> str:
    """The handler's module of the function that an ARN names by reference."""
    handler: str = stacks.resources()[arn["Fn::GetAtt"][0]]["Properties"]["Handler"]
    return handler.split(".")[2]


def patterns(stacks: Stacks) -> list[dict[str, Any]]:
    """The events that rules wait for."""
    rules = [it["Properties"] for it in stacks.resources("AWS::Events::Rule").values()]
    return [rule["EventPattern"] for rule in rules if "EventPattern" in rule]


def test_a_release_that_breaks_off_is_heard_of_and_no_other_execution(aws: Stacks) -> None:
    rules = patterns(aws)
    detail = next(rule["detail"] for rule in rules if rule["source"] == ["aws.states"])
    (machine,) = detail["stateMachineArn"]
    names = [
        *(f"heirloom-{model}-{kind}" for model in ("tiny", "tiny-large") for kind in ("release", "pipeline")),
        *("BatchStateMachine1A2B-4e5f", "heirloom2-tiny-release"),
    ]
    heard = [
        name for name in names if fnmatchcase(f"arn:aws:states:eu-west-1:1:stateMachine:{name}", machine["wildcard"])
    ]

    assert detail["status"] == ["ABORTED", "TIMED_OUT", "FAILED"] == list(WHY)
    assert heard == ["heirloom-tiny-release", "heirloom-tiny-large-release"]


def test_a_rejection_in_the_registry_is_heard_of_and_no_other_deployment_s(aws: Stacks) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html"""
    (rule,) = [rule for rule in patterns(aws) if rule["source"] == ["aws.sagemaker"]]
    event = payload("reject_version.rejected")

    assert rule["detail-type"] == [event["detail-type"]]
    assert rule["detail"] == {"ModelApprovalStatus": ["Rejected"], "ModelPackageGroupName": [{"prefix": "heirloom-"}]}
    assert event["detail"]["ModelPackageGroupName"].startswith("heirloom-")


def test_models_are_probed_and_swept_every_five_minutes(aws: Stacks) -> None:
    rules = [it["Properties"] for it in aws.resources("AWS::Events::Rule").values()]
    scheduled = {
        handler_of(aws, target["Arn"]): rule["ScheduleExpression"]
        for rule in rules
        if "ScheduleExpression" in rule
        for target in rule["Targets"]
    }

    assert scheduled == dict.fromkeys(("probe_models", "roll_back"), "rate(5 minutes)")


def test_a_rollback_ends_before_another_one_takes_it_for_dead(aws: Stacks) -> None:
    """By clocks that may be a minute apart."""
    assert aws.functions()["roll_back"]["Timeout"] + SKEW.total_seconds() <= DEAD_AFTER.total_seconds()


def test_the_topic_of_rollbacks_invokes_who_rolls_back_and_who_pages(aws: Stacks) -> None:
    heard: dict[str, set[str]] = {}
    for it in aws.resources("AWS::SNS::Subscription").values():
        topic = it["Properties"]["TopicArn"]["Ref"]
        heard.setdefault(topic, set()).add(handler_of(aws, it["Properties"]["Endpoint"]))

    assert sorted(map(sorted, heard.values())) == [["notify_pagerduty"], ["notify_pagerduty", "roll_back"]]


def test_what_predict_logs_is_delivered_to_its_two_readers(aws: Stacks) -> None:
    """CloudWatch Logs takes two subscription filters a log group."""
    filters = [it["Properties"] for it in aws.resources("AWS::Logs::SubscriptionFilter").values()]
    group = aws.functions()["predict"]["LoggingConfig"]["LogGroup"]
    functions = aws.resources("AWS::Lambda::Function")
    readers = {
        functions[it["DestinationArn"]["Fn::GetAtt"][0]]["Properties"]["Handler"].split(".")[2]: it["FilterPattern"]
        for it in filters
    }

    assert readers == {
        "record_predictions": "{ $.capture.part >= 0 }",
        "mirror_predictions": "{ $.capture.shadow.version >= 0 }",
    }
    assert [it["LogGroupName"] for it in filters] == [group, group]


def test_what_callers_sent_is_logged_for_a_month(aws: Stacks) -> None:
    group = aws.functions()["predict"]["LoggingConfig"]["LogGroup"]["Ref"]

    assert aws.resources()[group]["Properties"]["RetentionInDays"] == 30


def test_an_answer_of_the_api_comes_before_the_gateway_gives_up(aws: Stacks) -> None:
    assert all(aws.functions()[route.name]["Timeout"] < 30 for route in ROUTES)


def states(workflow: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((WORKFLOWS / f"{workflow}.asl.json").read_text())["States"]
    return found


@pytest.mark.parametrize("workflow", ["pipeline", "release", "batch", "labels"])
def test_a_function_s_limit_ends_before_that_of_its_state(aws: Stacks, workflow: str) -> None:
    """So that the state hears what became of the function, and can call it again."""
    found = states(workflow)
    parts = found.get("PredictParts", {}).get("ItemProcessor", {}).get("States", {})
    calls = [it for it in (found | parts).values() if it.get("Resource") == "arn:aws:states:::lambda:invoke"]

    assert calls
    for call in calls:
        handler = re.sub(r"(?<!^)(?=[A-Z])", "_", call["Parameters"]["FunctionName"][2:-1]).lower()
        assert call["TimeoutSeconds"] == aws.functions()[handler]["Timeout"] + 10


@pytest.mark.parametrize("workflow", ["pipeline", "release"])
def test_the_clean_up_waits_more_than_an_hour_for_an_endpoint_that_is_being_made(workflow: str) -> None:
    retry = states(workflow)["RecordFailure"]["Retry"][0]
    growing = [retry["IntervalSeconds"] * retry["BackoffRate"] ** attempt for attempt in range(retry["MaxAttempts"])]

    assert retry.get("JitterStrategy", "NONE") == "NONE"
    assert sum(min(seconds, retry["MaxDelaySeconds"]) for seconds in growing) > 70 * 60


def test_an_abandoned_release_is_cleared_up_after_when_its_steps_have_ended(aws: Stacks) -> None:
    """A function that the aborted execution had called goes on: it may still point the route at the endpoint."""
    moving = [aws.functions()[name]["Timeout"] for name in ("move_route", "start_canary")]

    assert states("release")["LetItEnd"]["Seconds"] > max(moving)


def test_cloudformation_waits_for_the_record_as_long_as_lambda_tries(aws: Stacks) -> None:
    """Lambda repeats what failed a minute and two minutes later: "Asynchronous invocation" of its guide."""
    record = next(iter(aws.resources("Custom::HeirloomProject").values()))["Properties"]

    assert int(record["ServiceTimeout"]) >= 3 * aws.functions()["register_project"]["Timeout"] + 60 + 120
