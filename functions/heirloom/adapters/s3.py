"""Objects on S3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from heirloom.adapters.aws import translated
from heirloom.core.errors import NotFound
from heirloom.core.storage import Location, Stored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHUNK = 2**20
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html: all parts of a multipart upload but the last.
_LEAST_PART = 5 * 2**20
_AT_ONCE = 8


class S3Objects:
    """The port Objects."""

    def __init__(self, client: S3Client) -> None:
        self._client = client

    def describe(self, location: Location) -> Stored:
        with translated(f"looking for {location.uri}"):
            head = self._client.head_object(**_named(location))
        found = replace(location, version_id=head.get("VersionId") or location.version_id)
        return Stored(found, head["ETag"], head["ContentLength"])

    def metadata(self, location: Location) -> Mapping[str, str]:
        with translated(f"looking for {location.uri}"):
            return self._client.head_object(**_named(location))["Metadata"]

    def read(self, location: Location) -> Iterator[bytes]:
        with translated(f"reading {location.uri}"):
            body = self._client.get_object(**_named(location))["Body"]
            yield from body.iter_chunks(_CHUNK)

    def read_range(self, stored: Stored, first: int, last: int) -> bytes:
        """S3 answers 412 to an ETag that is no longer the object's."""
        with translated(f"reading {stored.location.uri}"):
            asked = {**_named(stored.location), "IfMatch": stored.etag, "Range": f"bytes={first}-{last}"}
            return self._client.get_object(**asked)["Body"].read()

    def write(self, location: Location, body: bytes, content_type: str) -> None:
        with translated(f"writing {location.uri}"):
            self._client.put_object(Bucket=location.bucket, Key=location.key, Body=body, ContentType=content_type)

    def copy(self, source: Location, target: Location) -> None:
        """Without the source's tags: to read and write those takes rights of their own."""
        with translated(f"copying {source.uri} to {target.uri}"):
            self._client.copy_object(
                Bucket=target.bucket, Key=target.key, CopySource=_named(source), TaggingDirective="REPLACE"
            )

    def join(self, pieces: Sequence[Stored], target: Location, content_type: str) -> None:
        groups = grouped(pieces)
        if len(groups) < 2:
            self.write(target, self._together(pieces), content_type)
            return
        with translated(f"joining {target.uri}"):
            made = self._client.create_multipart_upload(Bucket=target.bucket, Key=target.key, ContentType=content_type)
            upload: Any = {"Bucket": target.bucket, "Key": target.key, "UploadId": made["UploadId"]}
            try:
                with ThreadPoolExecutor(_AT_ONCE) as pool:
                    tags = list(pool.map(lambda part: self._send(upload, *part), enumerate(groups, start=1)))
                parts: Any = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, start=1)]
                self._client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
            except BaseException:  # a time-out as well: parts that are left behind are paid for
                self._client.abort_multipart_upload(**upload)
                raise

    def _send(self, upload: Any, number: int, group: Sequence[Stored]) -> str:
        """One part of a multipart upload: copied inside S3 where it is one piece, else sent. Its ETag."""
        if len(group) == 1 and group[0].size >= _LEAST_PART:
            source: Any = _named(group[0].location)
            copied = self._client.upload_part_copy(**upload, PartNumber=number, CopySource=source)
            return copied["CopyPartResult"]["ETag"]
        return self._client.upload_part(**upload, PartNumber=number, Body=self._together(group))["ETag"]

    def _together(self, pieces: Sequence[Stored]) -> bytes:
        return b"".join(chunk for piece in pieces for chunk in self.read(piece.location))

    def hide(self, location: Location) -> None:
        """A newer upload under the same key is looked for first, and not hidden; not found is hidden already."""
        try:
            with translated(f"hiding {location.uri}"):
                newest = self._client.head_object(Bucket=location.bucket, Key=location.key)
                if newest.get("VersionId") == location.version_id:
                    self._client.delete_object(Bucket=location.bucket, Key=location.key)
        except NotFound:
            return


def grouped(pieces: Sequence[Stored]) -> list[list[Stored]]:
    """The pieces in groups that S3 takes as parts: each of 5 MiB at least, but the last one. Empty pieces go."""
    groups: list[list[Stored]] = [[]]
    for piece in pieces:
        if piece.size and sum(each.size for each in groups[-1]) >= _LEAST_PART:
            groups.append([])
        if piece.size:
            groups[-1].append(piece)
    return groups


def _named(location: Location) -> Any:
    version = {"VersionId": location.version_id} if location.version_id else {}
    return {"Bucket": location.bucket, "Key": location.key, **version}
