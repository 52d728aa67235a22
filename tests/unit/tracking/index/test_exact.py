"""Whatever was logged, ended, changed, deleted and packed: a search finds what reading every document would find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heirloom.core.errors import HeirloomError
from tests.unit.tracking.index.shelf import Shelf

VALUES = st.sampled_from([0.0, -1.0, 0.5, 0.5, 7.25, float("nan"), float("inf"), float("-inf")])
TEXTS = st.sampled_from(["adam", "sgd", "Adam", "", "0.1", "x" * 250, "y" * 251, "größer"])
KEYS = st.sampled_from(["a", "b", "c#d", "~1"])
TIMES = st.sampled_from([0, 1000, 1000, 2000, 2**53 + 1, 2**53 + 2, 2**60])
STATUSES = st.sampled_from(["FINISHED", "FAILED", "KILLED", "RUNNING", "SCHEDULED"])
FILTERS = st.lists(
    st.one_of(
        st.builds(
            "metrics.`{}` {} {}".format, KEYS, st.sampled_from([">", "<=", "=", "!="]), st.sampled_from([0, 0.5])
        ),
        st.builds("params.`{}` {} '{}'".format, KEYS, st.sampled_from(["=", "!=", "LIKE", "ILIKE"]), TEXTS),
        st.builds("tags.`{}` {}".format, KEYS, st.sampled_from(["IS NULL", "IS NOT NULL", "= 'adam'", "!= 'adam'"])),
        st.builds("attributes.start_time {} {}".format, st.sampled_from([">", "<=", "="]), TIMES),
        st.builds("attributes.end_time {} {}".format, st.sampled_from([">", "!="]), TIMES),
        st.builds("attributes.status {} '{}'".format, st.sampled_from(["=", "!="]), STATUSES),
        st.sampled_from(
            ["attributes.artifact_uri LIKE '%1%'", "dataset.name = 'coats'", "attributes.run_id LIKE 'd%'"]
        ),
    ),
    max_size=3,
).map(" AND ".join)
ORDERS = st.lists(
    st.builds(
        "{} {}".format,
        st.one_of(
            st.builds("{}.`{}`".format, st.sampled_from(["metrics", "params", "tags"]), KEYS),
            st.sampled_from(["attributes.start_time", "attributes.status", "attributes.end_time", "attributes.run_id"]),
        ),
        st.sampled_from(["ASC", "DESC"]),
    ),
    max_size=2,
    unique_by=lambda clause: clause.split()[0],
)
VIEWS = st.sampled_from(["ACTIVE_ONLY", "DELETED_ONLY", "ALL"])
PICKED = st.integers(0, 30)
STEPS = st.one_of(
    st.tuples(st.just("begin"), st.integers(0, 1), TIMES),
    st.tuples(st.just("metric"), PICKED, KEYS, VALUES),
    st.tuples(st.just("param"), PICKED, KEYS, TEXTS),
    st.tuples(st.just("tag"), PICKED, KEYS, TEXTS),
    st.tuples(st.just("dataset"), PICKED),
    st.tuples(st.just("status"), PICKED, STATUSES),
    st.tuples(st.just("delete"), PICKED),
    st.tuples(st.just("restore"), PICKED),
    st.tuples(st.just("pack"), st.integers(0, 1)),
    st.tuples(st.just("experiment"), st.sampled_from(["delete", "restore"])),
)


@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    ended=st.integers(0, 24),
    steps=st.lists(STEPS, max_size=40),
    questions=st.lists(st.tuples(FILTERS, ORDERS, VIEWS), min_size=1, max_size=6),
    page=st.integers(1, 9),
)
def test_a_search_finds_what_every_document_says(
    ended: int, steps: list[tuple[Any, ...]], questions: list[tuple[str, list[str], str]], page: int
) -> None:
    shelf = Shelf()
    shelf.finished(ended, a=0.5)
    shelf.pack()
    for step, *told in steps:
        _act(shelf, step, told)

    for text, order_by, view in questions:
        assert shelf.search(text, order_by, view, page) == shelf.expected(text, order_by, view), (text, order_by, view)


def _act(shelf: Shelf, step: str, told: list[Any]) -> None:
    if step == "begin":
        _whatever(lambda: shelf.begin(told[0], start_time=told[1]))
    elif step == "pack":
        shelf.pack(told[0])
    elif step == "experiment":
        _whatever(lambda: shelf.server.post(f"experiments/{told[0]}", experiment_id=shelf.experiments[0]))
    elif shelf.runs:
        run = shelf.runs[told[0] % len(shelf.runs)]
        path, body = _request(step, told[1:])
        _whatever(lambda: shelf.server.post(path, run_id=run, **body))


def _request(step: str, told: list[Any]) -> tuple[str, dict[str, Any]]:
    if step == "metric":
        return "runs/log-metric", {"key": told[0], "value": told[1], "timestamp": 1}
    if step == "param":
        return "runs/log-parameter", {"key": told[0], "value": told[1]}
    if step == "tag":
        return "runs/set-tag", {"key": told[0], "value": told[1]}
    if step == "dataset":
        dataset = {"name": "coats", "digest": "1", "source_type": "local", "source": "{}"}
        return "runs/log-inputs", {"datasets": [{"dataset": dataset}]}
    return (f"runs/{step}", {}) if step in ("delete", "restore") else ("runs/update", {"status": told[0]})


def _whatever(act: Callable[[], object]) -> None:
    """What is refused changes nothing: logging to what is deleted, and a parameter that has another value."""
    try:
        act()
    except HeirloomError:
        return
