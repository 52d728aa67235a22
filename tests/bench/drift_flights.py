"""Drift over real days: the flights of New York's airports in 2013, January to March for training, then day by day.

Nothing is known to have changed in them but the seasons, the weather and the timetables. Then every distance comes in
kilometres for miles.
"""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from scipy.stats import ks_2samp

from heirloom.adapters.project_folder import read_project
from heirloom.core.dataset.schema import Schema
from heirloom.core.drift.comparison import compared
from heirloom.core.drift.day import Day
from heirloom.core.drift.histogram import ZERO, Profile, count
from heirloom.core.project.definition import Drift
from image.evidence import profile
from image.usual import days, usual
from tests.bench.drift_days import looks, plain_psi

EXAMPLE = Path(__file__).parents[2] / "models" / "flight-delay"
KILOMETRES = 1.609344
FROM = "2013-04-01"
RULES = ("drift", "drift, without training's days", "PSI > 0.2", "KS or chi-square, p < 0.05")


def flights_table(step: int) -> Iterator[str]:
    """Days with an alert by each rule, over every ``step``-th day, and how soon the kilometres are found."""
    data = read_project(EXAMPLE).data
    # Without the month: no later day shares it with January to March, and so it drifts by any rule, and rightly.
    kinds = {name: kind for name, kind in (data.features or {}).items() if name != "month"}
    frame = _flights()
    learnt = frame[frame["scheduled_departure"] < FROM]
    trained = _trained(learnt, kinds)
    later = frame[frame["scheduled_departure"] >= FROM]
    by_day = [flights for _, flights in later.groupby(later["scheduled_departure"].str[:10])][::step]
    alerts: Counter[tuple[str, str]] = Counter()
    for flights in by_day:
        for rule, columns in _alerts(flights, learnt, trained, kinds):
            alerts["any column", rule] += bool(columns)
            alerts["another column than weekday", rule] += bool(columns - {"weekday"})
    found = Counter(_found(flights, trained, kinds) for flights in by_day)
    yield f"| days with an alert, of {len(by_day)} | {' | '.join(RULES)} |"
    yield "|---|---|---|---|---|"
    for which in ("any column", "another column than weekday"):
        yield f"| of {which} | {' | '.join(str(alerts[which, rule]) for rule in RULES)} |"
    yield ""
    told = ", ".join(f"{number} at {rows} rows" if rows else f"{number} not" for rows, number in sorted(found.items()))
    yield f"With kilometres for miles, of {len(by_day)} days the distance is found on: {told}."


def _flights() -> pd.DataFrame:
    spec = importlib.util.spec_from_file_location("make_data", EXAMPLE / "make_data.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: pd.DataFrame = module.flights()
    return made


def _trained(learnt: pd.DataFrame, kinds: Mapping[str, str]) -> Profile:
    """The profile, with what days of training usually differ by."""
    numbers = {name: "float64" for name, kind in kinds.items() if kind == "number"}
    features = learnt[list(kinds)].astype(numbers)
    found = Profile.from_document(profile(features, learnt["late"], Schema("late", None, "classification", kinds)))
    moments = pd.to_datetime(learnt["scheduled_departure"], utc=True)
    among = days([moment.timestamp() for moment in moments], len(kinds))
    columns = {
        each.name: replace(each.column, usual=usual(each, features[each.name].tolist(), among))
        for each in compared(found, ZERO)
    }
    return replace(found, features=columns)


def _alerts(
    flights: pd.DataFrame, learnt: pd.DataFrame, trained: Profile, kinds: Mapping[str, str]
) -> Iterator[tuple[str, set[str]]]:
    """The columns that each rule is alarmed about."""
    rows = _rows(flights, kinds)
    unaware = {name: replace(column, usual=None) for name, column in trained.features.items()}
    for rule, known in zip(RULES, (trained, replace(trained, features=unaware)), strict=False):
        yield rule, {name for day in _looks(rows, known) for name in day.drifted}
    counts = count(trained, rows)
    yield RULES[2], set(plain_psi(trained, counts))
    yield RULES[3], {each.name for each in compared(trained, counts) if _p(each, flights, learnt) < 0.05}


def _found(flights: pd.DataFrame, trained: Profile, kinds: Mapping[str, str]) -> int:
    """The rows at the look that found the distance to have drifted; 0 for none."""
    rows = _rows(flights.assign(distance=flights["distance"] * KILOMETRES), kinds)
    return next((day.rows for day in _looks(rows, trained) if "distance" in day.drifted), 0)


def _rows(flights: pd.DataFrame, kinds: Mapping[str, str]) -> list[Any]:
    return [(row, {}) for row in flights[list(kinds)].to_dict("records")]


def _looks(rows: list[Any], trained: Profile) -> Iterator[Day]:
    """The day after each look."""
    day = Day(FROM)
    for size in looks(len(rows)):
        day, _ = day.take(count(trained, rows[:size]), trained, Drift())
        yield day


def _p(each: Any, flights: pd.DataFrame, learnt: pd.DataFrame) -> float:
    if each.column.kind == "category":
        return float(each.divergence().p)
    return float(ks_2samp(learnt[each.name], flights[each.name]).pvalue)
