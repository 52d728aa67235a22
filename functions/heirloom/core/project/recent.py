"""The deployed projects, for who needs one at every request."""

from __future__ import annotations

from collections.abc import Callable

from heirloom.core.lineage.graph import Lineage
from heirloom.core.project.definition import Project
from heirloom.core.project.registration import Registration


class RecentProjects:
    """An answer is kept for ``seconds`` of ``monotonic`` time: so long may a deploy go unnoticed. What is not there is
    not kept."""

    def __init__(self, lineage: Lineage, seconds: float, monotonic: Callable[[], float]) -> None:
        self._lineage = lineage
        self._seconds = seconds
        self._monotonic = monotonic
        self._kept: dict[str, tuple[float, Project]] = {}

    def get(self, model: str) -> Project | None:
        """The project as it was deployed a moment ago, also after it was removed. Raises Denied or Unavailable."""
        now = self._monotonic()
        read, project = self._kept.get(model, (-self._seconds, None))
        if project is not None and now - read < self._seconds:
            return project
        node = self._lineage.node("project", model)
        if node is None:
            return None
        found = Registration.from_document(node.data).project
        self._kept[model] = (now, found)
        return found
