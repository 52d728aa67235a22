"""Of many rows those that can be on a page are told by the first key alone."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from heirloom.core.tracking.search.kinds import RUNS
from heirloom.core.tracking.search.order import parse_order
from heirloom.core.tracking.search.row import Row

VALUES = st.lists(st.one_of(st.none(), st.floats(), st.sampled_from([0.0, 0.5])), max_size=120)


@settings(deadline=None)
@given(values=VALUES, most=st.integers(1, 40), down=st.booleans())
def test_no_row_of_the_page_is_left_out(values: list[float | None], most: int, down: bool) -> None:
    order = parse_order(["metrics.loss DESC" if down else "metrics.loss ASC"], RUNS)
    rows = [
        Row({"run_id": f"{number:03d}", "start_time": 0}, {} if value is None else {"loss": value}, {}, {})
        for number, value in enumerate(values)
    ]
    first = [order.first(row) for row in rows]

    kept = [rows[number] for number in order.leading(first, most)(range(len(rows)), first)]

    assert order.sort(kept, lambda row: row)[:most] == order.sort(rows, lambda row: row)[:most]


def test_what_can_not_be_on_the_page_is_left_out() -> None:
    order = parse_order(["metrics.loss"], RUNS)
    values = [*map(float, range(1000)), None]

    leads = order.leading(values, 5)

    assert leads(range(len(values)), values) == [0, 1, 2, 3, 4]
