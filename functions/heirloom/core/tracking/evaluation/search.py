"""Which evaluation datasets there are: those that a filter asks for, in pages."""

from __future__ import annotations

from typing import Any

from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.documents import Data
from heirloom.core.tracking.evaluation.dataset import GOING, told
from heirloom.core.tracking.ids import EVALUATION_DATASETS as PARTITION
from heirloom.core.tracking.search.filter import parse_filter
from heirloom.core.tracking.search.kinds import EVALUATION_DATASETS
from heirloom.core.tracking.search.order import parse_order
from heirloom.core.tracking.search.page import check_max_results, page
from heirloom.core.tracking.search.row import Row
from heirloom.core.tracking.tracking import Answer, Tracking

USUAL = 1000
"""Results of a page."""


def search(asked: Asked, tracking: Tracking) -> Answer:
    """POST and GET datasets/search: of these experiments, or of all; the newest first, unless another order is asked
    for."""
    ids, text, by = set(asked.texts("experiment_ids")), asked.text("filter_string"), asked.texts("order_by")
    most = asked.whole("max_results", USUAL)
    check_max_results(EVALUATION_DATASETS, most)
    wanted, order = parse_filter(text, EVALUATION_DATASETS), parse_order(by, EVALUATION_DATASETS)
    there = (document.data for document in tracking.documents.of(PARTITION))
    kept = [data for data in there if _of(data, ids) and wanted.holds(_row(data))]
    question = repr((sorted(ids), text, by))
    shown, token = page(order.sort(kept, _row), most, asked.text("page_token"), question)
    answer: dict[str, Any] = {"datasets": [told(data) for data in shown]} if shown else {}
    return {**answer, "next_page_token": token} if token else answer


def _of(data: Data, ids: set[str]) -> bool:
    return GOING not in data and (not ids or not ids.isdisjoint(data["experiments"]))


def _row(data: Data) -> Row:
    return Row(attributes=data, metrics={}, params={}, tags=data["tags"])
