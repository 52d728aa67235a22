"""Artifacts on S3, below a prefix of a bucket.

Uploads that are begun and never ended are paid for: the bucket needs a lifecycle rule that aborts them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from heirloom.adapters.aws import translated
from heirloom.core.errors import Denied, Invalid, NotFound, Unavailable
from heirloom.core.storage import Location
from heirloom.core.tracking.artifacts.path import joined
from heirloom.core.tracking.artifacts.port import Entry, Listing, Part

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Links are signed as of old where nothing is said, which buckets with keys of KMS and newer regions refuse:
# https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
SIGNING = Config(signature_version="s3v4")
PAGE = 1000
"""Of what is listed or deleted at once: the most that S3 takes."""
_LIMITS = Config(connect_timeout=3, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 4})


def client() -> S3Client:
    """A client whose links S3 takes everywhere."""
    return boto3.client("s3", config=_LIMITS.merge(SIGNING))


class S3Artifacts:
    """The port Artifacts; ``uri`` is s3://bucket or s3://bucket/prefix, the client as ``client()`` makes it."""

    def __init__(self, client: S3Client, uri: str, page: int = PAGE) -> None:
        self._client, self._uri, self._page = client, uri.rstrip("/"), page
        root = Location.from_uri(self._uri)
        self._bucket, self._prefix = root.bucket, root.key

    @property
    def uri(self) -> str:
        return self._uri

    def listing(self, folder: str, after: str = "") -> Listing:
        prefix = self._beginning(folder)
        further: Any = {"ContinuationToken": after} if after else {}
        with translated(f"listing {self._named(folder)}"):
            found = self._client.list_objects_v2(
                Bucket=self._bucket, Prefix=prefix, Delimiter="/", MaxKeys=self._page, **further
            )
        files = [Entry(each["Key"][len(prefix) :], each["Size"]) for each in found.get("Contents", [])]
        folders = [Entry(each["Prefix"][len(prefix) : -1]) for each in found.get("CommonPrefixes", [])]
        # A name is empty where a key ends with a slash: the S3 console makes such objects for folders.
        named = [entry for entry in (*folders, *files) if entry.name]
        return Listing(named, found.get("NextContinuationToken", ""))

    def read(self, path: str, most: int) -> bytes | None:
        with translated(f"reading {self._named(path)}"):
            found = self._client.get_object(Bucket=self._bucket, Key=self._key(path))
            if found["ContentLength"] > most:
                found["Body"].close()
                return None
            return found["Body"].read()

    def size(self, path: str) -> int:
        with translated(f"looking for {self._named(path)}"):
            return self._client.head_object(Bucket=self._bucket, Key=self._key(path))["ContentLength"]

    def write(self, path: str, body: bytes, content_type: str) -> None:
        with translated(f"writing {self._named(path)}"):
            self._client.put_object(Bucket=self._bucket, Key=self._key(path), Body=body, ContentType=content_type)

    def delete(self, path: str) -> None:
        """As often as there is something left: S3 lists and deletes a thousand at once."""
        with translated(f"deleting {self._named(path)}"):
            self._client.delete_object(Bucket=self._bucket, Key=self._key(path))
            while keys := self._keys(path):
                self._delete(path, keys)

    def link(self, path: str, seconds: int, headers: Sequence[str]) -> str:
        content_type, disposition = headers
        return self._link(
            "get_object", path, seconds, ResponseContentType=content_type, ResponseContentDisposition=disposition
        )

    def begin(self, path: str, content_type: str) -> str:
        with translated(f"beginning to upload {self._named(path)}"):
            return self._client.create_multipart_upload(
                Bucket=self._bucket, Key=self._key(path), ContentType=content_type
            )["UploadId"]

    def part_links(self, path: str, upload: str, count: int, seconds: int) -> list[str]:
        return [
            self._link("upload_part", path, seconds, UploadId=upload, PartNumber=number)
            for number in range(1, count + 1)
        ]

    def complete(self, path: str, upload: str, parts: Sequence[Part]) -> None:
        made: Any = {"Parts": [{"PartNumber": part.number, "ETag": part.etag} for part in parts]}
        refusals: Any = {"NoSuchUpload": NotFound, "InvalidPart": Invalid, "InvalidPartOrder": Invalid}
        with translated(f"completing {self._named(path)}", **refusals):
            self._client.complete_multipart_upload(
                Bucket=self._bucket, Key=self._key(path), UploadId=upload, MultipartUpload=made
            )

    def abort(self, path: str, upload: str) -> None:
        try:
            with translated(f"aborting {self._named(path)}", NoSuchUpload=NotFound):
                self._client.abort_multipart_upload(Bucket=self._bucket, Key=self._key(path), UploadId=upload)
        except NotFound:
            return

    def _link(self, operation: str, path: str, seconds: int, **asked: Any) -> str:
        named = {"Bucket": self._bucket, "Key": self._key(path), **asked}
        with translated(f"signing a link to {self._named(path)}"):
            return self._client.generate_presigned_url(operation, Params=named, ExpiresIn=seconds)

    def _keys(self, folder: str) -> list[str]:
        found = self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._beginning(folder), MaxKeys=self._page)
        return [each["Key"] for each in found.get("Contents", [])]

    def _delete(self, folder: str, keys: Iterable[str]) -> None:
        """What S3 did not delete it tells in an answer that is no error."""
        gone: Any = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
        left = self._client.delete_objects(Bucket=self._bucket, Delete=gone).get("Errors", [])
        for each in left:
            kind = Denied if each.get("Code") == "AccessDenied" else Unavailable
            raise kind(f"deleting {self._named(folder)}: {each.get('Key')}: {each.get('Message')}")

    def _key(self, path: str) -> str:
        return joined(self._prefix, path)

    def _beginning(self, folder: str) -> str:
        """Of the keys below a folder."""
        key = self._key(folder)
        return f"{key}/" if key else ""

    def _named(self, path: str) -> str:
        return joined(self._uri, path)
