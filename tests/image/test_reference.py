"""The training profile: histograms that later requests are counted by, and what the model makes of the columns."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from heirloom.core.dataset.schema import Schema
from heirloom.core.drift.comparison import compared
from heirloom.core.drift.histogram import ZERO, Profile, count
from image.answers import Answers
from image.evidence import profile
from image.frames import Rows
from image.project_code import ProjectCodeError
from image.reference import Answered, importance, with_reference
from image.usual import MOST_DAYS, days, usual

DAY = 86_400.0
START = 1_700_006_400.0  # a midnight
ROWS = 1200


class Model:
    """Answers by a function of the frame."""

    def __init__(self, rule: Callable[[pd.DataFrame], Answers]) -> None:
        self.rule = rule
        self.asked = 0

    def answer(self, frame: pd.DataFrame) -> Answers:
        self.asked += 1
        return self.rule(frame)


def by_probability(frame: pd.DataFrame) -> Answers:
    """Mostly by ``much``, a little by ``little``, not at all by ``none``."""
    chance = np.clip(0.5 + 0.3 * frame["much"] + 0.05 * frame["little"], 0, 1).to_numpy()
    return Answers((chance > 0.5).tolist(), np.column_stack([1 - chance, chance]), [False, True])


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(4)


@pytest.fixture
def frame(rng: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame({name: rng.normal(size=ROWS) for name in ("much", "little", "none")})


def held_out(frame: pd.DataFrame, rule: Callable[[pd.DataFrame], Answers], task: str = "classification") -> Answered:
    rows = Rows(frame, pd.Series(np.zeros(len(frame), dtype=bool)), None)
    return Answered(rows, rule(frame), task)


def schema(**kinds: str) -> Schema:
    return Schema("late", None, "classification", kinds)


def made(features: pd.DataFrame, **kinds: str) -> Any:
    labels = pd.Series(np.arange(len(features)) % 4 == 0, dtype=object)
    return json.loads(json.dumps(profile(features, labels, schema(**kinds))))


def names(*counts: tuple[str, int]) -> pd.Series[Any]:
    return pd.Series([name for name, rows in counts for _ in range(rows)], dtype="str")


def test_counts_agree_with_the_histogram_that_training_made(rng: np.random.Generator) -> None:
    features = pd.DataFrame(
        {
            "skewed": rng.lognormal(size=3000),
            "tied": rng.integers(0, 6, 3000).astype(float),
            "holed": np.where(rng.random(3000) < 0.1, np.nan, rng.normal(size=3000)),
            "name": pd.Series(rng.choice(["a", "b", "c"], 3000), dtype="str"),
            "text": pd.Series(rng.choice(["", "some", "words in it"], 3000), dtype="str"),
        }
    )
    found = Profile.from_document(
        made(features, skewed="number", tied="number", holed="number", name="category", text="text")
    )
    records = features.astype(object).where(features.notna(), None).to_dict("records")

    counts = count(found, [(row, {"label": place % 4 == 0}) for place, row in enumerate(records)])

    for name, column in {**found.features, "late": found.answer}.items():
        cells = {str(place): rows for place, rows in enumerate(column.cells) if rows}
        absent = {"missing": column.missing} if column.missing else {}
        assert (counts["answer"] if name == "late" else counts["features"][name]) == {**cells, **absent}


def test_rare_categories_are_chosen_on_one_half_of_the_rows_and_counted_on_the_other() -> None:
    column = names(("UA", 900), ("DL", 80), *((f"rare-{place}", 1) for place in range(20)))

    found = made(column.to_frame("c"), c="category")["features"]["c"]

    assert set(found["counts"]) == {"UA", "DL"}
    assert sum(found["counts"].values()) + found["other"] + found["unseen"] == len(column) // 2
    assert found["other"] == 0
    assert found["unseen"] + len(found["rare"]) == 20
    assert found["distinct"] == 22


def test_frequent_categories_are_counted_on_all_rows() -> None:
    column = names(("UA", 900), ("DL", 80))

    found = made(column.to_frame("c"), c="category")["features"]["c"]

    assert (found["counts"], found["other"], found["missing"]) == ({"UA": 900, "DL": 80}, 0, 0)
    assert "rare" not in found


def test_of_too_many_categories_the_largest_are_named_and_it_is_said_that_others_are_not_known() -> None:
    column = names(
        *((f"c-{place}", 4000 - place) for place in range(3)), *((f"rare-{place}", 2) for place in range(2500))
    )

    found = made(column.to_frame("c"), c="category")["features"]["c"]

    assert (found["rare"], found["unseen"], set(found["counts"])) == (None, 0, {"c-0", "c-1", "c-2"})
    assert found["other"] == pytest.approx(2500, rel=0.1)
    assert Profile.from_document(made(column.to_frame("c"), c="category")).features["c"].rare is None


def test_a_category_without_any_value_has_no_cells() -> None:
    column = pd.Series([None] * 30, dtype="str")

    assert made(column.to_frame("c"), c="category")["features"]["c"]["missing"] == 30


def test_what_moves_the_answers_is_important(frame: pd.DataFrame) -> None:
    model = Model(by_probability)

    found = importance(model, held_out(frame, by_probability), seed=3)

    assert sum(found.values()) == pytest.approx(1)
    assert found["much"] > 0.7
    assert found["little"] > found["none"] == 0
    assert found == importance(model, held_out(frame, by_probability), seed=3)
    assert model.asked == 2 * (1 + 3)


def test_without_probabilities_it_is_labels_that_move_and_of_a_regression_values(frame: pd.DataFrame) -> None:
    def by_label(frame: pd.DataFrame) -> Answers:
        return Answers((frame["much"] > 0).tolist())

    def by_value(frame: pd.DataFrame) -> Answers:
        return Answers((frame["much"] * 1e6 + frame["little"] * 1e5).tolist())

    labels = importance(Model(by_label), held_out(frame, by_label), seed=3)
    values = importance(Model(by_value), held_out(frame, by_value, "regression"), seed=3)

    assert labels == {"much": 1, "little": 0, "none": 0}
    assert values["much"] == pytest.approx(10 / 11, abs=0.03)


def test_importance_is_unknown_where_answers_never_move_fail_or_take_too_long(
    frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    def constant(frame: pd.DataFrame) -> Answers:
        return Answers([True] * len(frame))

    def failing(frame: pd.DataFrame) -> Answers:
        raise ProjectCodeError("model.py: no such luck")

    assert importance(Model(constant), held_out(frame, constant), seed=3) == {}
    assert importance(Model(failing), held_out(frame, constant), seed=3) == {}
    monkeypatch.setattr("image.reference._MOST_SECONDS", -1.0)
    assert importance(Model(by_probability), held_out(frame, by_probability), seed=3) == {}


def times(*rows: int) -> list[float]:
    """So many rows a day, from the first day on."""
    return [START + day * DAY + place for day, number in enumerate(rows) for place in range(number)]


def test_days_are_those_with_rows_enough_in_the_order_of_time() -> None:
    moments = times(100, 99, 150)
    shuffled = np.random.default_rng(1).permutation(len(moments))

    found = days([moments[place] for place in shuffled], 5)

    assert [len(day) for day in found] == [100, 150]
    assert [shuffled[place] for place in found[1]] == list(range(199, 349))


def test_there_are_no_days_without_moments_or_with_one_day_only() -> None:
    assert days(None, 5) == []
    assert days(times(500, 20), 5) == []
    assert days([float(place) for place in range(500)], 5) == []


def test_of_many_days_the_last_are_looked_at_and_fewer_where_there_are_many_columns() -> None:
    moments = times(*[100] * 120)

    assert len(days(moments, 5)) == MOST_DAYS
    assert len(days(moments, 250)) == 20
    assert len(days(moments, 10_000)) == 10
    assert days(moments, 5)[-1][-1] == len(moments) - 1


def test_a_day_that_was_unlike_the_others_is_how_far_days_may_be(rng: np.random.Generator) -> None:
    moments = times(*[400] * 10)
    calm = rng.normal(size=4000)
    stormy = calm + np.where(np.arange(4000) // 400 == 6, 1.0, 0.0)

    def farthest(values: np.ndarray[Any, Any]) -> float | None:
        found = made(pd.DataFrame({"x": values}), x="number")
        return usual(compared(Profile.from_document(found), ZERO)[0], values.tolist(), days(moments, 1))

    quiet, loud = farthest(calm), farthest(stormy)

    assert quiet is not None
    assert loud is not None
    assert quiet < 0.35
    assert loud > 0.6
    assert usual(compared(Profile.from_document(made(pd.DataFrame({"x": calm}), x="number")), ZERO)[0], [], []) is None


def test_the_hours_from_which_a_days_first_rows_come_are_usual() -> None:
    """Every day begins with its night flights: whoever looks early sees nothing else."""
    moments = times(*[400] * 10)
    hours = [float(place % 400 // 100) for place in range(4000)]
    found = Profile.from_document(made(pd.DataFrame({"hour": hours}), hour="number"))

    assert (usual(compared(found, ZERO)[0], hours, days(moments, 1)) or 0) > 2


def test_days_of_half_counted_columns_are_held_against_the_half(rng: np.random.Generator) -> None:
    values = [*rng.choice(["UA", "DL"], 3990), *(f"rare-{place}" for place in range(10))]
    found = Profile.from_document(made(pd.DataFrame({"c": pd.Series(values, dtype="str")}), c="category"))

    farthest = usual(compared(found, ZERO)[0], values, days(times(*[400] * 10), 1))

    assert farthest is not None
    assert 0 <= farthest < 0.1


def test_adds_all_of_it_to_the_profile(frame: pd.DataFrame) -> None:
    kinds = dict.fromkeys(frame.columns, "number")
    moments = times(*[200] * 6)
    learnt = Rows(frame, pd.Series(np.arange(ROWS) % 4 == 0), moments)
    answered = Answered(Rows(frame, learnt.labels, moments), by_probability(frame), "classification")

    found = with_reference(made(frame, **kinds), learnt, answered, Model(by_probability), seed=3)
    read = Profile.from_document(json.loads(json.dumps(found)))

    assert read.answers is not None
    assert sum(read.answers.values()) == ROWS
    assert read.features["much"].importance == found["features"]["much"]["importance"] > 0.7
    assert all(column.usual is not None for column in [*read.features.values(), read.answer])


def test_adds_only_what_can_be_found(frame: pd.DataFrame) -> None:
    def constant(frame: pd.DataFrame) -> Answers:
        return Answers([True] * len(frame))

    learnt = Rows(frame, pd.Series(np.arange(ROWS) % 4 == 0), None)
    document = made(frame, **dict.fromkeys(frame.columns, "number"))

    found = with_reference(document, learnt, held_out(frame, constant), Model(constant), seed=3)

    assert found["answers"] == {"1": ROWS}
    assert found["features"] == document["features"]
    assert found["label"] == document["label"]
