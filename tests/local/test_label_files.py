"""Files of labels on the embedded AWS: from an upload over rule and machine to the table, by real processes."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from heirloom.adapters.dynamodb.lineage import DynamoLineage
from heirloom.adapters.dynamodb.predictions import DynamoPredictions
from heirloom.core.lineage.graph import Node
from heirloom.core.prediction.label_reading import PAUSES
from heirloom.core.prediction.records import LABEL, OUTCOMES, Record
from infra import build
from infra.machine import WORKFLOWS
from local.connection import Connection
from tests.embedded import make_role, unique, wait_for
from tests.local.functions import RUNTIME
from tests.parquet import parquet_of
from tests.unit.world import World

FUNCTIONS = Path(__file__).parents[2] / "functions"
KINDS = ("HASH", "RANGE")
RIGHTS = {
    "Effect": "Allow",
    "Action": [
        *(f"dynamodb:{each}" for each in ("BatchGetItem", "GetItem", "PutItem", "UpdateItem")),
        *(f"s3:{each}" for each in ("GetObject", "GetObjectVersion", "PutObject", "DeleteObject", "ListBucket")),
    ],
    "Resource": "*",
}


@dataclass(frozen=True)
class Drops:
    """Rule, machine and function, with tables and a bucket of their own."""

    aws: Connection
    bucket: str
    predictions: DynamoPredictions
    table: str
    machine: str

    def predict(self, count: int) -> list[str]:
        """Predictions that are in their table: all said yes."""
        ids = [str(uuid4()) for _ in range(count)]
        self.store(*ids)
        return ids

    def store(self, *ids: str) -> None:
        told = {"release": None, "arm": None, "fallback": False, "input": {}, "answer": {"label": "yes"}}
        at = "2026-11-23T15:10:09.123Z"
        self.predictions.put([Record(each, "prediction", "wine", 1, at, told) for each in ids])

    def drop(self, name: str, body: bytes) -> None:
        self.aws.client("s3").put_object(Bucket=self.bucket, Key=f"labels/wine/{name}", Body=body)

    def result(self, name: str) -> dict[str, Any] | None:
        """What became of a file, once it is over."""
        client = self.aws.client("s3")
        try:
            body = client.get_object(Bucket=self.bucket, Key=f"labels-results/wine/{name}.result.json")["Body"]
        except client.exceptions.NoSuchKey:
            return None
        result: dict[str, Any] = json.load(body)
        return result if result["state"] in ("done", "refused") else None

    def labels(self, ids: list[str]) -> dict[str, Any]:
        found = self.predictions.get_many([(each, LABEL) for each in ids])
        return {key[0]: it.data["label"] for key, it in found.items()}

    def told(self) -> list[str]:
        """The ids that the monitor was told of, once for each time."""
        pages = self.aws.client("dynamodb").get_paginator("scan").paginate(TableName=self.table)
        items = [item for page in pages for item in page["Items"] if item["part"]["S"] == OUTCOMES]
        return [outcome["id"] for item in items for outcome in json.loads(item["data"]["S"])["outcomes"]]

    def executions(self) -> list[str]:
        client = self.aws.client("stepfunctions")
        return [it["status"] for it in client.list_executions(stateMachineArn=self.machine)["executions"]]


@pytest.fixture(scope="module")
def drops(aws: Connection) -> Drops:
    bucket, tables = unique("drops"), {"LINEAGE": ("pk", "sk"), "PREDICTIONS": ("id", "part")}
    names = {name: unique(name.lower()) for name in tables}
    for name, keys in tables.items():
        aws.client("dynamodb").create_table(
            TableName=names[name],
            KeySchema=[
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=True)
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    _deploy_project(DynamoLineage(aws.client("dynamodb"), names["LINEAGE"]))
    machine = _machine(aws, _function(aws, names))
    _rule(aws, bucket, machine)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    predictions = DynamoPredictions(aws.client("dynamodb"), names["PREDICTIONS"])
    return Drops(aws, bucket, predictions, names["PREDICTIONS"], machine)


def _deploy_project(lineage: DynamoLineage) -> None:
    world = World()
    world.deploy("wine")
    node = world.lineage.node("project", "wine")
    assert isinstance(node, Node)
    lineage.put_project(node)


def _function(aws: Connection, tables: dict[str, str]) -> str:
    """The product's own function, with the layers that it is deployed with."""
    build.build_layer("local")
    made = aws.client("lambda").create_function(
        FunctionName=unique("read-labels"),
        Runtime=RUNTIME,
        Role=make_role(aws, unique("read-labels"), ["lambda"], RIGHTS),
        Handler="heirloom.handlers.read_labels.lambda_handler",
        Code={"ZipFile": _zipped(FUNCTIONS, "*.py")},
        Layers=[_layer(aws, name) for name in build.LAYERS],
        Timeout=60,
        MemorySize=1769,
        Environment={"Variables": {f"HEIRLOOM_{name}_TABLE": table for name, table in tables.items()}},
    )
    return str(made["FunctionArn"])


def _layer(aws: Connection, name: str) -> str:
    s3, bucket = aws.client("s3"), unique("layers")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="layer.zip", Body=build.layer_archive("local", name).read_bytes())
    content = {"S3Bucket": bucket, "S3Key": "layer.zip"}
    made = aws.client("lambda").publish_layer_version(LayerName=unique(name), Content=content)
    return str(made["LayerVersionArn"])


def _zipped(folder: Path, pattern: str) -> bytes:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for source in sorted(folder.rglob(pattern)):
            file.write(source, source.relative_to(folder))
    return package.getvalue()


def _machine(aws: Connection, function: str) -> str:
    definition = (WORKFLOWS / "labels.asl.json").read_text().replace("${ReadLabels}", function)
    invoke = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function}
    made = aws.client("stepfunctions").create_state_machine(
        name=unique("labels"), definition=definition, roleArn=make_role(aws, unique("labels"), ["states"], invoke)
    )
    return str(made["stateMachineArn"])


def _rule(aws: Connection, bucket: str, machine: str) -> None:
    start = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine}
    events, name = aws.client("events"), unique("labels")
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [bucket]}, "object": {"key": [{"prefix": "labels/"}]}},
    }
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    target = {"Id": "machine", "Arn": machine, "RoleArn": make_role(aws, unique("rule"), ["events"], start)}
    events.put_targets(Rule=name, Targets=[target])


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_file_that_is_uploaded_is_taken_to_its_end_and_nothing_reads_its_result(drops: Drops, suffix: str) -> None:
    ids, before = drops.predict(1300), len(drops.executions())
    late = str(uuid4())
    columns = {"id": [*ids, late], "label": ["yes"] * 1000 + ["no"] * 301}
    text = "".join(f"{identity},{label}\n" for identity, label in zip(*columns.values(), strict=True))

    drops.drop(f"a.{suffix}", f"id,label\n{text}".encode() if suffix == "csv" else parquet_of(columns))
    wait_for(lambda: len(drops.labels(ids)) == 1300, 60)
    drops.store(late)
    result = wait_for(lambda: drops.result(f"a.{suffix}"), 30 + sum(PAUSES))

    assert (result["state"], result["accepted"], result["unknown"]) == ("done", 1301, 0)
    assert drops.labels([*ids, late]) == dict(zip(*columns.values(), strict=True))
    wait_for(lambda: drops.executions() == ["SUCCEEDED"] * (before + 1))
    told = [each for each in drops.told() if each in {*ids, late}]
    assert len(told) == len(set(told)) == 1301


def test_a_file_that_is_none_has_the_reason_beside_it(drops: Drops) -> None:
    drops.drop("broken.parquet", b"PAR1 not at all")

    result = wait_for(lambda: drops.result("broken.parquet"))

    assert result["state"] == "refused"
    assert "expected a Parquet file" in result["reason"]
    drops.aws.client("s3").head_object(Bucket=drops.bucket, Key="labels/wine/broken.parquet")
