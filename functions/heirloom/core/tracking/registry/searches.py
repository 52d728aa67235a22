"""Searches of models and of versions. They leave out prompts unless the filter asks for them (search/filter.py)."""

from __future__ import annotations

from collections.abc import Sequence

from heirloom.core.tracking import limits
from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.documents import Document
from heirloom.core.tracking.registry import found, roles
from heirloom.core.tracking.registry import version as versions
from heirloom.core.tracking.search.filter import Filter, parse_filter
from heirloom.core.tracking.search.kinds import ATTRIBUTE, MODEL_VERSIONS, REGISTERED_MODELS
from heirloom.core.tracking.search.order import parse_order
from heirloom.core.tracking.search.page import check_max_results, page
from heirloom.core.tracking.search.row import Row
from heirloom.core.tracking.tracking import Answer, Tracking

MODELS, VERSIONS = 100, 200_000
"""Results where nothing is said of how many."""


def models_found(asked: Asked, tracking: Tracking) -> Answer:
    """GET registered-models/search: by name, unless another order is asked for."""
    text, order_by, most = asked.text("filter"), asked.texts("order_by"), asked.whole("max_results", MODELS)
    check_max_results(REGISTERED_MODELS, most)
    wanted, order = parse_filter(text, REGISTERED_MODELS), parse_order(order_by, REGISTERED_MODELS)
    known = found.all_models(tracking, _name(wanted))
    kept = order.sort((each for each in known if wanted.holds(_model_row(each))), _model_row)
    shown, token = page(kept, most, asked.text("page_token"), repr((text, order_by)))
    return _answer("registered_models", found.told(shown, tracking), token)


def versions_found(asked: Asked, tracking: Tracking) -> Answer:
    """GET model-versions/search: the last that were changed first, unless another order is asked for."""
    text, order_by, most = asked.text("filter"), asked.texts("order_by"), asked.whole("max_results", VERSIONS)
    check_max_results(MODEL_VERSIONS, most)
    wanted, order = parse_filter(text, MODEL_VERSIONS), parse_order(order_by, MODEL_VERSIONS)
    of_models = {document.id: document for document in found.all_models(tracking, _name(wanted))}
    known = found.all_versions(_name(wanted), tracking)
    # Those of no model are on their way to one: leaving.py.
    there = (each for each in known if each.data["name"] in of_models)
    kept = order.sort((each for each in there if wanted.holds(_version_row(each))), _version_row)
    shown, token = page(kept, most, asked.text("page_token"), repr((text, order_by)))
    named = {each.data["name"]: of_models[each.data["name"]] for each in shown}
    aliased = dict(zip(named, roles.all_shown(list(named.values()), tracking), strict=True))
    told = [versions.told(each.data, aliased[each.data["name"]]) for each in shown]
    return _answer("model_versions", told, token)


def _answer(name: str, told: Sequence[Answer], token: str) -> Answer:
    return {**({name: told} if told else {}), **({"next_page_token": token} if token else {})}


def _name(wanted: Filter) -> str:
    """The model that a filter is about, so that no others are read; empty where it is about all."""
    for term in wanted.terms:
        if (term.entity, term.key, term.comparator) == (ATTRIBUTE, "name", "="):
            return str(term.value)[: limits.NAME]
    return ""


def _model_row(model: Document) -> Row:
    names = ("name", "creation_timestamp", "last_updated_timestamp")
    return Row({name: model.data[name] for name in names}, {}, {}, model.data["tags"])


def _version_row(version: Document) -> Row:
    data = version.data
    attributes = {
        "name": data["name"],
        "version_number": data["version"],
        "run_id": data["run_id"],
        "source_path": data["source"],
        "creation_timestamp": data["creation_timestamp"],
        "last_updated_timestamp": data["last_updated_timestamp"],
    }
    return Row(attributes, {}, {}, data["tags"])
