"""The training profiles of the versions that answer, as register_version left them in the artifact bucket."""

from __future__ import annotations

import json

from heirloom.core.drift.histogram import Profile
from heirloom.core.errors import Invalid, NotFound
from heirloom.core.lineage.graph import Lineage, version_id
from heirloom.core.storage import Location, Objects

MOST_KEPT = 8
"""A model has few versions at work, and a profile may take megabytes."""


class Profiles:
    """A version's profile never changes, so it is read once a process; of many, those asked for last are kept."""

    def __init__(self, lineage: Lineage, objects: Objects) -> None:
        self._lineage = lineage
        self._objects = objects
        self._kept: dict[tuple[str, int], Profile | None] = {}

    def get(self, model: str, version: int) -> Profile | None:
        """None for version 0, which nobody trained, and for a version without a profile that can be used.

        Raises Denied or Unavailable.
        """
        if version == 0:
            return None
        key = (model, version)
        found = self._kept.pop(key) if key in self._kept else self._read(model, version)
        self._kept[key] = found
        if len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        return found

    def _read(self, model: str, version: int) -> Profile | None:
        node = self._lineage.node("version", version_id(model, version))
        if node is None:
            return None
        location = Location.from_uri(f"{node.data['evidence_uri']}profile.json")
        try:
            return Profile.from_document(json.loads(b"".join(self._objects.read(location))))
        except (NotFound, Invalid, ValueError):
            return None
