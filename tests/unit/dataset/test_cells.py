"""What the cells of a CSV mean: core/dataset/cells.py."""

from __future__ import annotations

import pytest

from heirloom.core.dataset.cells import time_order


def test_orders_times_of_different_offsets() -> None:
    utc, later, without = time_order(["2013-01-31T10:00:00Z", "2013-01-31T09:30:00-01:00", "2013-01-31T10:00:00"])

    assert later - utc == 1800
    assert without == utc


def test_orders_numbers_as_they_are() -> None:
    assert time_order(["20130131", "20130201.5"]) == [20130131, 20130201.5]


def test_orders_nothing_else() -> None:
    with pytest.raises(ValueError, match="Invalid isoformat"):
        time_order(["2013-01-31", "January"])
