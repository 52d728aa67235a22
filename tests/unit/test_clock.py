"""Moments as the tables keep them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from heirloom.core.clock import stamp, utc_now


def test_a_stamp_is_utc_to_the_millisecond() -> None:
    moment = datetime(2026, 11, 23, 16, 10, 9, 123999, tzinfo=timezone(timedelta(hours=1)))

    assert stamp(moment) == "2026-11-23T15:10:09.123Z"


def test_stamps_sort_as_their_moments_do() -> None:
    moments = [datetime(2026, 11, 23, tzinfo=UTC) + timedelta(milliseconds=n * 37) for n in range(100)]

    assert sorted(map(stamp, moments)) == [stamp(moment) for moment in moments]


def test_now_knows_its_time_zone() -> None:
    assert utc_now().tzinfo is UTC
