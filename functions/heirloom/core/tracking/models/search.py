"""Which logged models of some experiments there are: those that a filter asks for, in pages."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from heirloom.core.errors import Invalid
from heirloom.core.tracking.asked import Asked, missing
from heirloom.core.tracking.documents import Data
from heirloom.core.tracking.ids import partitions_of_models
from heirloom.core.tracking.models.model import DELETED, told
from heirloom.core.tracking.search.filter import parse_filter
from heirloom.core.tracking.search.kinds import LOGGED_MODELS
from heirloom.core.tracking.search.order import parse_model_order
from heirloom.core.tracking.search.page import check_max_results, page
from heirloom.core.tracking.search.row import Row
from heirloom.core.tracking.tracking import Answer, Tracking

USUAL = 50
"""Results of a page."""
_STATUSES = {
    "LOGGED_MODEL_STATUS_UNSPECIFIED": "UNSPECIFIED",
    "LOGGED_MODEL_PENDING": "PENDING",
    "LOGGED_MODEL_READY": "READY",
    "LOGGED_MODEL_UPLOAD_FAILED": "FAILED",
}
"""As MLflow's client calls them, and so people who search."""
_SAME = (
    "Experiment IDs in the page token do not match the requested experiment IDs.",
    "Filter string in the page token does not match the requested filter string.",
    "Order by in the page token does not match the requested order by.",
)


def search(asked: Asked, tracking: Tracking) -> Answer:
    """POST logged-models/search."""
    ids, text = asked.texts("experiment_ids"), asked.text("filter")
    if not ids:
        raise missing("experiment_ids")
    datasets, by = [_dataset(each) for each in asked.items("datasets")], _order(asked)
    most = asked.whole("max_results") or USUAL
    check_max_results(LOGGED_MODELS, most)
    wanted, order = parse_filter(text, LOGGED_MODELS, datasets), parse_model_order(by)
    marks = [_mark(part) for part in (ids, text, by)]
    token = _without_marks(asked.text("page_token"), marks)
    kept = [data for data in _of(set(ids), tracking) if wanted.holds(_row(data))]
    shown, following = page(order.sort(kept, _row), most, token, repr((marks, datasets)))
    return {
        **({"models": [told(data) for data in shown]} if shown else {}),
        **({"next_page_token": ".".join((following, *marks))} if following else {}),
    }


def _of(ids: set[str], tracking: Tracking) -> list[Data]:
    """The models of these experiments that are not deleted."""
    partitions = sorted(partition for each in ids for partition in partitions_of_models(each))
    found = (document.data for document in tracking.documents.of_all(partitions))
    # of another experiment now and then: ids.py
    return [data for data in found if data["info"]["experiment_id"] in ids and data["lifecycle_stage"] != DELETED]


def _row(data: Data) -> Row:
    """What a search can ask of a model."""
    info = data["info"]
    attributes = {
        **{name: info[name] for name in ("name", "model_id", "model_type", "source_run_id")},
        "status": _STATUSES[info["status"]],
        "creation_timestamp": info["creation_timestamp_ms"],
        "last_updated_timestamp": info["last_updated_timestamp_ms"],
    }
    return Row(attributes, {}, data["params"], data["tags"], metric_points=data["metrics"])


def _order(asked: Asked) -> list[Mapping[str, Any]]:
    return [
        {"field_name": each.text("field_name"), "ascending": each.yes("ascending", True), **_dataset(each)}
        for each in asked.items("order_by")
    ]


def _dataset(given: Asked) -> dict[str, str]:
    return {name: given.text(name) for name in ("dataset_name", "dataset_digest")}


def _mark(part: Any) -> str:
    """What tells one question from another, in few characters."""
    return hashlib.sha256(json.dumps(part).encode()).hexdigest()[:8]


def _without_marks(token: str, marks: list[str]) -> str:
    """The token of ``page``, which says no more than that something is another; MLflow's server says what."""
    if not token:
        return ""
    plain, *found = token.split(".")
    if len(found) != len(marks):
        raise Invalid("Invalid page token, it is none of a search for logged models")
    for its, mine, refusal in zip(found, marks, _SAME, strict=True):
        if its != mine:
            raise Invalid(refusal)
    return plain
