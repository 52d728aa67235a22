"""The window: what is in it, in whatever order it came, and how it is kept."""

from __future__ import annotations

import json
import math
import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heirloom.core.monitoring.observation import Outcome
from heirloom.core.monitoring.window import Window
from heirloom.core.prediction.answer import new_ids
from tests.unit.monitoring.labels import exactly, prediction

STAMPS = ("2026-11-28T10:00:00.000Z", "2026-11-28T10:00:00.001Z", "2026-11-29T00:00:00.000Z")


def filled(size: int, outcomes: list[Outcome]) -> Window:
    window = Window(size)
    for outcome in outcomes:
        window.put(outcome)
    return window


ANY_OUTCOME = st.builds(
    Outcome,
    id=st.integers(0, 30).map(prediction),
    correct=st.booleans(),
    error=st.one_of(st.none(), st.floats()),
    corrected=st.one_of(st.none(), st.sampled_from(STAMPS)),
)


@given(st.lists(ANY_OUTCOME, max_size=60), st.integers(1, 12), st.data())
def test_is_the_same_in_whatever_order_labels_and_corrections_come_and_however_often(
    outcomes: list[Outcome], size: int, data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(outcomes), max_size=20)) if outcomes else []
    shuffled = data.draw(st.permutations([*outcomes, *again]))
    cut = data.draw(st.integers(0, len(shuffled)))

    window = filled(size, shuffled[:cut])
    window = Window.from_document(json.loads(json.dumps(window.to_document())), size)  # a batch ends, another begins
    for outcome in shuffled[cut:]:
        window.put(outcome)

    expected = filled(size, outcomes)
    assert window.to_document() == expected.to_document()
    assert (window.correct, window.ids, window.rmse) == (expected.correct, expected.ids, expected.rmse)


@given(st.lists(ANY_OUTCOME, max_size=60), st.integers(1, 12))
def test_has_the_last_word_on_the_newest_predictions(outcomes: list[Outcome], size: int) -> None:
    window = filled(size, outcomes)

    newest = sorted({outcome.id for outcome in outcomes}, reverse=True)[:size]
    last = [max((o.corrected or "", o.correct) for o in outcomes if o.id == each) for each in newest]
    assert window.ids == tuple(newest)
    assert window.correct == sum(correct for _, correct in last)


def test_a_label_that_comes_twice_counts_once() -> None:
    window = filled(10, [*exactly(5, 3), *exactly(5, 3)])

    assert (window.labelled, window.correct, window.accuracy) == (5, 3, 0.6)


def test_a_label_older_than_a_full_window_changes_nothing() -> None:
    window = filled(3, exactly(3, 3, start=10))
    before = window.to_document()

    window.put(Outcome(prediction(9), False))

    assert window.full
    assert window.to_document() == before


def test_a_late_label_of_a_prediction_within_the_window_takes_the_place_of_the_oldest() -> None:
    window = filled(3, [Outcome(prediction(number), number != 1) for number in (1, 3, 4)])

    window.put(Outcome(prediction(2), True))

    assert window.ids == tuple(map(prediction, (4, 3, 2)))
    assert window.correct == 3


def test_a_correction_replaces_the_label_and_the_latest_one_stands() -> None:
    one = prediction(1)
    first, second = Outcome(one, False, 4.0, corrected=STAMPS[0]), Outcome(one, True, 1.0, corrected=STAMPS[1])

    window = filled(3, [second, first, Outcome(one, False, 9.0)])

    assert (window.labelled, window.correct, window.rmse) == (1, 1, 1.0)


def test_an_empty_window_knows_nothing() -> None:
    window = Window.from_document(Window(5).to_document(), 5)

    assert (window.labelled, window.accuracy, window.interval, window.rmse) == (0, None, (0.0, 1.0), None)
    assert window.worst(0.9) == (0, 0)


def test_publishes_the_root_mean_square_error_of_what_has_one() -> None:
    errors = (3.0, -4.0, None)

    window = filled(5, [Outcome(prediction(number), True, error) for number, error in enumerate(errors)])

    assert window.rmse == pytest.approx(math.sqrt(12.5))


def test_an_error_beyond_all_numbers_is_a_large_one() -> None:
    window = filled(5, [Outcome(prediction(0), False, float("nan")), Outcome(prediction(1), False, -1e300)])

    assert window.rmse == pytest.approx(3.4e38, rel=0.01)


def test_of_a_window_that_was_larger_the_newest_stay() -> None:
    document = filled(10, exactly(10, 4)).to_document()

    smaller = Window.from_document(document, 4)

    assert smaller.to_document() == filled(4, exactly(10, 4)).to_document()


def test_finds_what_has_come_since_a_drop() -> None:
    window = filled(1000, [*exactly(500, 460), *exactly(60, 30, start=500)])

    count, right = window.worst(0.85)

    assert 50 <= count <= 70
    assert right / count == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(("size", "kilobytes"), [(1000, 14), (20_000, 260)])
def test_is_as_small_as_it_says(size: int, kilobytes: int) -> None:
    """Predictions some hundred milliseconds apart, ids as they are given."""
    rng = random.Random(3)
    moment, outcomes = 1.79e9, []
    for _ in range(size):
        moment += rng.expovariate(5)
        outcomes.append(Outcome(new_ids(1, datetime.fromtimestamp(moment, UTC))[0], rng.random() < 0.9))

    window = filled(size, outcomes)

    assert len(json.dumps(window.to_document())) == pytest.approx(kilobytes * 1000, rel=0.1)
    assert Window.from_document(window.to_document(), size).ids == window.ids
