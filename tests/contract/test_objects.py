"""The port Objects."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

import pytest

from heirloom.adapters.memory import MemoryObjects
from heirloom.adapters.s3 import S3Objects
from heirloom.core.errors import Conflict, NotFound
from heirloom.core.storage import Location, Objects
from tests.embedded import unique

KEY = "wine/März + 1 (final) 100%.csv"


class Bucket(Protocol):
    """A bucket with versions, and the port that is under test."""

    name: str
    objects: Objects

    def upload(self, key: str, body: bytes, **metadata: str) -> Location: ...
    def listed(self) -> list[str]: ...


class InMemory:
    def __init__(self) -> None:
        self.name, self.objects = "bucket", MemoryObjects()

    def upload(self, key: str, body: bytes, **metadata: str) -> Location:
        return self.objects.put(self.name, key, body, metadata=metadata)

    def listed(self) -> list[str]:
        return list(self.objects.keys(self.name))


class OnS3:
    def __init__(self, client: Any) -> None:
        self.name, self.objects, self._client = unique("objects"), S3Objects(client), client
        client.create_bucket(Bucket=self.name)
        client.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": "Enabled"})

    def upload(self, key: str, body: bytes, **metadata: str) -> Location:
        made = self._client.put_object(Bucket=self.name, Key=key, Body=body, Metadata=metadata)
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


def test_tells_what_the_writer_of_a_version_said_of_it(bucket: Bucket) -> None:
    told = bucket.upload(KEY, b"older", parameters='{"rate": "0.1"}')
    bucket.upload(KEY, b"newer")
    bucket.objects.copy(told, Location(bucket.name, "copy.csv"))

    assert bucket.objects.metadata(told) == {"parameters": '{"rate": "0.1"}'}
    assert bucket.objects.metadata(Location(bucket.name, KEY)) == {}
    assert bucket.objects.metadata(Location(bucket.name, "copy.csv")) == bucket.objects.metadata(told)
    with pytest.raises(NotFound):
        bucket.objects.metadata(Location(bucket.name, "nothing.csv"))


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


def test_describes_the_version_that_is_the_newest_now(bucket: Bucket) -> None:
    older = bucket.upload(KEY, b"older!")
    newer = bucket.upload(KEY, b"newer")

    found = bucket.objects.describe(Location(bucket.name, KEY))

    assert (found.location, found.size) == (newer, 5)
    assert bucket.objects.describe(older).size == 6
    assert bucket.objects.describe(older).etag != found.etag
    with pytest.raises(NotFound):
        bucket.objects.describe(Location(bucket.name, "wine/none.csv"))


def test_reads_a_range_with_both_its_ends(bucket: Bucket) -> None:
    stored = bucket.objects.describe(bucket.upload(KEY, b"0123456789"))

    assert bucket.objects.read_range(stored, 2, 4) == b"234"
    assert bucket.objects.read_range(stored, 9, 9) == b"9"


def test_reads_no_range_of_an_object_that_was_replaced(bucket: Bucket) -> None:
    stored = bucket.objects.describe(bucket.upload(KEY, b"older"))
    bucket.upload(KEY, b"newer")

    assert bucket.objects.read_range(stored, 0, 4) == b"older"
    with pytest.raises(Conflict):
        bucket.objects.read_range(replace(stored, location=Location(bucket.name, KEY)), 0, 4)


@pytest.mark.parametrize(
    "sizes", [[0], [3, 0, 4], [5 * 2**20], [2**20, 6 * 2**20, 0, 5 * 2**20, 9, 2**20, 5 * 2**20, 1]]
)
def test_joins_objects_large_and_small_in_their_order(bucket: Bucket, sizes: list[int]) -> None:
    bodies = [bytes([65 + place]) * size for place, size in enumerate(sizes)]
    pieces = [bucket.objects.describe(bucket.upload(f"{KEY}.{n}", body)) for n, body in enumerate(bodies)]
    target = Location(bucket.name, f"joined/{KEY}")

    bucket.objects.join(pieces, target, "text/csv")

    assert body_of(bucket, target) == b"".join(bodies)


def test_joins_nothing_of_what_is_missing(bucket: Bucket) -> None:
    piece = bucket.objects.describe(bucket.upload(KEY, b"x" * 6 * 2**20))
    missing = replace(piece, location=Location(bucket.name, "wine/none.csv"))

    with pytest.raises(NotFound):
        bucket.objects.join([piece, missing, piece], Location(bucket.name, "joined"), "text/csv")
    assert "joined" not in bucket.listed()
