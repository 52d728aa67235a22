"""What is in a folder, as MLflow tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from heirloom.core.tracking.artifacts import path as paths
from heirloom.core.tracking.artifacts.port import Artifacts, Entry, Listing
from heirloom.core.tracking.tracking import Answer

MOST = 10_000
"""Entries of an answer: about 1 MB, and ten requests of S3. Those who ask for more get the rest page by page."""


def gathered(folder: str, artifacts: Artifacts, most: int = MOST, after: str = "") -> Listing:
    """What is in a folder: all of it, or so much that it is ``most`` entries at least."""
    entries: list[Entry] = []
    while True:
        found = artifacts.listing(folder, after)
        entries.extend(found.entries)
        after = found.following
        if not after or len(entries) >= most:
            return Listing(entries, after)


def told(entries: Sequence[Entry], folder: str = "") -> list[dict[str, Any]]:
    """In the order of their paths, each as one that stands in ``folder``."""
    return [_told(entry, folder) for entry in sorted(entries, key=lambda entry: entry.name)]


def answer(uri: str, folder: str, after: str, artifacts: Artifacts) -> Answer:
    """What is in a folder below an artifact URI. Raises Invalid for what is not below the root."""
    found = gathered(paths.joined(paths.below(uri, artifacts.uri), folder), artifacts, after=after)
    files = told(found.entries, folder)
    return {
        "root_uri": uri,
        **({"files": files} if files else {}),
        **({"next_page_token": found.following} if found.following else {}),
    }


def _told(entry: Entry, folder: str) -> dict[str, Any]:
    size = {"file_size": entry.size} if entry.size is not None else {}
    return {"path": paths.joined(folder, entry.name), "is_dir": entry.size is None, **size}
