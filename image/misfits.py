"""What is wrong with rows that do not fit a schema, in words. Asked only when something is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice

from heirloom.core.dataset.schema import Schema
from heirloom.core.spelling import did_you_mean
from image.formats import Record
from image.refusal import FieldError, RefusedRequest, shown, unfit

_MOST_ERRORS = 20
_MOST_NAMED = 10
_LONGEST_GUESSED = 60

# A category may be a whole number, as in a CSV, where 10001 is read as the text of a category column.
ALLOWED: Mapping[str, frozenset[type]] = {
    "number": frozenset([int, float, type(None)]),
    "category": frozenset([str, int, type(None)]),
    "text": frozenset([str, type(None)]),
}
EXPECTED = {"number": "a number or null", "category": "a text or null", "text": "a text or null"}

_Found = Iterator[tuple[str, Callable[[], str]]]
"""Places, and the words for what is wrong there, which are made only for those that are told."""


def seen_by(schema: Schema) -> dict[str, frozenset[str | None]]:
    """The cells that a category column may hold, where it may not hold others."""
    if schema.unseen != "refuse":
        return {}
    return {name: frozenset([*seen, None]) for name, seen in schema.categories.items()}


def misfit(records: Sequence[Record], schema: Schema) -> RefusedRequest:
    """All that is wrong with records, of which something is: first names, then types, then categories."""
    for problems in (_names, _types, _categories):
        if refused := _told(problems(records, schema)):
            return refused
    raise AssertionError("rows that fit were held for wrong")


def _told(found: _Found) -> RefusedRequest | None:
    """The first problems in words, of the rest the number; None where there are none."""
    errors = [FieldError(place, words()) for place, words in islice(found, _MOST_ERRORS)]
    return unfit(errors, sum(1 for _ in found)) if errors else None


def _names(records: Sequence[Record], schema: Schema) -> _Found:
    for index, record in enumerate(records):
        for name, kind in schema.features.items():
            if name not in record:
                yield f"inputs[{index}].{name}", partial("expected {}, but the field is missing".format, EXPECTED[kind])
        for name in record:
            if name not in schema.features:
                yield f"inputs[{index}].{name}", partial(_unknown_name, name, schema)


def _unknown_name(name: str, schema: Schema) -> str:
    known = ", ".join(islice(schema.features, _MOST_ERRORS))
    return f"expected only the fields {known}{did_you_mean(name, schema.features)}, got an unknown one"


def _types(records: Sequence[Record], schema: Schema) -> _Found:
    for name, kind in schema.features.items():
        for index, record in enumerate(records):
            if type(record[name]) not in ALLOWED[kind]:
                yield f"inputs[{index}].{name}", partial(_wrong_type, kind, record[name])


def _wrong_type(kind: str, cell: object) -> str:
    return f"expected {EXPECTED[kind]}, got {shown(cell)}"


def _categories(records: Sequence[Record], schema: Schema) -> _Found:
    for name, seen in seen_by(schema).items():
        for index, record in enumerate(records):
            cell = str(record[name]) if type(record[name]) is int else record[name]
            if cell not in seen:
                yield f"inputs[{index}].{name}", partial(_unseen, cell, schema.categories[name])


def _unseen(cell: str, known: Sequence[str]) -> str:
    others = f" or {len(known) - _MOST_NAMED} others" if len(known) > _MOST_NAMED else ""
    hint = did_you_mean(cell, known) if len(cell) <= _LONGEST_GUESSED else ""
    return f"expected a value that training has seen: {', '.join(known[:_MOST_NAMED])}{others}{hint}, got {shown(cell)}"
