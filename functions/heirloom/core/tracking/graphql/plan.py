"""Which fields a query asks for, once its fragments and variables are put in; what asks for too much is refused.

The limits and their words are those of MLflow's server: no query costs much.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from heirloom.core.errors import Invalid
from heirloom.core.tracking.graphql.syntax import DEEPEST
from heirloom.core.tracking.graphql.tree import (
    Directives,
    Document,
    Field,
    Inline,
    Operation,
    Selection,
    Spread,
    Variable,
)

MOST_ROOT_FIELDS, MOST_ALIASES, MOST_SELECTIONS = 10, 10, 1000
"""At the root; below one field; in all."""
MOST_FRAGMENTS = 50
"""This limit is our own: fragments may stand in each other."""


@dataclass(frozen=True)
class Wanted:
    """A field of the answer: ``key`` is its name there, ``fields`` what is wanted of it."""

    name: str
    key: str
    arguments: Mapping[str, Any]
    fields: tuple[Wanted, ...]


def planned(document: Document, name: str, variables: Mapping[str, Any]) -> tuple[Wanted, ...]:
    """The fields that the operation of this name asks for. Raises Invalid."""
    operation = _operation(document, name)
    if len(document.fragments) > MOST_FRAGMENTS:
        raise _too_many(MOST_FRAGMENTS, "fragments", len(document.fragments))
    plan = _Plan(document.fragments, {**operation.usual, **variables})
    fields = plan.fields(operation.selections, 1)
    if len(fields) > MOST_ROOT_FIELDS:
        raise _too_many(MOST_ROOT_FIELDS, "root fields", len(fields))
    if plan.aliases > MOST_ALIASES:
        raise _too_many(MOST_ALIASES, "aliases", plan.aliases)
    return fields


class _Plan:
    """Counts what it goes through; ``aliases`` are the most that stand together."""

    def __init__(self, fragments: Mapping[str, tuple[Selection, ...]], variables: Mapping[str, Any]) -> None:
        self._fragments, self._variables, self._selections = fragments, variables, 0
        self.aliases = 0

    def fields(self, selections: tuple[Selection, ...], depth: int) -> tuple[Wanted, ...]:
        """The fields of a level, a key once: what is wanted of it here and there is put together."""
        if depth > DEEPEST:
            raise Invalid(f"Query exceeds maximum depth of {DEEPEST}")
        together: dict[str, list[Field]] = {}
        for field in self._flat(selections, set()):
            self._selections += 1
            if self._selections > MOST_SELECTIONS:
                raise Invalid(f"Query exceeds maximum total selections of {MOST_SELECTIONS}")
            together.setdefault(field.key, []).append(field)
        self.aliases = max(self.aliases, sum(one.key != one.name for same in together.values() for one in same))
        return tuple(self._wanted(same, depth) for same in together.values())

    def _wanted(self, same: list[Field], depth: int) -> Wanted:
        below = tuple(selection for field in same for selection in field.selections)
        first = same[0]
        return Wanted(first.name, first.key, self._valued(first.arguments), self.fields(below, depth + 1))

    def _flat(self, selections: tuple[Selection, ...], seen: set[str]) -> Iterator[Field]:
        """The fields, with those of fragments, each fragment once."""
        for selection in selections:
            if not self._asked_for(selection.directives):
                continue
            match selection:
                case Field():
                    yield selection
                case Inline():
                    yield from self._flat(selection.selections, seen)
                case Spread(name) if name not in seen:
                    seen.add(name)
                    yield from self._flat(self._fragment(name), seen)

    def _fragment(self, name: str) -> tuple[Selection, ...]:
        if name not in self._fragments:
            raise Invalid(f'Unknown fragment "{name}".')
        return self._fragments[name]

    def _asked_for(self, directives: Directives) -> bool:
        told = {name: self._valued(arguments).get("if") for name, arguments in directives.items()}
        return told.get("skip") is not True and told.get("include") is not False

    def _valued(self, value: Any) -> Any:
        """The value with those of its variables; one that has none is left out of an object."""
        match value:
            case Variable(name):
                return self._variables.get(name)
            case Mapping():
                known = {key: each for key, each in value.items() if not self._missing(each)}
                return {key: self._valued(each) for key, each in known.items()}
            case list():
                return [self._valued(each) for each in value]
            case _:
                return value

    def _missing(self, value: Any) -> bool:
        return isinstance(value, Variable) and value.name not in self._variables


def _operation(document: Document, name: str) -> Operation:
    found = [each for each in document.operations if not name or each.name == name]
    if not found:
        raise Invalid(f'Unknown operation named "{name}".' if name else "Must provide an operation.")
    if len(found) > 1:
        raise Invalid("Must provide operation name if query contains multiple operations.")
    return found[0]


def _too_many(most: int, what: str, got: int) -> Invalid:
    return Invalid(f"GraphQL queries should have at most {most} {what}, got {got} {what}.")
