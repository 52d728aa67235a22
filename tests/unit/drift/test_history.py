"""When a change began: the hour, and the upload."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from heirloom.core.drift.histogram import ZERO, Counts, Profile
from heirloom.core.drift.history import between_uploads, first_change
from tests.unit.drift.profiles import DOCUMENT, in_kilometres, like_training, profile


def hours(changed_from: int | None, rows: int = 60) -> dict[str, Counts]:
    """A day, in kilometres from an hour on."""
    return {
        f"2026-11-28T{hour:02}": in_kilometres(rows)
        if changed_from is not None and hour >= changed_from
        else like_training(rows)
        for hour in range(24)
    }


@pytest.mark.parametrize("hour", [0, 1, 14, 23])
def test_names_the_first_hour_of_a_change(hour: int) -> None:
    assert first_change(hours(hour), profile(), "miles") == f"2026-11-28T{hour:02}"


def test_the_order_of_the_hours_is_theirs() -> None:
    backwards = dict(reversed(hours(14).items()))

    assert first_change(backwards, profile(), "miles") == "2026-11-28T14"


def test_without_a_change_no_hour_is_named() -> None:
    assert first_change(hours(None), profile(), "miles") is None
    assert first_change(hours(14), profile(), "carrier") is None
    assert first_change({}, profile(), "miles") is None
    assert first_change({"2026-11-28T10": ZERO}, profile(), "miles") is None
    assert first_change(hours(14), profile(), "no such column") is None


def test_a_change_in_noise_is_found_near_its_hour_and_seldom_where_there_is_none() -> None:
    rng = np.random.default_rng(8)
    before, after = np.full(4, 0.25), np.array([0.15, 0.2, 0.25, 0.4])

    def day(changed_from: int) -> dict[str, Counts]:
        drawn = {hour: rng.multinomial(200, after if hour >= changed_from else before) for hour in range(24)}
        return {
            f"2026-11-28T{hour:02}": {
                "rows": 200,
                "features": {"miles": {str(place): int(rows) for place, rows in enumerate(cells)}},
                "answer": {},
            }
            for hour, cells in drawn.items()
        }

    found = [first_change(day(14), profile(), "miles") for _ in range(40)]
    none = [first_change(day(99), profile(), "miles") for _ in range(40)]

    assert None not in found
    assert np.mean([abs(int(hour[-2:]) - 14) <= 2 for hour in found if hour]) > 0.85
    assert sum(hour is not None for hour in none) <= 3


def trained(numbers: np.ndarray[Any, Any] | None = None, bins: int = 20, **columns: Any) -> Profile:
    """A profile as training makes it, with bins of its own."""
    features = dict(columns)
    if numbers is not None:
        edges = np.unique(np.quantile(numbers, np.linspace(0, 1, bins + 1))[1:-1])
        counts = np.bincount(np.searchsorted(edges, numbers), minlength=len(edges) + 1)
        ends = {"least": float(numbers.min()), "most": float(numbers.max())}
        features["x"] = {"type": "number", "missing": 0, "edges": edges.tolist(), "counts": counts.tolist(), **ends}
    return Profile.from_document({**DOCUMENT, "features": features})


def category(counts: dict[str, int], other: int = 0, missing: int = 0, distinct: int | None = None) -> dict[str, Any]:
    known = {"distinct": distinct or len(counts), "counts": counts, "other": other}
    return {"c": {"type": "category", "missing": missing, **known}}


def test_names_the_first_upload_whose_numbers_have_moved() -> None:
    rng = np.random.default_rng(9)
    miles = [rng.lognormal(6, 0.7, 4000) for _ in range(5)]
    uploads = {
        "v1": trained(miles[0]),
        "v2": trained(miles[1], bins=13),
        "v3": trained(miles[2] * 1.6, bins=17),
        "v4": trained(miles[3] * 1.6),
    }

    assert between_uploads(uploads, "x", 0.2) == "v3"
    assert between_uploads({"v1": uploads["v1"], "v2": uploads["v2"]}, "x", 0.2) is None
    assert between_uploads({"v3": uploads["v3"], "v4": uploads["v4"]}, "x", 0.2) is None


def test_bins_that_differ_show_nothing_by_themselves() -> None:
    """Half of the numbers are one number: where in its bin it stands nobody knows, and nobody guesses."""
    rng = np.random.default_rng(10)
    spiked = [np.where(rng.random(3000) < 0.5, 0.0, rng.normal(size=3000)) for _ in range(2)]

    assert between_uploads({"v1": trained(spiked[0], bins=20), "v2": trained(spiked[1], bins=7)}, "x", 0.05) is None


def test_names_the_upload_with_another_range_more_missing_or_another_type() -> None:
    rng = np.random.default_rng(11)
    low, high = trained(rng.uniform(0, 1, 500)), trained(rng.uniform(5, 6, 500))
    column = {"type": "number", "missing": 0, "edges": [1.0], "counts": [300, 200], "least": 0.0, "most": 9.0}
    whole, holed = trained(x=column), trained(x={**column, "missing": 200})
    text = trained(x={**column, "type": "text"})
    empty = trained(x={"type": "number", "missing": 500, "edges": [], "counts": [0]})

    assert between_uploads({"v1": low, "v2": low, "v3": high}, "x", 0.2) == "v3"
    assert between_uploads({"v1": high, "v2": low}, "x", 0.2) == "v2"
    assert between_uploads({"v1": whole, "v2": holed}, "x", 0.2) == "v2"
    assert between_uploads({"v1": whole, "v2": text}, "x", 0.2) == "v2"
    assert between_uploads({"v1": whole, "v2": empty}, "x", 0.2) == "v2"
    assert between_uploads({"v1": empty, "v2": empty}, "x", 0.2) is None


def test_names_the_upload_with_other_categories() -> None:
    usual, again = trained(**category({"a": 300, "b": 200})), trained(**category({"b": 195, "a": 305}))
    fewer, another = trained(**category({"a": 450, "b": 50})), trained(**category({"z": 500}))
    many = trained(**category({"a": 290, "q": 10}, other=200, distinct=300))

    assert between_uploads({"v1": usual, "v2": again, "v3": fewer}, "c", 0.2) == "v3"
    assert between_uploads({"v1": usual, "v2": another}, "c", 0.2) == "v2"
    assert between_uploads({"v1": usual, "v2": many}, "c", 0.2) is None


def test_an_upload_without_the_column_says_nothing() -> None:
    known = trained(**category({"a": 300, "b": 200}))

    assert between_uploads({"v1": known, "v2": trained()}, "c", 0.2) is None
    assert between_uploads({}, "c", 0.2) is None
    assert math.isfinite(known.rows)
