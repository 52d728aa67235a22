"""Objects in buckets: the port to S3 that uploads, datasets and evidence share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Location:
    """An object, or one version of it; without ``version_id`` the newest is meant."""

    bucket: str
    key: str
    version_id: str | None = None

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @classmethod
    def from_uri(cls, uri: str) -> Location:
        """The location of ``s3://bucket/key``; a key may hold any character."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return cls(bucket, key)


@dataclass(frozen=True)
class Stored:
    """An object as it is stored; ``etag`` changes with its content, ``size`` in bytes."""

    location: Location
    etag: str
    size: int


class Objects(Protocol):
    """Reads and writes objects. Each method raises NotFound, Denied or Unavailable."""

    def describe(self, location: Location) -> Stored:
        """The object without its bytes; where the bucket keeps versions, the version that it is now."""

    def metadata(self, location: Location) -> Mapping[str, str]:
        """What the object's writer said of it, by names in lower case: user-defined metadata in S3's user guide."""

    def read(self, location: Location) -> Iterable[bytes]:
        """The object's bytes in chunks of at most 1 MiB: an object may be larger than the memory."""

    def read_range(self, stored: Stored, first: int, last: int) -> bytes:
        """The bytes from ``first`` to ``last``, both included. Raises Conflict when the object was replaced since."""

    def write(self, location: Location, body: bytes, content_type: str) -> None:
        """Create or replace an object."""

    def copy(self, source: Location, target: Location) -> None:
        """Copy inside the storage, without the bytes coming here. At most 5 GiB: CopyObject in S3's API reference."""

    def hide(self, location: Location) -> None:
        """Put a delete marker on the key if this version is still its newest; the version itself stays."""

    def join(self, pieces: Sequence[Stored], target: Location, content_type: str) -> None:
        """Create or replace ``target`` with the pieces one after another; large ones never leave the storage.

        At most 10,000 pieces of 5 MiB or more: "Multipart upload limits" in S3's user guide.
        """
