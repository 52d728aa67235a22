"""What the monitor remembers of a day between its looks at the counts: one small document a version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from heirloom.core.drift.histogram import Counts, Profile
from heirloom.core.drift.verdict import DriftReport, judge, looks_by
from heirloom.core.project.definition import Drift


@dataclass(frozen=True)
class Day:
    """``date`` is a day such as 2026-11-28, ``looks`` how many were had, the last at ``rows`` rows, ``drifted`` the
    columns that were found to have drifted, in the order of being found."""

    date: str
    looks: int = 0
    rows: int = 0
    drifted: tuple[str, ...] = ()

    def take(self, counts: Counts, profile: Profile, drift: Drift) -> tuple[Day, DriftReport | None]:
        """Look at all counts of the day so far, if a look is due: at 100 rows, 200, 400 and so on.

        A look that is missed, as many rows came at once, is not made up for, and costs nothing.
        """
        rows = counts.get("rows", 0)
        if looks_by(rows) <= looks_by(self.rows):
            return self, None
        report = judge(counts, profile, drift, self.looks + 1)
        new = tuple(finding.name for finding in report.drifted if finding.name not in self.drifted)
        return Day(self.date, self.looks + 1, rows, (*self.drifted, *new)), report

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        return {**asdict(self), "drifted": list(self.drifted)}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Day:
        """What ``to_document`` wrote."""
        return cls(**{**document, "drifted": tuple(document["drifted"])})
