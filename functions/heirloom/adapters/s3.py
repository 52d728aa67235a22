"""Objects on S3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from heirloom.adapters.aws import translated
from heirloom.core.errors import NotFound
from heirloom.core.storage import Location

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHUNK = 2**20


class S3Objects:
    """The port Objects."""

    def __init__(self, client: S3Client) -> None:
        self._client = client

    def read(self, location: Location) -> Iterator[bytes]:
        with translated(f"reading {location.uri}"):
            body = self._client.get_object(**_named(location))["Body"]
            yield from body.iter_chunks(_CHUNK)

    def write(self, location: Location, body: bytes, content_type: str) -> None:
        with translated(f"writing {location.uri}"):
            self._client.put_object(Bucket=location.bucket, Key=location.key, Body=body, ContentType=content_type)

    def copy(self, source: Location, target: Location) -> None:
        """Without the source's tags: to read and write those takes rights of their own."""
        with translated(f"copying {source.uri} to {target.uri}"):
            self._client.copy_object(
                Bucket=target.bucket, Key=target.key, CopySource=_named(source), TaggingDirective="REPLACE"
            )

    def hide(self, location: Location) -> None:
        """A newer upload under the same key is looked for first, and not hidden; not found is hidden already."""
        try:
            with translated(f"hiding {location.uri}"):
                newest = self._client.head_object(Bucket=location.bucket, Key=location.key)
                if newest.get("VersionId") == location.version_id:
                    self._client.delete_object(Bucket=location.bucket, Key=location.key)
        except NotFound:
            return


def _named(location: Location) -> Any:
    version = {"VersionId": location.version_id} if location.version_id else {}
    return {"Bucket": location.bucket, "Key": location.key, **version}
