"""Orders: by what rows are sorted, ties included, so that every page is cut from the same sequence."""

from __future__ import annotations

import heapq
import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from heirloom.core.errors import Invalid
from heirloom.core.tracking.search.kinds import LOGGED_MODELS, METRIC, PARAM, TAG, Kind
from heirloom.core.tracking.search.row import Row
from heirloom.core.tracking.search.words import NAME, Word, words

T = TypeVar("T")


@dataclass(frozen=True)
class Key:
    """One thing to sort by; the latest point of a logged model's metric, of one dataset if it is named."""

    entity: str
    key: str
    ascending: bool = True
    dataset_name: str = ""
    dataset_digest: str = ""


@dataclass(frozen=True)
class Order:
    """``keys``: the first that tells two rows apart decides."""

    keys: tuple[Key, ...]
    of_points: bool = False

    def sort(self, rows: Iterable[T], row_of: Callable[[T], Row]) -> list[T]:
        """Sorted, with NaN behind all numbers and what is missing behind that, up or down."""
        pairs = [(row_of(item), item) for item in rows]
        for key in reversed(self.keys):
            pairs = _sorted(pairs, self._value(key), key.ascending)
        return [item for _, item in pairs]

    def first(self, row: Row) -> Any:
        """What a row has of the first key."""
        return self._value(self.keys[0])(row)

    def leading(self, values: Sequence[Any], most: int) -> Callable[[Sequence[int], Sequence[Any]], Sequence[int]]:
        """Of numbered rows and what each has of the first key, those that may be among the first ``most`` of all, which
        have these ``values``; some more than needed are, where values are equal."""
        present = [value for value in values if value is not None and value == value]  # noqa: PLR0124
        if len(present) <= most:
            return lambda rows, _: rows
        ascending = self.keys[0].ascending
        if most * 20 < len(present):
            best = (heapq.nsmallest if ascending else heapq.nlargest)(most, present)
        else:
            best = sorted(present, reverse=not ascending)
        bound = best[most - 1]
        # written out for each direction: hundreds of thousands of rows go through here
        if ascending:
            return lambda rows, at: [row for row, has in zip(rows, at, strict=True) if has is not None and has <= bound]
        return lambda rows, at: [row for row, has in zip(rows, at, strict=True) if has is not None and has >= bound]

    def _value(self, key: Key) -> Callable[[Row], Any]:
        name = key.key
        if key.entity == METRIC:
            return (lambda row: _latest(row, key)) if self.of_points else lambda row: row.metrics.get(name)
        if key.entity in (PARAM, TAG):
            return (lambda row: row.params.get(name)) if key.entity == PARAM else lambda row: row.tags.get(name)
        if name == "experiment_id":
            return lambda row: _as_number(row.attributes.get(name))
        return lambda row: row.attributes.get(name)


def parse_order(order_by: Sequence[str], kind: Kind) -> Order:
    """What ``order_by`` says, such as ``metrics.rmse DESC``. Raises Invalid, in MLflow's words."""
    keys = tuple(_key(clause, kind) for clause in order_by)
    if not kind.repeats and len({(key.entity, key.key) for key in keys}) < len(keys):
        raise Invalid(f"`order_by` contains duplicate fields: {list(order_by)}")
    return _complete(keys, kind)


def parse_model_order(order_by: Sequence[Mapping[str, Any]]) -> Order:
    """The same for logged models: each with field_name, and perhaps ascending, dataset_name and dataset_digest."""
    return _complete(tuple(_model_key(each) for each in order_by), LOGGED_MODELS)


def _complete(keys: tuple[Key, ...], kind: Kind) -> Order:
    keys = keys or tuple(Key(*each) for each in kind.usual)
    known = {(key.entity, key.key) for key in keys}
    ties = tuple(Key(*each) for each in kind.ties if each[:2] not in known)
    return Order((*keys, *ties), of_points=kind is LOGGED_MODELS)


def _key(clause: str, kind: Kind) -> Key:
    found = words(clause)
    if clause != clause.strip() or not found or any(word.kind != NAME for word in found) or len(found) > 2:
        raise _no_clause(clause)
    return Key(*kind.sorting(found[0].text), ascending=len(found) == 1 or _ascends(clause, *found))


def _ascends(clause: str, by: Word, how: Word) -> bool:
    if how.keyword in ("ASC", "DESC"):
        return how.keyword == "ASC"
    if by.text == "timestamp":
        raise _no_clause(clause)
    raise Invalid(f"Invalid ordering key in order_by clause '{clause}'.")


def _no_clause(clause: str) -> Invalid:
    return Invalid(f"Invalid order_by clause '{clause}'. Could not be parsed.")


def _model_key(asked: Mapping[str, Any]) -> Key:
    name = asked.get("field_name")
    if not isinstance(name, str) or not name:
        raise Invalid("`field_name` in the `order_by` clause must be specified.")
    ascending = asked.get("ascending", True)
    if not isinstance(ascending, bool):
        raise Invalid(
            f"Value of `ascending` in the `order_by` clause must be a boolean, got {type(ascending)} for field {name}."
        )
    return Key(*_field(name), ascending, asked.get("dataset_name") or "", asked.get("dataset_digest") or "")


def _field(name: str) -> tuple[str, str]:
    before, dot, _ = name.partition(".")
    if dot and before != "metrics":
        raise Invalid(f"Invalid order by field name: {name}. Only metrics are supported.")
    return LOGGED_MODELS.sorting(name.strip())


def _latest(row: Row, key: Key) -> float | None:
    points = [
        point
        for point in row.metric_points
        if point["key"] == key.key
        and (not key.dataset_name or point.get("dataset_name") == key.dataset_name)
        and (not key.dataset_digest or point.get("dataset_digest") == key.dataset_digest)
    ]
    # of those that are equally late the last: max gives the first, so they are looked at from the end
    latest = max(reversed(points), key=lambda point: (point.get("timestamp", 0), point.get("step", 0)), default=None)
    return None if latest is None else latest["value"]


def _as_number(identity: str | None) -> tuple[int, str] | None:
    """The ids of experiments are numbers in MLflow, and sort as such; they may have more digits than an int64."""
    return None if identity is None else (len(identity), identity)


def _sorted(pairs: list[tuple[Row, T]], value_of: Callable[[Row], Any], ascending: bool) -> list[tuple[Row, T]]:
    found, nans, missing = [], [], []
    for pair in pairs:
        value = value_of(pair[0])
        if value is None:
            missing.append(pair)
        elif _is_nan(value):
            nans.append(pair)
        else:
            found.append((value, pair))
    found.sort(key=operator.itemgetter(0), reverse=not ascending)
    return [pair for _, pair in found] + nans + missing


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
