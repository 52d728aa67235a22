"""Buckets in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import md5

from heirloom.core.errors import Conflict, NotFound
from heirloom.core.storage import Location, Stored


class MemoryObjects:
    """The port Objects; every bucket is versioned. ``hidden`` keys have a delete marker as their newest version."""

    def __init__(self) -> None:
        self._versions: dict[tuple[str, str], dict[str, bytes]] = {}
        self._metadata: dict[tuple[str, str, str], Mapping[str, str]] = {}
        self.hidden: set[tuple[str, str]] = set()

    def put(
        self,
        bucket: str,
        key: str,
        body: bytes,
        version_id: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Location:
        """Upload, and say which version it became."""
        versions = self._versions.setdefault((bucket, key), {})
        version = version_id or f"v{len(versions) + 1}"
        versions[version] = body
        self._metadata[bucket, key, version] = dict(metadata or {})
        self.hidden.discard((bucket, key))
        return Location(bucket, key, version)

    def keys(self, bucket: str) -> tuple[str, ...]:
        """What a listing of the bucket shows."""
        return tuple(sorted(key for name, key in self._versions if name == bucket and (name, key) not in self.hidden))

    def describe(self, location: Location) -> Stored:
        body, versions = self._body(location), self._versions[location.bucket, location.key]
        version = location.version_id or list(versions)[-1]
        return Stored(replace(location, version_id=version), _etag(body), len(body))

    def metadata(self, location: Location) -> Mapping[str, str]:
        version = str(self.describe(location).location.version_id)
        return self._metadata[location.bucket, location.key, version]

    def read(self, location: Location) -> Iterator[bytes]:
        body = self._body(location)
        yield from (body[start : start + 2**20] for start in range(0, len(body), 2**20))

    def read_range(self, stored: Stored, first: int, last: int) -> bytes:
        body = self._body(stored.location)
        if _etag(body) != stored.etag:
            raise Conflict(f"reading {stored.location.uri}: it was replaced")
        return body[first : last + 1]

    def write(self, location: Location, body: bytes, content_type: str) -> None:  # noqa: ARG002 - the port has it
        self.put(location.bucket, location.key, body)

    def copy(self, source: Location, target: Location) -> None:
        self.put(target.bucket, target.key, self._body(source), metadata=self.metadata(source))

    def join(self, pieces: Sequence[Stored], target: Location, content_type: str) -> None:  # noqa: ARG002 - as above
        self.put(target.bucket, target.key, b"".join(self._body(piece.location) for piece in pieces))

    def hide(self, location: Location) -> None:
        versions = self._versions.get((location.bucket, location.key), {})
        if location.version_id in list(versions)[-1:]:
            self.hidden.add((location.bucket, location.key))

    def _body(self, location: Location) -> bytes:
        place = (location.bucket, location.key)
        versions = self._versions.get(place, {})
        newest = list(versions)[-1] if versions and place not in self.hidden else ""
        version = location.version_id or newest
        if version not in versions:
            raise NotFound(f"reading {location.uri}: there is no such object or version")
        return versions[version]


def _etag(body: bytes) -> str:
    """As S3 makes it of what was written at once."""
    return f'"{md5(body, usedforsecurity=False).hexdigest()}"'
