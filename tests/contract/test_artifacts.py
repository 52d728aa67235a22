"""The port Artifacts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import boto3
import pytest
import requests

from heirloom.adapters import artifacts as adapter
from heirloom.adapters.artifacts import SIGNING, S3Artifacts
from heirloom.adapters.memory.artifacts import MemoryArtifacts
from heirloom.core.errors import Denied, HeirloomError, Invalid, NotFound, Unavailable
from heirloom.core.tracking.artifacts.port import Artifacts, Entry, Listing, Part
from local.connection import Connection, direct, session
from tests.embedded import unique

FILE = "0/März + 1 (final) 100%.csv"
TEXT = ("text/plain", "attachment; filename=a.txt")
PART = 5 * 2**20


class Store(Protocol):
    """The port under test, one that tells two entries at once, and what people do with links."""

    artifacts: Artifacts
    by_twos: Artifacts

    def follow(self, link: str) -> tuple[bytes, Mapping[str, str]]: ...
    def send(self, link: str, body: bytes) -> str: ...


class InMemory:
    def __init__(self) -> None:
        self._memory = MemoryArtifacts()
        self._two = MemoryArtifacts(page=2)
        self._two.files, self._two.types = self._memory.files, self._memory.types
        self.artifacts: Artifacts = self._memory
        self.by_twos: Artifacts = self._two

    def follow(self, link: str) -> tuple[bytes, Mapping[str, str]]:
        return self._memory.follow(link)

    def send(self, link: str, body: bytes) -> str:
        return self._memory.send(link, body)


class OnS3:
    """Beside the root there are files whose keys begin as it does."""

    def __init__(self, client: Any) -> None:
        bucket = unique("artifacts")
        client.create_bucket(Bucket=bucket)
        client.put_object(Bucket=bucket, Key="roots/0/other.txt", Body=b"other")
        self.artifacts: Artifacts = S3Artifacts(client, f"s3://{bucket}/root")
        self.by_twos: Artifacts = S3Artifacts(client, f"s3://{bucket}/root", page=2)

    def follow(self, link: str) -> tuple[bytes, Mapping[str, str]]:
        found = requests.get(link, timeout=10)
        found.raise_for_status()
        return found.content, found.headers

    def send(self, link: str, body: bytes) -> str:
        sent = requests.put(link, data=body, timeout=10)
        sent.raise_for_status()
        return sent.headers["ETag"]


def s3(aws: Connection) -> Any:
    return session(aws).client("s3", endpoint_url=aws.endpoint_url, config=direct().merge(SIGNING))


@pytest.fixture(params=["memory", "aws"])
def store(request: pytest.FixtureRequest) -> Store:
    return InMemory() if request.param == "memory" else OnS3(s3(request.getfixturevalue("aws")))


@pytest.fixture
def artifacts(store: Store) -> Artifacts:
    return store.artifacts


def put(artifacts: Artifacts, *paths: str) -> None:
    for path in paths:
        artifacts.write(path, path.encode(), "text/plain")


def entries(listing: Listing) -> list[Entry]:
    return sorted(listing.entries, key=lambda entry: (entry.name, entry.size or 0))


def everything(artifacts: Artifacts) -> list[str]:
    return [entry.name for entry in entries(artifacts.listing("0"))]


def test_names_its_root(artifacts: Artifacts) -> None:
    assert artifacts.uri.startswith("s3://")
    assert not artifacts.uri.endswith("/")


def test_lists_the_files_and_folders_of_a_folder_and_not_what_is_below_these(artifacts: Artifacts) -> None:
    put(artifacts, "0/a.txt", "0/deep", "0/deep/er/b.txt", "0/deep/c.txt", "01/d.txt", FILE)

    listing = artifacts.listing("0")

    assert entries(listing) == [
        Entry("März + 1 (final) 100%.csv", len(FILE.encode())),
        Entry("a.txt", 7),
        Entry("deep"),
        Entry("deep", 6),
    ]
    assert not listing.following
    assert entries(artifacts.listing("0/deep")) == [Entry("c.txt", 12), Entry("er")]
    assert entries(artifacts.listing("")) == [Entry("0"), Entry("01")]


def test_lists_nothing_of_a_file_or_where_nothing_is(artifacts: Artifacts) -> None:
    put(artifacts, "0/a.txt")

    assert artifacts.listing("0/a.txt") == Listing([])
    assert artifacts.listing("1") == Listing([])


def test_lists_a_large_folder_part_by_part(store: Store) -> None:
    put(store.artifacts, "0/a/1", "0/a/2", "0/b", "0/c/1", "0/d", "0/e")

    found, after, parts = [], "", 0
    while parts == 0 or after:
        listing = store.by_twos.listing("0", after)
        found, after, parts = [*found, *listing.entries], listing.following, parts + 1

    assert sorted(entry.name for entry in found) == ["a", "b", "c", "d", "e"]
    assert parts == 3


def test_writes_and_reads_files(artifacts: Artifacts) -> None:
    artifacts.write(FILE, b"before", "text/csv")
    artifacts.write(FILE, b"after!!", "text/csv")
    artifacts.write("0/empty", b"", "text/plain")

    assert artifacts.read(FILE, most=7) == b"after!!"
    assert artifacts.read(FILE, most=6) is None
    assert artifacts.size(FILE) == 7
    assert artifacts.read("0/empty", most=0) == b""


def test_says_so_when_there_is_no_such_file(artifacts: Artifacts) -> None:
    put(artifacts, "0/folder/a.txt")

    for path in ("0/folder", "0/none"):
        with pytest.raises(NotFound):
            artifacts.read(path, most=100)
        with pytest.raises(NotFound):
            artifacts.size(path)


def test_deletes_a_file_or_a_folder_and_nothing_beside_it(store: Store) -> None:
    put(store.artifacts, *(f"0/folder/{n}/{n}" for n in range(5)), "0/folder", "0/folders/a", "0/folder.txt", FILE)

    store.by_twos.delete("0/folder")
    store.artifacts.delete(FILE)
    store.artifacts.delete("0/none")

    assert everything(store.artifacts) == ["folder.txt", "folders"]


def test_links_to_a_file_with_the_headers_that_are_wanted(store: Store) -> None:
    store.artifacts.write(FILE, b"a body", "text/html")

    body, headers = store.follow(store.artifacts.link(FILE, 60, TEXT))

    assert body == b"a body"
    assert (headers["Content-Type"], headers["Content-Disposition"]) == TEXT


def test_makes_a_file_of_the_parts_that_were_sent_to_links(store: Store) -> None:
    upload = store.artifacts.begin(FILE, "text/csv")
    links = store.artifacts.part_links(FILE, upload, 2, 60)
    second = store.send(links[1], b"b")
    first = store.send(links[0], b"a" * PART)

    assert everything(store.artifacts) == []
    store.artifacts.complete(FILE, upload, [Part(1, first), Part(2, second)])

    assert store.artifacts.size(FILE) == PART + 1
    assert store.artifacts.read(FILE, PART + 1) == b"a" * PART + b"b"


def test_makes_no_file_of_parts_that_did_not_arrive(store: Store) -> None:
    upload = store.artifacts.begin(FILE, "text/csv")
    store.send(store.artifacts.part_links(FILE, upload, 1, 60)[0], b"a")

    with pytest.raises(Invalid):
        store.artifacts.complete(FILE, upload, [Part(2, '"d41d8cd98f00b204e9800998ecf8427e"')])
    with pytest.raises(NotFound):
        store.artifacts.complete(FILE, "none", [Part(1, '"d41d8cd98f00b204e9800998ecf8427e"')])
    assert everything(store.artifacts) == []


def test_forgets_an_upload_that_is_aborted(store: Store) -> None:
    upload = store.artifacts.begin(FILE, "text/csv")
    etag = store.send(store.artifacts.part_links(FILE, upload, 1, 60)[0], b"a")

    store.artifacts.abort(FILE, upload)
    store.artifacts.abort(FILE, upload)

    with pytest.raises(NotFound):
        store.artifacts.complete(FILE, upload, [Part(1, etag)])
    assert everything(store.artifacts) == []


def test_refuses_to_go_on_with_a_list_that_it_did_not_begin() -> None:
    with pytest.raises(Invalid):
        MemoryArtifacts().listing("0", "none")


def test_does_not_tell_the_objects_that_stand_for_folders_in_the_console(aws: Connection) -> None:
    client, bucket = s3(aws), unique("artifacts")
    client.create_bucket(Bucket=bucket)
    for key in ("0/", "0/a.txt"):
        client.put_object(Bucket=bucket, Key=key, Body=b"")

    of_the_bucket = S3Artifacts(client, f"s3://{bucket}/")

    assert entries(of_the_bucket.listing("0")) == [Entry("a.txt", 0)]
    assert entries(of_the_bucket.listing("")) == [Entry("0")]
    of_the_bucket.delete("0")
    assert entries(of_the_bucket.listing("")) == []


@pytest.mark.parametrize(("code", "kind"), [("AccessDenied", Denied), ("InternalError", Unavailable)])
def test_says_so_when_something_is_left_of_a_folder(code: str, kind: type[HeirloomError]) -> None:
    class Client:
        """S3 that deletes nothing, and says so in an answer that is no error."""

        def delete_object(self, **asked: Any) -> None: ...

        def list_objects_v2(self, **asked: Any) -> Any:
            return {"Contents": [{"Key": "root/0/a"}]}

        def delete_objects(self, **asked: Any) -> Any:
            return {"Errors": [{"Key": "root/0/a", "Code": code, "Message": "no"}]}

    client: Any = Client()

    with pytest.raises(kind, match="deleting s3://bucket/root/0: root/0/a: no"):
        S3Artifacts(client, "s3://bucket/root").delete("0")


def test_signs_links_as_every_bucket_takes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the default client, links to buckets in older regions are signed with Signature Version 2."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    on_s3 = S3Artifacts(adapter.client(), "s3://bucket/root")

    links = [on_s3.link(FILE, 60, TEXT), *on_s3.part_links(FILE, "upload", 2, 60)]

    assert all("X-Amz-Algorithm=AWS4-HMAC-SHA256" in link and "X-Amz-SignedHeaders=host&" in link for link in links)
