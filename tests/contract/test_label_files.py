"""Files of labels where they really are: the port LabelFiles over each storage, and a reading on S3 and DynamoDB."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from heirloom.adapters.dynamodb.predictions import DynamoPredictions
from heirloom.adapters.label_files import StoredLabelFiles
from heirloom.adapters.memory import MemoryAnswers, MemoryObjects, MemoryTrials
from heirloom.adapters.s3 import S3Objects
from heirloom.core.clock import utc_now
from heirloom.core.errors import InvalidData, NotFound
from heirloom.core.prediction.label_file import LabelRow
from heirloom.core.prediction.label_reading import Taking
from heirloom.core.prediction.records import LABEL, Record
from heirloom.core.project.recent import RecentProjects
from heirloom.core.storage import Location, Objects, Stored
from heirloom.handlers import read_labels
from local.connection import Connection
from tests.contract.test_predictions import table
from tests.embedded import unique
from tests.parquet import parquet_of
from tests.unit.world import World, payload

Upload = Callable[[str, bytes], Location]
KEY = "labels/wine/März + 1 (final) 100%"


class Storage:
    """A bucket with versions."""

    def __init__(self, objects: Objects, bucket: str, upload: Upload) -> None:
        self.objects, self.bucket, self.upload = objects, bucket, upload

    def rows(self, key: str, body: bytes) -> list[LabelRow]:
        return list(StoredLabelFiles(self.objects).rows(self.objects.describe(self.upload(key, body))))


@pytest.fixture(params=["memory", "aws"])
def storage(request: pytest.FixtureRequest) -> Storage:
    if request.param == "memory":
        objects = MemoryObjects()
        return Storage(objects, "data", lambda key, body: objects.put("data", key, body))
    return on_s3(request.getfixturevalue("aws"))


def on_s3(aws: Connection) -> Storage:
    client, bucket = aws.client("s3"), unique("labels")
    client.create_bucket(Bucket=bucket)
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

    def upload(key: str, body: bytes) -> Location:
        return Location(bucket, key, client.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"])

    return Storage(S3Objects(client), bucket, upload)


def test_reads_csv_of_more_than_one_piece(storage: Storage) -> None:
    ids = [f"{n:040}" for n in range(30_000)]

    rows = storage.rows(f"{KEY}.csv", "".join(["id,label\n", *(f"{each},é\n" for each in ids)]).encode())

    assert [row.id for row in rows] == ids
    assert rows[-1] == LabelRow(30_001, ids[-1], "é")


def test_reads_parquet_of_many_row_groups(storage: Storage) -> None:
    ids = [f"{n:040}" for n in range(30_000)]
    columns = {"id": ids, "other": ids, "label": [n % 3 == 0 for n in range(30_000)]}

    rows = storage.rows(f"{KEY}.parquet", parquet_of(columns, compression="none", row_group_size=7000))

    assert [row.id for row in rows] == ids
    assert rows[-1] == LabelRow(30_000, ids[-1], False)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_says_so_of_an_empty_file(storage: Storage, suffix: str) -> None:
    with pytest.raises(InvalidData, match="file: expected"):
        storage.rows(f"{KEY}.{suffix}", b"")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_says_so_when_the_file_is_gone(storage: Storage, suffix: str) -> None:
    gone = Stored(Location(storage.bucket, f"{KEY}.{suffix}"), '"none"', 2000)

    with pytest.raises(NotFound):
        list(StoredLabelFiles(storage.objects).rows(gone))


class Embedded:
    """The function with its tables and its bucket on the embedded AWS."""

    def __init__(self, aws: Connection) -> None:
        self.storage = on_s3(aws)
        self.predictions = DynamoPredictions(aws.client("dynamodb"), table(aws))
        world = World()
        world.deploy("wine")
        projects = RecentProjects(world.lineage, 60, lambda: 0.0)
        self.taking = Taking(projects, self.predictions, MemoryTrials(), MemoryAnswers())

    def predict(self, *ids: str) -> None:
        told = {"release": None, "arm": None, "fallback": False, "input": {}, "answer": {"label": False}}
        at = "2026-11-23T15:00:00.000Z"
        self.predictions.put([Record(each, "prediction", "wine", 1, at, told) for each in ids])

    def event(self, key: str, body: bytes) -> dict[str, Any]:
        """The file is uploaded; its event."""
        event, location = payload("read_labels.upload"), self.storage.upload(key, body)
        event["detail"]["bucket"]["name"] = location.bucket
        event["detail"]["object"].update({"key": key, "version-id": location.version_id, "size": len(body)})
        return event

    def call(self, state: dict[str, Any]) -> dict[str, Any]:
        """One call of the function; what Step Functions keeps then."""
        files = StoredLabelFiles(self.storage.objects)
        read = read_labels.handle(state, self.taking, files, self.storage.objects, utc_now)
        after: dict[str, Any] = json.loads(json.dumps({**state, "read": read}))
        return after

    def read(self, key: str) -> str:
        return b"".join(self.storage.objects.read(Location(self.storage.bucket, key))).decode()


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_labels_of_a_file_are_kept_once_and_unknown_ones_are_found_when_they_come(aws: Connection, suffix: str) -> None:
    stack, ids = Embedded(aws), [f"p{n}" for n in range(2500)]
    stack.predict(*ids[1:])
    columns = {"id": ids, "label": [n % 2 == 0 for n in range(2500)]}
    text = "".join(f"{each},{'true' if n % 2 == 0 else 'false'}\n" for n, each in enumerate(ids))
    body = f"id,label\n{text}".encode() if suffix == "csv" else parquet_of(columns)
    event = stack.event(f"{KEY}.{suffix}", body)

    waiting = stack.call(event)
    stack.predict(ids[0])
    done = stack.call(waiting)

    before, after = waiting["read"]["report"], done["read"]["report"]
    assert (before["state"], before["accepted"], before["unknown"]) == ("waiting", 2499, 1)
    assert (after["state"], after["accepted"], after["unknown"]) == ("done", 2500, 0)
    labels = stack.predictions.get_many([(each, LABEL) for each in ids])
    assert {key[0]: it.data["label"] for key, it in labels.items()} == dict(zip(ids, columns["label"], strict=True))
    assert stack.call(event)["read"]["report"] is None


def test_the_result_and_the_unknown_rows_stand_where_no_rule_takes_them_for_labels(aws: Connection) -> None:
    stack = Embedded(aws)
    state = stack.event(f"{KEY}.csv", b"id,label\nnobody,true\n")

    state = stack.call(state)
    while state["read"]["again"]:
        state = stack.call(state)

    result = json.loads(stack.read(f"labels-results/{KEY.removeprefix('labels/')}.csv.result.json"))
    listed = aws.client("s3").list_objects_v2(Bucket=stack.storage.bucket)["Contents"]
    assert (result["state"], result["unknown"]) == ("done", 1)
    assert (
        result["unknown_file"]
        == f"s3://{stack.storage.bucket}/labels-results/wine/März + 1 (final) 100%.csv.unknown.csv"
    )
    assert stack.read(result["unknown_file"].split("/", 3)[3]).splitlines() == ["id,label,at,line", "nobody,true,,2"]
    assert sorted(item["Key"].rpartition("100%")[2] for item in listed) == [
        ".csv",
        ".csv.result.json",
        ".csv.unknown.csv",
    ]


def test_a_file_that_is_refused_stays(aws: Connection) -> None:
    stack = Embedded(aws)
    event = stack.event(f"{KEY}.csv", b"id;label\na;true\n")

    state = stack.call(event)

    assert (state["read"]["again"], state["read"]["report"]["state"]) == (False, "refused")
    assert "expected the column id" in state["read"]["report"]["reason"]
    assert stack.read(f"{KEY}.csv") == "id;label\na;true\n"
