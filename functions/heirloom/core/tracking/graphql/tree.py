"""What a GraphQL document is made of, as far as it is read here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Variable:
    """Stands for a value that comes with the request."""

    name: str


Arguments = Mapping[str, Any]
"""Values are plain JSON with Variables in it."""
Directives = Mapping[str, Arguments]


@dataclass(frozen=True)
class Field:
    """``key`` is its name in the answer."""

    name: str
    key: str
    arguments: Arguments
    directives: Directives
    selections: tuple[Selection, ...]


@dataclass(frozen=True)
class Spread:
    """The fields of a fragment that has a name."""

    fragment: str
    directives: Directives


@dataclass(frozen=True)
class Inline:
    """Fields that stand together, which counts as a level; the type that they are of is not looked at."""

    directives: Directives
    selections: tuple[Selection, ...]


Selection = Field | Spread | Inline


@dataclass(frozen=True)
class Operation:
    """``usual`` has the variables' values where the request gives none."""

    name: str
    usual: Mapping[str, Any]
    selections: tuple[Selection, ...]


@dataclass(frozen=True)
class Document:
    """All of a query's text; the fragments by name."""

    operations: tuple[Operation, ...]
    fragments: Mapping[str, tuple[Selection, ...]]
