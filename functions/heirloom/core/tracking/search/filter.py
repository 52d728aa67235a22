"""Filters: comparisons that all have to hold. They are compiled once into functions, and held against many rows."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from heirloom.core.errors import Invalid
from heirloom.core.tracking.search.clauses import read_clauses
from heirloom.core.tracking.search.kinds import (
    ATTRIBUTE,
    DATASET,
    ILIKE,
    IN,
    IS_NOT_NULL,
    IS_NULL,
    LIKE,
    LOGGED_MODELS,
    METRIC,
    NOT_IN,
    PARAM,
    TAG,
    Kind,
)
from heirloom.core.tracking.search.like import like
from heirloom.core.tracking.search.row import Row
from heirloom.core.tracking.search.terms import Term, term

PROMPT = "mlflow.prompt.is_prompt"
"""The tag by which a prompt, which is kept as a model, says that it is none."""
Datasets = Sequence[Mapping[str, str | None]]
_Check = Callable[[Row], bool]
_TURNED: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.gt,
    "<=": operator.ge,
    ">": operator.lt,
    ">=": operator.le,
}
"""The comparators with the value that is asked for on the left."""
_PLACES: Mapping[str, Callable[[Row], Mapping[str, Any]]] = {
    ATTRIBUTE: operator.attrgetter("attributes"),
    METRIC: operator.attrgetter("metrics"),
    PARAM: operator.attrgetter("params"),
    TAG: operator.attrgetter("tags"),
}


@dataclass(frozen=True)
class Filter:
    """``terms`` is what it says, in the order in which it says it."""

    terms: tuple[Term, ...]
    checks: tuple[_Check, ...] = field(repr=False, compare=False)

    def holds(self, row: Row) -> bool:
        """Whether the row is asked for. What it does not have is neither equal nor unequal to anything."""
        return all(check(row) for check in self.checks)


def parse_filter(text: str, kind: Kind, datasets: Datasets = ()) -> Filter:
    """The filter that ``text`` says; an empty one holds for all but prompts. Raises Invalid, in MLflow's words.

    ``datasets``, each with dataset_name and perhaps dataset_digest: on one of these the metrics of a logged model have
    to be measured, those that the filter asks for, or any where it asks for none.
    """
    terms = tuple(term(clause, kind) for clause in read_clauses(text, kind))
    if kind is LOGGED_MODELS:
        return Filter(terms, _model_checks(terms, datasets))
    if kind.registry and not _asks_for_prompts(terms):
        plain = [_check(each) for each in terms if not _of_prompts(each)]
        return Filter(terms, (*plain, _is_no_prompt))
    return Filter(terms, tuple(_check(each) for each in terms))


def _check(each: Term) -> _Check:
    if each.comparator in (IS_NULL, IS_NOT_NULL):
        return _presence(each)
    if each.entity == DATASET:
        return _any_dataset(each)
    place, key, compare = _PLACES[each.entity], each.key, comparison(each)

    def check(row: Row) -> bool:
        found = place(row).get(key)
        return found is not None and compare(found)

    return check


def _presence(each: Term) -> _Check:
    place, key, missing = _PLACES[each.entity], each.key, each.comparator == IS_NULL
    return lambda row: (place(row).get(key) is None) is missing


def _any_dataset(each: Term) -> _Check:
    key, compare = each.key, comparison(each)
    return lambda row: any(compare(dataset[key]) for dataset in row.datasets if dataset.get(key) is not None)


def comparison(each: Term) -> Callable[[Any], bool]:
    """Whether a value that is there is the one that a term asks for; not for IS NULL and IS NOT NULL."""
    value: Any = each.value
    if each.comparator in (LIKE, ILIKE):
        return like(value, any_case=each.comparator == ILIKE)
    if each.comparator in (IN, NOT_IN):
        wanted = each.comparator == IN
        values = frozenset(value)
        return lambda found: (found in values) is wanted
    return partial(_TURNED[each.comparator], value)  # a search calls it a hundred thousand times: not through a lambda


def _model_checks(terms: Sequence[Term], datasets: Datasets) -> tuple[_Check, ...]:
    if not all(dataset.get("dataset_name") for dataset in datasets):
        raise Invalid("`dataset_name` in the `datasets` clause must be specified.")
    checks = [_any_point(each, datasets) if each.entity == METRIC else _check(each) for each in terms]
    if datasets and not any(each.entity == METRIC for each in terms):
        checks.append(lambda row: any(_is_on(point, datasets) for point in row.metric_points))
    return tuple(checks)


def _any_point(each: Term, datasets: Datasets) -> _Check:
    """All that was ever logged counts, not only the latest: as the SQL server has it."""
    key, compare = each.key, comparison(each)
    return lambda row: any(
        compare(point["value"])
        for point in row.metric_points
        if point["key"] == key and (not datasets or _is_on(point, datasets))
    )


def _is_on(point: Mapping[str, Any], datasets: Datasets) -> bool:
    return any(
        dataset["dataset_name"] == point.get("dataset_name")
        and dataset.get("dataset_digest") in (None, "", point.get("dataset_digest"))
        for dataset in datasets
    )


def _of_prompts(each: Term) -> bool:
    return each.entity == TAG and each.key == PROMPT


def _asks_for_prompts(terms: Sequence[Term]) -> bool:
    """Whether prompts are wanted, and nothing else; the first comparison with their tag says so."""
    asked = next((each for each in terms if _of_prompts(each)), None)
    return asked is not None and (asked.comparator, str(asked.value).lower()) in (("=", "true"), ("!=", "false"))


def _is_no_prompt(row: Row) -> bool:
    return row.tags.get(PROMPT) != "true"
