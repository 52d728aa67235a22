"""The smoke test of a new endpoint: the rows that were answered at training are asked again, over the wire."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from heirloom.core.errors import Invalid, NotFound
from heirloom.core.lineage.graph import Document, Lineage, version_id
from heirloom.core.prediction.answer import Endpoints, answers
from heirloom.core.prediction.request import body_of
from heirloom.core.run.pipeline import event_of, run_of

RELATIVE = 1e-6
"""How far a value may be off: the two answers come from the same file, but perhaps from another kind of processor."""
PROBABILITY = 1e-6


def smoke_test(state: Document, lineage: Lineage, endpoints: Endpoints, at: str) -> int:
    """Ask the release's new endpoint the version's recorded rows; the number of rows that were answered alike.

    Raises Invalid with the first row answered otherwise, Unavailable while the endpoint does not answer yet.
    """
    run, version = state["run"], state["version"]
    node = lineage.node("version", version_id(run["model"], version["number"]))
    if node is None:
        raise NotFound(f"version {version['number']} of {run['model']} is not in the lineage")
    smoke = node.data["smoke"]
    got = answers(endpoints.invoke(version["name"], body_of(smoke["inputs"])), len(smoke["inputs"]), version["name"])
    for row, (expected, found) in enumerate(zip(smoke["predictions"], got, strict=True)):
        if not alike(expected, found):
            raise Invalid(
                f"row {row} of the smoke test: training answered {expected}, {version['name']} answers {found}"
            )
    if run["id"] is not None:
        lineage.record(run_of(state), event_of(state, "test", "done", at, rows=len(got)))
    return len(got)


def alike(expected: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Whether two answers to a row are the same, but for what another kind of processor may change."""
    return expected.keys() == found.keys() and all(_equal(name, expected[name], found[name]) for name in expected)


def _equal(name: str, expected: Any, found: Any) -> bool:
    if name == "label" or not isinstance(expected, int | float) or not isinstance(found, int | float):
        return bool(expected == found)
    if name == "probability":
        return math.isclose(expected, found, rel_tol=0, abs_tol=PROBABILITY)
    return math.isclose(expected, found, rel_tol=RELATIVE, abs_tol=1e-9)
