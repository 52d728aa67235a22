"""The port to where artifacts are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Entry:
    """What is in a folder: a file of so many bytes, or a folder where ``size`` is None."""

    name: str
    size: int | None = None


@dataclass(frozen=True)
class Listing:
    """A part of what is in a folder; ``following`` asks for the next part, empty after the last one."""

    entries: Sequence[Entry]
    following: str = ""


@dataclass(frozen=True)
class Part:
    """A part of an upload that has arrived; ``number`` counts from 1, ``etag`` is what S3 answered to it."""

    number: int
    etag: str


class Artifacts(Protocol):
    """Files below one root. Paths are relative to it and safe (path.py). Each method raises Denied or Unavailable.

    A link can be used by who has it, without credentials, for so many seconds.
    """

    @property
    def uri(self) -> str:
        """The root: s3://bucket/prefix, without a slash at its end."""

    def listing(self, folder: str, after: str = "") -> Listing:
        """What is in a folder, not in those below; nothing where there is none. Raises Invalid for a bad ``after``."""

    def read(self, path: str, most: int) -> bytes | None:
        """The file; None where it has more than ``most`` bytes. Raises NotFound."""

    def size(self, path: str) -> int:
        """The file's bytes. Raises NotFound."""

    def write(self, path: str, body: bytes, content_type: str) -> None:
        """Create or replace a file."""

    def delete(self, path: str) -> None:
        """Delete a file, or a folder with all that is in it; nothing where there is none."""

    def link(self, path: str, seconds: int, headers: Sequence[str]) -> str:
        """Where the file can be read; ``headers`` are the content type and the disposition that come with it."""

    def begin(self, path: str, content_type: str) -> str:
        """Begin to upload a file in parts: the id of the upload."""

    def part_links(self, path: str, upload: str, count: int, seconds: int) -> list[str]:
        """Where each part is to be PUT, from the first one on."""

    def complete(self, path: str, upload: str, parts: Sequence[Part]) -> None:
        """Make a file of the parts, which come in their order. Raises NotFound for the upload, Invalid for a part."""

    def abort(self, path: str, upload: str) -> None:
        """Forget an upload and its parts; nothing where there is none."""
