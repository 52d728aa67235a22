"""Artifacts in memory; what a link of theirs leads to, ``follow`` and ``send`` say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import md5
from itertools import count

from heirloom.core.errors import Invalid, NotFound
from heirloom.core.tracking.artifacts.path import joined
from heirloom.core.tracking.artifacts.port import Entry, Listing, Part

Upload = tuple[str, dict[int, bytes]]


class MemoryArtifacts:
    """The port Artifacts; ``files`` and their ``types`` by path, ``uploads`` that are under way by id."""

    def __init__(self, uri: str = "s3://artifacts/root", page: int = 1000) -> None:
        self.uri, self._page, self._ids = uri, page, count(1)
        self.files: dict[str, bytes] = {}
        self.types: dict[str, str] = {}
        self.uploads: dict[str, Upload] = {}
        self._begun: dict[str, str] = {}
        self._links: dict[str, tuple[str, Sequence[str]]] = {}
        self._parts: dict[str, tuple[str, int]] = {}

    def listing(self, folder: str, after: str = "") -> Listing:
        entries = self._entries(folder)
        if after and after not in entries:
            raise Invalid(f"listing {joined(self.uri, folder)}: no such token: {after}")
        left = [name for name in sorted(entries) if name > after]
        shown = [entries[name] for name in left[: self._page]]
        return Listing(shown, left[self._page - 1] if len(left) > self._page else "")

    def read(self, path: str, most: int) -> bytes | None:
        body = self._body(path)
        return body if len(body) <= most else None

    def size(self, path: str) -> int:
        return len(self._body(path))

    def write(self, path: str, body: bytes, content_type: str) -> None:
        self.files[path], self.types[path] = body, content_type

    def delete(self, path: str) -> None:
        for each in [each for each in self.files if f"{each}/".startswith(f"{path}/")]:
            del self.files[each], self.types[each]

    def link(self, path: str, seconds: int, headers: Sequence[str]) -> str:
        link = f"memory://read/{next(self._ids)}?seconds={seconds}"
        self._links[link] = path, headers
        return link

    def begin(self, path: str, content_type: str) -> str:
        upload = f"upload-{next(self._ids)}"
        self.uploads[upload], self._begun[upload] = (path, {}), content_type
        return upload

    def part_links(self, path: str, upload: str, count: int, seconds: int) -> list[str]:  # noqa: ARG002 - the port has it
        links = [f"memory://write/{upload}/{number}?seconds={seconds}" for number in range(1, count + 1)]
        self._parts |= {link: (upload, number) for number, link in enumerate(links, start=1)}
        return links

    def complete(self, path: str, upload: str, parts: Sequence[Part]) -> None:
        begun, arrived = self.uploads.get(upload, ("", {}))
        if begun != path:
            raise NotFound(f"completing {joined(self.uri, path)}: no such upload: {upload}")
        if any(_etag(arrived[part.number]) != part.etag if part.number in arrived else True for part in parts):
            raise Invalid(f"completing {joined(self.uri, path)}: a part is missing, or another one arrived")
        self.write(path, b"".join(arrived[part.number] for part in parts), self._begun[upload])
        del self.uploads[upload]

    def abort(self, path: str, upload: str) -> None:  # noqa: ARG002 - as above
        self.uploads.pop(upload, None)

    def follow(self, link: str) -> tuple[bytes, Mapping[str, str]]:
        """What somebody who reads there gets: the body and its headers."""
        path, (content_type, disposition) = self._links[link]
        return self._body(path), {"Content-Type": content_type, "Content-Disposition": disposition}

    def send(self, link: str, body: bytes) -> str:
        """What somebody who PUTs a part there gets: its ETag."""
        upload, number = self._parts[link]
        self.uploads[upload][1][number] = body
        return _etag(body)

    def _entries(self, folder: str) -> dict[str, Entry]:
        beginning, entries = f"{folder}/" if folder else "", {}
        for path, body in self.files.items():
            if path.startswith(beginning):
                name, slash, _ = path[len(beginning) :].partition("/")
                entries[name + slash] = Entry(name) if slash else Entry(name, len(body))
        return entries

    def _body(self, path: str) -> bytes:
        if path not in self.files:
            raise NotFound(f"reading {joined(self.uri, path)}: there is no such file")
        return self.files[path]


def _etag(body: bytes) -> str:
    """As S3 makes it of what was sent at once."""
    return f'"{md5(body, usedforsecurity=False).hexdigest()}"'
