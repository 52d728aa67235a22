"""Where in the blocks a run is: so that the rows of one that has changed since can be passed over."""

from __future__ import annotations

from collections.abc import Iterable

from heirloom.core.tracking.documents import Documents, Key
from heirloom.core.tracking.index.manifest import Place


def place_key(experiment: str, run: str) -> Key:
    """The key of the document that says so; in 16 partitions, since one takes 1,000 writes a second."""
    return f"places#{experiment}#{run[-1]}", run


def partitions_of_places(experiment: str) -> list[str]:
    """All of them."""
    return [f"places#{experiment}#{digit:x}" for digit in range(16)]


def places_of(experiment: str, runs: Iterable[str], documents: Documents) -> dict[str, list[Place]]:
    """Where these runs are, or have been."""
    found = documents.get_many([place_key(experiment, run) for run in runs])
    return {document.id: [(block, row) for block, row in document.data["at"]] for document in found.values()}
