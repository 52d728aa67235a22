"""The looks at a day: when they are due, what they may spend, what is remembered between them."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from heirloom.core.drift.day import Day
from heirloom.core.drift.histogram import ZERO, merge
from heirloom.core.project.definition import Drift
from tests.unit.drift.profiles import in_kilometres, like_training, profile

TODAY = Day("2026-11-28")


def test_looks_when_a_hundred_rows_are_there_and_at_each_doubling() -> None:
    day, looked = TODAY, []

    for rows in range(0, 1000, 10):
        day, report = day.take(like_training(rows), profile(), Drift())
        looked += [rows] if report else []

    assert looked == [100, 200, 400, 800]
    assert (day.looks, day.rows, day.drifted) == (4, 800, ())


def test_each_look_spends_its_part_of_the_level() -> None:
    day, first = TODAY.take(like_training(100), profile(), Drift())
    _, second = day.take(like_training(250), profile(), Drift())

    assert first is not None
    assert second is not None
    assert (first.look, first.level) == (1, 0.005)
    assert (second.look, second.level) == (2, 0.01 / 6)


def test_rows_that_come_all_at_once_are_one_look() -> None:
    day, report = TODAY.take(like_training(5000), profile(), Drift())

    assert report is not None
    assert (report.look, day.looks) == (1, 1)
    assert day.take(like_training(6399), profile(), Drift()) == (day, None)
    assert day.take(like_training(6400), profile(), Drift())[1] is not None


def test_what_has_drifted_stays_so_until_the_day_ends() -> None:
    day, _ = TODAY.take(in_kilometres(200), profile(), Drift())
    diluted = merge(in_kilometres(200), like_training(9000))

    later, report = day.take(diluted, profile(), Drift())

    assert report is not None
    assert report.drifted == ()
    assert later.drifted == day.drifted == ("miles",)


def test_without_rows_there_is_nothing_to_look_at() -> None:
    assert TODAY.take(ZERO, profile(), Drift()) == (TODAY, None)
    assert TODAY.take({}, profile(), Drift()) == (TODAY, None)


@given(st.lists(st.sampled_from([0, 30, 90, 150, 400]), max_size=6))
def test_a_day_kept_as_a_document_goes_on_as_if_it_had_not_been(sizes: list[int]) -> None:
    kept, held, total = TODAY, TODAY, ZERO

    for size in sizes:
        total = merge(total, in_kilometres(size))
        held, _ = held.take(total, profile(), Drift())
        kept, _ = Day.from_document(json.loads(json.dumps(kept.to_document()))).take(total, profile(), Drift())

    assert kept == held
