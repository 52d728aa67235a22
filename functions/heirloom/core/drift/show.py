"""The drift of one version on one day, for people: `heirloom drift show`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import Any, Protocol

from heirloom.core.drift.histogram import Counts, Profile
from heirloom.core.drift.report import report
from heirloom.core.errors import NotFound
from heirloom.core.lineage.graph import Lineage, version_id
from heirloom.core.monitoring.watch import Subject
from heirloom.core.project.definition import Drift
from heirloom.core.project.registration import registered
from heirloom.core.release.route import Routes

MOST_UPLOADS = 20


class DriftHours(Protocol):
    """Knows what was counted; Watches does (core/monitoring/watch.py). Raises Denied or Unavailable."""

    def hours(self, subject: Subject, beginning: str) -> Mapping[str, Counts]:
        """The counts of the hours whose names begin so: of 2026-11-28 those of that day."""


class TrainingProfiles(Protocol):
    """Knows the training profiles; Profiles does (profiles.py). Raises Denied or Unavailable."""

    def get(self, model: str, version: int) -> Profile | None:
        """None for a version without one."""


def show_drift(  # noqa: PLR0913 - what is asked for, and the ports
    model: str,
    version: int | None,
    day: str,
    at: str,
    *,
    routes: Routes,
    lineage: Lineage,
    profiles: TrainingProfiles,
    watches: DriftHours,
) -> dict[str, Any]:
    """The report (report.py) of a day such as 2026-11-28, in UTC; without ``version`` of the champion.

    Raises NotFound where there is no such model, or no training to hold the day against.
    """
    if version is None:
        route = routes.get(model)
        if route is None:
            raise NotFound(f"there is no model {model!r}: `heirloom model list` shows them")
        version = route.champion
    profile = profiles.get(model, version)
    if profile is None:
        raise NotFound(f"{model} version {version} has no training profile, from which its inputs could drift")
    registration = registered(model, lineage)
    drift = registration.project.drift if registration else Drift()
    hours = watches.hours(Subject(model, version), day)
    uploads = cache(partial(_uploads, model, version, lineage, profiles))
    return report(model, version, hours, profile, drift, at, uploads)


def _uploads(model: str, version: int, lineage: Lineage, profiles: TrainingProfiles) -> dict[str, Profile]:
    """The profiles of this version and of the newest after it, in order, by version and dataset."""
    newest = lineage.versions(model, MOST_UPLOADS).entries
    numbers = sorted({version, *(number for entry in newest if (number := entry.summary["number"]) > version)})
    found = {}
    for number in numbers:
        profile, node = profiles.get(model, number), lineage.node("version", version_id(model, number))
        if profile and node:
            found[f"version {number} (dataset {node.data['dataset']})"] = profile
    return found
