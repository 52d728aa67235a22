"""Differences that are meant: docs/tracking.md lists them."""

from __future__ import annotations

from tests.differential.sides import Reply


def is_known(theirs: Reply, ours: Reply) -> bool:
    """Whether these answers may differ. What is kept may differ from then on."""
    return _breaks(theirs, ours) or _breaks_a_constraint(theirs)


def _breaks(theirs: Reply, ours: Reply) -> bool:
    """A request that MLflow's server breaks on: its 500 makes clients try again for minutes."""
    return theirs.status == 500 and ours.status == 400


def _breaks_a_constraint(theirs: Reply) -> bool:
    """SQL refuses what MLflow's server does not check, and says so in SQL."""
    return theirs.status == 400 and "(sqlite3.IntegrityError)" in theirs.body["message"]
