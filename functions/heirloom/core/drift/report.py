"""What people and programs are told of a version's day: the verdict, the cells of each column, and when it changed.

`heirloom drift show` gives it as a table, as JSON and as a picture (picture.py); the pager reads the same.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from heirloom.core.drift.comparison import Compared, compared
from heirloom.core.drift.histogram import ZERO, Counts, Profile, merge
from heirloom.core.drift.history import between_uploads, first_change
from heirloom.core.drift.verdict import Finding, judge, looks_by
from heirloom.core.project.definition import Drift

Hours = Mapping[str, Counts]
"""Counts by hour, such as 2026-11-28T22."""
Uploads = Mapping[str, Profile]
"""The training profiles of a model from the version that answers on, by what people call their data, in order."""

_FEWEST_OF_AN_HOUR = 30  # rows; it is drawn, and decides nothing


def report(
    model: str,
    version: int,
    hours: Hours,
    profile: Profile,
    drift: Drift,
    at: str,
    uploads: Callable[[], Uploads] = dict,
) -> dict[str, Any]:
    """Plain JSON: what DriftReport has, and the rows of each of the ``hours``. ``at`` is the stamp of now;
    ``uploads`` are asked for where something has drifted only, as they have to be read.

    Of each column ``edges``, ``cells`` (a ``label``, and the rows of ``training`` and ``now``) and ``psi_by_hour``
    (without its noise; None for an hour of too few rows). Of one that has drifted, ``since`` is the first hour of the
    change, and ``upload`` the first of the uploads whose data has changed, too; None where none is to be named.
    """
    rows = {hour: hours[hour].get("rows", 0) for hour in sorted(hours)}
    total = functools.reduce(merge, hours.values(), ZERO)
    verdict = judge(total, profile, drift, looks_by(total["rows"]))
    by_hour = [_excesses(hours[hour], profile) for hour in rows]

    def column(finding: Finding) -> dict[str, Any]:
        return {
            **finding.to_document(),
            "edges": list(finding.compared.column.edges),
            "cells": [_cell(finding.compared, *cell) for cell in finding.compared.cells()],
            "psi_by_hour": [excesses.get(finding.name) for excesses in by_hour],
            "since": first_change(hours, profile, finding.name) if finding.drifted else None,
            "upload": _upload(finding, uploads, drift.psi),
        }

    counted = [{"hour": hour, "rows": rows[hour]} for hour in rows]
    found = {**verdict.to_document(), "columns": [column(finding) for finding in verdict.findings]}
    return {"model": model, "version": version, "at": at, "hours": counted, **found}


def _excesses(counts: Counts, profile: Profile) -> dict[str, float]:
    if counts.get("rows", 0) < _FEWEST_OF_AN_HOUR:
        return {}
    return {each.name: each.divergence().psi.excess for each in compared(profile, counts)}


def _cell(column: Compared, cell: str, training: int, now: int) -> dict[str, Any]:
    return {"label": column.label(cell), "training": training, "now": now}


def _upload(finding: Finding, uploads: Callable[[], Uploads], psi: float) -> str | None:
    changed = finding.drifted and not finding.compared.prediction
    return between_uploads(uploads(), finding.name, psi) if changed else None
