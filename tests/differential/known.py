"""Differences that are meant: docs/tracking.md lists them."""

from __future__ import annotations

from tests.differential.calls import Call
from tests.differential.sides import Reply

ONCE = {"runs/outputs", "datasets/create", "datasets/{}/add-experiments", "logged-models/{}/params"}
"""Requests that may name the same thing twice, or once more."""


def is_known(call: Call, theirs: Reply, ours: Reply) -> bool:
    """Whether these answers to a request may differ."""
    return _breaks(call, theirs, ours) or _breaks_a_constraint(call, theirs, ours) or _takes_half(call, theirs, ours)


def _breaks(call: Call, theirs: Reply, ours: Reply) -> bool:
    """A request that MLflow's server breaks on: its 500 makes clients try again for minutes. Ours refuses it, or knows
    what to do with a record."""
    return theirs.status == 500 and (ours.status == 400 or call.path.endswith("/records"))


def _breaks_a_constraint(call: Call, theirs: Reply, ours: Reply) -> bool:
    """SQL refuses what MLflow's server does not check, and says so in SQL. Ours refuses it, or takes it for once."""
    refused = theirs.status == 400 and "(sqlite3.IntegrityError)" in theirs.body["message"]
    return refused and (ours.status >= 400 or call.path in ONCE)


def _takes_half(call: Call, theirs: Reply, ours: Reply) -> bool:
    """Of a batch with a value of a wrong kind MLflow's server logs what comes before it, and says that all is well."""
    return call.path == "runs/log-batch" and (theirs.status, ours.status) == (200, 400)
