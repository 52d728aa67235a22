"""The meaning of a comparison: which entity it is about, and a value of the right type."""

from __future__ import annotations

from dataclasses import dataclass

from heirloom.core.errors import Invalid
from heirloom.core.tracking.search.clauses import Clause
from heirloom.core.tracking.search.kinds import (
    ATTRIBUTE,
    DATASET,
    IN,
    IS_NOT_NULL,
    IS_NULL,
    METRIC,
    NUMBER,
    Kind,
    shown,
)
from heirloom.core.tracking.search.words import NAME, Word
from heirloom.core.tracking.search.words import NUMBER as NUMERAL

Value = str | int | float | tuple[str, ...] | None


@dataclass(frozen=True)
class Term:
    """``entity`` is attribute, metric, parameter, tag or dataset, ``key`` as it is called in a row, ``comparator`` in
    capitals; ``value`` is a float for metrics, several texts for lists, and None for IS NULL and IS NOT NULL."""

    entity: str
    key: str
    comparator: str
    value: Value


def term(clause: Clause, kind: Kind) -> Term:
    """What a comparison says. Raises Invalid."""
    entity, key = kind.searched(clause.left)
    value = _value(clause, entity, key, kind)
    allowed = kind.allowed(entity, key)
    if clause.comparator not in allowed:
        name = key if entity == ATTRIBUTE else f"{entity}s.{key}"
        raise Invalid(kind.comparison.format(name=name, comparator=clause.comparator, allowed=shown(allowed)))
    return Term(entity, key, clause.comparator, value)


def _value(clause: Clause, entity: str, key: str, kind: Kind) -> Value:
    if clause.value is None:
        _check_null(entity, key, kind)
        return None
    kind_of_value = kind.type_of(entity, key)
    if kind_of_value in (NUMBER, METRIC):
        return _number(clause.value, entity, key, kind)
    if clause.items is not None:
        _check_list(clause.value, entity, key, kind)
        return clause.items
    return _text(clause.value, entity)


def _check_null(entity: str, key: str, kind: Kind) -> None:
    if kind.nullable and IS_NULL not in kind.allowed(entity, key):
        raise Invalid(f"{IS_NULL} / {IS_NOT_NULL} is only supported for {kind.nullable}, not for '{entity}' '{key}'")


def _check_list(value: Word, entity: str, key: str, kind: Kind) -> None:
    if entity == ATTRIBUTE and key not in kind.lists:
        raise Invalid(
            f"Only {sorted(kind.lists)} attributes support comparison with a list of quoted string values.",
        )
    if IN not in kind.allowed(entity, key):
        raise _no_text(entity, value)


def _number(value: Word, entity: str, key: str, kind: Kind) -> int | float:
    if value.kind == NUMERAL:
        return float(value.text) if entity == METRIC else _whole(value.text)
    if kind.registry and value.quoted and value.text[1:-1].isdecimal():
        return _whole(value.text[1:-1])  # the version of a model is a text in MLflow's own answers
    what = METRIC if entity == METRIC else f"numeric attribute: {key}"
    raise Invalid(f"Expected numeric value type for {what}. Found {value.text}")


def _whole(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:  # a fraction, or more digits than Python cares to read
        return float(text)


def _text(value: Word, entity: str) -> str:
    if value.quoted:
        return value.text[1:-1]
    if value.kind == NAME:
        raise Invalid(
            "Parameter value is either not quoted or unidentified quote types used for string value"
            f" {value.text}. Use either single or double quotes."
        )
    raise _no_text(entity, value)


def _no_text(entity: str, value: Word) -> Invalid:
    of = {ATTRIBUTE: "attributes.", DATASET: "dataset attributes."}.get(entity, f"{entity} (e.g. 'my-value').")
    return Invalid(f"Expected a quoted string value for {of} Got value {value.text}")
