"""Training profiles, and counts that are like them or not, for the tests of drift."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from heirloom.core.drift.histogram import Counts, Profile, count

DOCUMENT: Mapping[str, Any] = {
    "rows": 1000,
    "features": {
        "miles": {
            "type": "number",
            "missing": 0,
            "edges": [200.0, 500.0, 1000.0],
            "counts": [250, 250, 250, 250],
            "least": 80.0,
            "most": 4983.0,
            "importance": 0.7,
        },
        "carrier": {
            "type": "category",
            "missing": 10,
            "distinct": 3,
            "counts": {"UA": 500, "DL": 300, "AA": 190},
            "other": 0,
            "importance": 0.3,
        },
        "note": {"type": "text", "missing": 0, "edges": [0.0, 20.0], "counts": [400, 300, 300], "least": 0, "most": 90},
    },
    "label": {"name": "late", "type": "category", "missing": 0, "distinct": 2, "counts": {"False": 700, "True": 300}}
    | {"other": 0},
    "answers": {"0": 160, "1": 40},
}
MILES = (100, 300, 700, 2000)
CARRIERS = ("UA",) * 5 + ("DL",) * 3 + ("AA",) * 2
NOTES = ("",) * 4 + ("short",) * 3 + ("quite a long note for a flight",) * 3


def profile(**features: Mapping[str, Any]) -> Profile:
    """The profile; each feature named gets these keys, too."""
    changed = {name: {**column, **features.get(name, {})} for name, column in DOCUMENT["features"].items()}
    return Profile.from_document({**DOCUMENT, "features": changed})


def row(place: int, **values: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """One of many rows that are spread as training is, with these values in place of its own."""
    asked = {"miles": MILES[place % 4], "carrier": CARRIERS[place % 10], "note": NOTES[place % 10]}
    return {**asked, **values}, {"label": place % 5 == 0, "probability": 0.9}


@cache
def like_training(rows: int) -> Counts:
    return count(profile(), (row(place) for place in range(rows)))


@cache
def in_kilometres(rows: int) -> Counts:
    """Every distance is multiplied by 1.6, and then some."""
    return count(profile(), (row(place, miles=MILES[place % 4] * 2.5) for place in range(rows)))
