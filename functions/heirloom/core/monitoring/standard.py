"""What a version is held to: what its project promises, how good it was at its test, and what it was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from heirloom.core.drift.histogram import Profile
from heirloom.core.lineage.graph import Document, Lineage, version_id
from heirloom.core.monitoring.accuracy import Reference
from heirloom.core.project.definition import Project
from heirloom.core.release.route import BASELINE


class Projects(Protocol):
    """Knows the deployed projects; they may be a minute old."""

    def get(self, model: str) -> Project | None:
        """The project of this name if it is deployed."""


class TrainingProfiles(Protocol):
    """Knows on what versions were trained."""

    def get(self, model: str, version: int) -> Profile | None:
        """The version's training profile; None for the baseline, which was not trained."""


@dataclass(frozen=True)
class Standard:
    """``reference`` is the version's own test accuracy, None where nobody has scored it."""

    project: Project
    reference: Reference | None
    profile: Profile | None


class Standards:
    """The standard of each version."""

    def __init__(self, projects: Projects, profiles: TrainingProfiles, lineage: Lineage) -> None:
        self._projects = projects
        self._profiles = profiles
        self._lineage = lineage
        self._references: dict[tuple[str, int], Reference | None] = {}

    def of(self, model: str, version: int) -> Standard | None:
        """None for a model whose project is not deployed. Raises Denied, Unavailable."""
        project = self._projects.get(model)
        if project is None:
            return None
        return Standard(project, self._reference(model, version), self._profiles.get(model, version))

    def _reference(self, model: str, version: int) -> Reference | None:
        """What a version scored is known for good; the baseline was scored again beside the newest version."""
        if version == BASELINE:
            return reference_of(version, self._newest(model))
        if (model, version) not in self._references:
            self._references[model, version] = reference_of(version, self._node(model, version))
        return self._references[model, version]

    def _newest(self, model: str) -> Document | None:
        entries = self._lineage.versions(model, 1).entries
        return self._node(model, int(entries[0].summary["number"])) if entries else None

    def _node(self, model: str, version: int) -> Document | None:
        node = self._lineage.node("version", version_id(model, version))
        return node.data if node else None


def reference_of(version: int, scored: Document | None) -> Reference | None:
    """The test accuracy in a version's node; for the baseline, that of the rows on which both were scored."""
    scores = scored.get("scores") if scored else None
    if not scores:
        return None
    accuracy = scores["baseline" if version == BASELINE else "test"].get("accuracy")
    return None if accuracy is None else Reference(accuracy, scores["test_rows"])
