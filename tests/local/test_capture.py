"""No prediction is lost: predict, its log, and the function that reads the log, while that fails for a while."""

from __future__ import annotations

import io
import json
import sys
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from heirloom.adapters.dynamodb.routes import DynamoRoutes
from heirloom.adapters.dynamodb.trials import DynamoTrials
from heirloom.core.clock import utc_now
from heirloom.core.release.route import OPEN, Canary, Mark, Route, history_of
from heirloom.core.release.trial import Rules, Trial
from local.connection import Connection
from tests.docs.pages import ROOT, blocks
from tests.embedded import add_image, make_role, policy, unique, wait_for, write_program
from tests.local.functions import RUNTIME

SERVE = f"""#!{sys.executable}
import http.server, json, os

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        self.answer({{}})

    def do_POST(self):
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["inputs"]
        self.answer({{"predictions": [{{"label": "yes"}} for _ in rows]}})

    def answer(self, document):
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

address = (os.environ["SAGEMAKER_BIND_TO_HOST"], int(os.environ["SAGEMAKER_BIND_TO_PORT"]))
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
"""
RECORDS = {
    "Effect": "Allow",
    "Action": [f"dynamodb:{each}" for each in ("BatchWriteItem", "GetItem", "PutItem", "UpdateItem")],
    "Resource": "*",
}


@dataclass
class Captured:
    """predict and record_predictions, deployed with roles of their own; ``sent`` are the ids that callers got."""

    aws: Connection
    tables: dict[str, str]
    endpoint: str
    predict: str = ""
    record: str = ""
    role: str = ""
    letters: str = ""

    def ask(self, rows: int = 1, size: int = 1, entity: str | None = None) -> list[str]:
        """The ids that a caller gets."""
        inputs = [{"n": n, "text": "x" * size} for n in range(rows)]
        event = {
            "pathParameters": {"model": "wine"},
            "requestContext": {"requestId": unique("r")},
            "body": json.dumps({"inputs": inputs, "entity": entity}),
        }
        answer = self.aws.client("lambda").invoke(FunctionName=self.predict, Payload=json.dumps(event))
        told = json.load(answer["Payload"])
        assert told["statusCode"] == 200, told
        return [prediction["id"] for prediction in json.loads(told["body"])["predictions"]]

    def stored(self) -> dict[str, int]:
        """How many records each prediction has."""
        pages = self.aws.client("dynamodb").get_paginator("scan").paginate(TableName=self.tables["PREDICTIONS"])
        found: dict[str, int] = {}
        for item in (item for page in pages for item in page["Items"]):
            if item["part"]["S"].startswith("prediction"):
                found[item["id"]["S"]] = found.get(item["id"]["S"], 0) + 1
        return found

    def requests(self) -> int:
        """What the trial has counted."""
        trial = self.trials.get("wine-1")
        assert trial is not None
        return trial.tally.champion.requests + trial.tally.canary.requests

    @property
    def trials(self) -> DynamoTrials:
        return DynamoTrials(self.aws.client("dynamodb"), self.tables["PREDICTIONS"], utc_now)

    @property
    def log_group(self) -> str:
        return f"/aws/lambda/{self.predict}"

    def allow_records(self) -> None:
        self.aws.client("iam").put_role_policy(RoleName=self.role, PolicyName="grants", PolicyDocument=policy(RECORDS))

    def deny_records(self) -> None:
        self.aws.client("iam").delete_role_policy(RoleName=self.role, PolicyName="grants")

    def letters_left(self) -> int:
        names = ["ApproximateNumberOfMessages"]
        found = self.aws.client("sqs").get_queue_attributes(QueueUrl=self.letters, AttributeNames=names)
        return int(found["Attributes"][names[0]])


@pytest.fixture(scope="module")
def captured(aws: Connection, state_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Captured]:
    folder = tmp_path_factory.mktemp("capture")
    made = Captured(aws, _tables(aws), _endpoint(aws, state_dir, folder))
    asks = {"Effect": "Allow", "Action": ["dynamodb:GetItem", "sagemaker:InvokeEndpoint"], "Resource": "*"}
    made.predict = _function(made, "predict", make_role(aws, unique("predict"), ["lambda"], asks))
    made.role = unique("record")
    sqs = aws.client("sqs")
    made.letters = sqs.create_queue(QueueName=unique("letters"))["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=made.letters, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    made.record = _function(
        made,
        "record_predictions",
        make_role(aws, made.role, ["lambda"], RECORDS),
        DeadLetterConfig={"TargetArn": queue},
    )
    _subscribe(made)
    _open_trial(made)
    yield made
    aws.client("sagemaker").delete_endpoint(EndpointName=made.endpoint)


def _tables(aws: Connection) -> dict[str, str]:
    keys = {"ROUTES": ["model"], "LINEAGE": ["pk", "sk"], "PREDICTIONS": ["id", "part"]}
    tables = {}
    for name, names in keys.items():
        tables[name] = unique(name.lower())
        aws.client("dynamodb").create_table(
            TableName=tables[name],
            KeySchema=[
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(names, ("HASH", "RANGE"), strict=False)
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in names],
            BillingMode="PAY_PER_REQUEST",
        )
    return tables


def _endpoint(aws: Connection, state_dir: Path, folder: Path) -> str:
    write_program(folder / "serve", SERVE)
    image, name, client = (
        add_image(state_dir, unique("capture") + ":local", folder),
        unique("wine"),
        aws.client("sagemaker"),
    )
    container = {"Image": image}
    client.create_model(
        ModelName=name, ExecutionRoleArn=make_role(aws, unique("wine"), ["sagemaker"]), PrimaryContainer=container
    )
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    client.create_endpoint(EndpointName=name, EndpointConfigName=name)
    wait_for(lambda: client.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService")
    return name


def _function(made: Captured, handler: str, role: str, **settings: Any) -> str:
    """A function with the product's own code."""
    package, root = io.BytesIO(), ROOT / "functions"
    with zipfile.ZipFile(package, "w") as file:
        for source in root.rglob("*.py"):
            file.write(source, source.relative_to(root))
    name = unique(handler)
    made.aws.client("lambda").create_function(
        FunctionName=name,
        Runtime=RUNTIME,
        Role=role,
        Handler=f"heirloom.handlers.{handler}.lambda_handler",
        Code={"ZipFile": package.getvalue()},
        Timeout=60,
        Environment={"Variables": {f"HEIRLOOM_{key}_TABLE": table for key, table in made.tables.items()}},
        **settings,
    )
    return name


def _subscribe(made: Captured) -> None:
    client, logs = made.aws.client("lambda"), made.aws.client("logs")
    logs.create_log_group(logGroupName=made.log_group)
    client.add_permission(
        FunctionName=made.record,
        StatementId="logs",
        Action="lambda:InvokeFunction",
        Principal="logs.amazonaws.com",
        SourceArn=f"arn:aws:logs:us-east-1:111122223333:log-group:{made.log_group}:*",
    )
    logs.put_subscription_filter(
        logGroupName=made.log_group,
        filterName="record",
        filterPattern="{ $.capture.part >= 0 }",
        destinationArn=client.get_function(FunctionName=made.record)["Configuration"]["FunctionArn"],
    )


def _open_trial(made: Captured) -> None:
    mark = Mark("test", "2026-11-23T15:10:09.000Z", "")
    route = Route("wine", 1, 0, {0: made.endpoint, 1: made.endpoint}, OPEN, mark, canary=Canary(1, 0.5, 5000, "wine-1"))
    record, edges = history_of(route)
    client = made.aws.client("dynamodb")
    DynamoRoutes(client, made.tables["ROUTES"], made.tables["LINEAGE"]).put(route, record, *edges)
    made.trials.open(Trial("wine-1", "wine", 0, 1, Rules(), "token", mark.at))


def documented(name: str) -> Any:
    """A function that docs/predict.md shows."""
    known: dict[str, Any] = {}
    for block in blocks(ROOT / "docs" / "predict.md", "python"):
        exec(block, known)
    return known[name]


def settled(captured: Captured, ids: list[str], seconds: float = 60) -> None:
    """Wait until the table has them all."""
    wait_for(lambda: captured.stored().keys() >= set(ids), seconds)


def test_every_prediction_is_stored_once_though_its_reader_fails_for_a_while(captured: Captured) -> None:
    before, counted = len(captured.stored()), captured.requests()
    captured.deny_records()
    with ThreadPoolExecutor(3) as callers:
        futures = [callers.submit(captured.ask, 1 + n % 3, 1, f"p{n}") for n in range(12)]
        ids = [identity for future in futures for identity in future.result()]
    wait_for(captured.letters_left, 60)
    assert len(captured.stored()) == before
    captured.allow_records()
    with ThreadPoolExecutor(3) as callers:
        futures = [callers.submit(captured.ask, 1, 1, f"q{n}") for n in range(12)]
        ids += [identity for future in futures for identity in future.result()]

    time.sleep(4)  # what is still between two attempts
    clients = captured.aws.client("sqs"), captured.aws.client("lambda")
    documented("redeliver")(*clients, captured.letters, captured.record)

    settled(captured, ids)
    stored = captured.stored()
    assert len(set(ids)) == len(ids) == 36
    assert {identity: stored[identity] for identity in ids} == dict.fromkeys(ids, 1)
    assert len(stored) == before + 36
    wait_for(lambda: captured.requests() == counted + 24)


def test_a_large_request_and_a_large_row_are_stored_whole(captured: Captured) -> None:
    counted = captured.requests()

    ids = captured.ask(7, 40_000)
    (huge,) = captured.ask(1, 160_000)

    settled(captured, [*ids, huge])
    wait_for(lambda: captured.stored()[huge] == 7)
    assert {captured.stored()[identity] for identity in ids} == {1}
    wait_for(lambda: captured.requests() == counted + 2)
    client, table = captured.aws.client("dynamodb"), captured.tables["PREDICTIONS"]
    pieces = [
        json.loads(client.get_item(TableName=table, Key={"id": {"S": huge}, "part": {"S": part}})["Item"]["data"]["S"])
        for part in ("prediction", *(f"prediction#{n}" for n in range(1, 7)))
    ]
    assert json.loads("".join(piece["text"] for piece in pieces))["input"]["text"] == "x" * 160_000


def test_what_was_never_delivered_is_replayed_from_the_log(captured: Captured) -> None:
    logs, started = captured.aws.client("logs"), int(time.time() * 1000)
    kept = logs.describe_subscription_filters(logGroupName=captured.log_group)["subscriptionFilters"][0]
    logs.delete_subscription_filter(logGroupName=captured.log_group, filterName="record")
    ids = [identity for _ in range(5) for identity in captured.ask()]
    time.sleep(1)
    assert not captured.stored().keys() & set(ids)

    replay = documented("replay")
    replay(logs, captured.aws.client("lambda"), captured.log_group, captured.record, started, started + 60_000)

    settled(captured, ids)
    del kept["creationTime"], kept["roleArn"]
    logs.put_subscription_filter(**kept)


def test_the_lines_are_metrics_too(captured: Captured) -> None:
    for _ in range(20):  # of which some fall to the champion, whatever the canary's share
        captured.ask()

    def samples() -> float:
        found = captured.aws.client("cloudwatch").get_metric_statistics(
            Namespace="Heirloom",
            MetricName="Latency",
            Dimensions=[{"Name": "model", "Value": "wine"}, {"Name": "version", "Value": "0"}],
            StartTime=time.time() - 3600,
            EndTime=time.time() + 1,
            Period=7200,
            Statistics=["SampleCount"],
        )["Datapoints"]
        return float(found[0]["SampleCount"]) if found else 0.0

    wait_for(samples)
