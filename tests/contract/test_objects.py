"""The port Objects."""

from __future__ import annotations

from typing import Any, Protocol

import pytest

from heirloom.adapters.memory import MemoryObjects
from heirloom.adapters.s3 import S3Objects
from heirloom.core.errors import NotFound
from heirloom.core.storage import Location, Objects
from tests.embedded import unique

KEY = "wine/März + 1 (final) 100%.csv"


class Bucket(Protocol):
    """A bucket with versions, and the port that is under test."""

    name: str
    objects: Objects

    def upload(self, key: str, body: bytes) -> Location: ...
    def listed(self) -> list[str]: ...


class InMemory:
    def __init__(self) -> None:
        self.name, self.objects = "bucket", MemoryObjects()

    def upload(self, key: str, body: bytes) -> Location:
        return self.objects.put(self.name, key, body)

    def listed(self) -> list[str]:
        return list(self.objects.keys(self.name))


class OnS3:
    def __init__(self, client: Any) -> None:
        self.name, self.objects, self._client = unique("objects"), S3Objects(client), client
        client.create_bucket(Bucket=self.name)
        client.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": "Enabled"})

    def upload(self, key: str, body: bytes) -> Location:
        made = self._client.put_object(Bucket=self.name, Key=key, Body=body)
        return Location(self.name, key, made["VersionId"])

    def listed(self) -> list[str]:
        return [item["Key"] for item in self._client.list_objects_v2(Bucket=self.name).get("Contents", [])]


@pytest.fixture(params=["memory", "aws"])
def bucket(request: pytest.FixtureRequest) -> Bucket:
    return InMemory() if request.param == "memory" else OnS3(request.getfixturevalue("aws").client("s3"))


def body_of(bucket: Bucket, location: Location) -> bytes:
    return b"".join(bucket.objects.read(location))


def test_reads_the_version_that_is_meant_and_the_newest_otherwise(bucket: Bucket) -> None:
    older = bucket.upload(KEY, b"older")
    bucket.upload(KEY, b"newer")

    assert body_of(bucket, older) == b"older"
    assert body_of(bucket, Location(bucket.name, KEY)) == b"newer"


def test_reads_in_pieces(bucket: Bucket) -> None:
    whole = bytes(range(256)) * 10_000

    pieces = list(bucket.objects.read(bucket.upload(KEY, whole)))

    assert b"".join(pieces) == whole
    assert max(map(len, pieces)) <= 2**20


def test_reads_an_empty_object(bucket: Bucket) -> None:
    assert body_of(bucket, bucket.upload(KEY, b"")) == b""


def test_writes_what_is_then_the_newest(bucket: Bucket) -> None:
    bucket.upload(KEY, b"before")

    bucket.objects.write(Location(bucket.name, KEY), b"after", "text/csv")

    assert body_of(bucket, Location(bucket.name, KEY)) == b"after"


def test_copies_the_version_that_is_meant(bucket: Bucket) -> None:
    older = bucket.upload(KEY, b"older")
    bucket.upload(KEY, b"newer")

    bucket.objects.copy(older, Location(bucket.name, f"quarantine/{KEY}"))

    assert body_of(bucket, Location(bucket.name, f"quarantine/{KEY}")) == b"older"


def test_hides_an_object_and_keeps_its_version(bucket: Bucket) -> None:
    location = bucket.upload(KEY, b"wrong")

    bucket.objects.hide(location)
    bucket.objects.hide(location)

    assert bucket.listed() == []
    assert body_of(bucket, location) == b"wrong"
    with pytest.raises(NotFound):
        body_of(bucket, Location(bucket.name, KEY))


def test_does_not_hide_what_is_newer(bucket: Bucket) -> None:
    older = bucket.upload(KEY, b"wrong")
    bucket.upload(KEY, b"right")

    bucket.objects.hide(older)

    assert body_of(bucket, Location(bucket.name, KEY)) == b"right"


def test_hides_nothing_where_nothing_is(bucket: Bucket) -> None:
    bucket.objects.hide(Location(bucket.name, "wine/none.csv", "v1"))

    assert bucket.listed() == []


def test_says_so_when_there_is_no_such_object(bucket: Bucket) -> None:
    missing = Location(bucket.name, "wine/none.csv")

    with pytest.raises(NotFound, match=f"s3://{bucket.name}/wine/none.csv"):
        body_of(bucket, missing)
    with pytest.raises(NotFound):
        bucket.objects.copy(missing, Location(bucket.name, "elsewhere"))
