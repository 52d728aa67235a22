"""A GraphQL document, read to its operations and fragments: section 2 of the specification.

https://spec.graphql.org/October2021/#sec-Language
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from heirloom.core.errors import Invalid
from heirloom.core.tracking.graphql.tree import (
    Arguments,
    Directives,
    Document,
    Field,
    Inline,
    Operation,
    Selection,
    Spread,
    Variable,
)

DEEPEST = 10
"""Levels of fields below each other; of values in each other as well."""
_IGNORED = re.compile(r"(?:[\s,\ufeff]|#[^\n\r]*)*")
_TOKEN = re.compile(
    r'(?P<string>"(?:[^"\\\n\r]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*")'
    r"|(?P<number>-?(?:0|[1-9]\d{0,99})(?:\.\d{1,99})?(?:[eE][+-]?\d{1,3})?)"
    r"|(?P<name>[_A-Za-z]\w*)|(?P<mark>\.\.\.|[!$&()\[\]{}:=@|])",
    re.ASCII,
)
"""Strings in three quotes are left out: nobody asks with them."""
_WORDS: Mapping[str, Any] = {"true": True, "false": False, "null": None}
_KINDS = ("query", "mutation")
Item = TypeVar("Item")


def parse(text: str) -> Document:
    """What the text says. Raises Invalid where it is no GraphQL, or too deep."""
    reader, operations, fragments = _Reader(text), [], {}
    while reader.kind:
        if reader.value == "fragment":
            reader.take()
            name = reader.name()
            reader.name("on")
            reader.name()
            reader.directives()
            fragments[name] = reader.selections(1)
        else:
            operations.append(_operation(reader))
    return Document(tuple(operations), fragments)


def _operation(reader: _Reader) -> Operation:
    name, usual = "", {}
    if reader.value != "{":
        if reader.value not in _KINDS:
            raise reader.wrong("query, mutation or fragment")
        reader.take()
        name = reader.take() if reader.kind == "name" else ""
        usual = dict(reader.many("(", reader.variable, ")")) if reader.value == "(" else {}
        reader.directives()
    return Operation(name, {key: value for key, value in usual.items() if value is not ...}, reader.selections(1))


class _Reader:
    """Goes through the tokens of a text; ``kind`` and ``value`` are those of the one it stands at, empty at the end."""

    def __init__(self, text: str) -> None:
        self._text, self._place = text, 0
        self._step()

    def take(self) -> str:
        """The token, after which it stands at the next one."""
        value = self.value
        self._step()
        return value

    def skip(self, mark: str) -> None:
        """Past a mark. Raises Invalid where it is not there."""
        if self.value != mark:
            raise self.wrong(mark)
        self._step()

    def name(self, expected: str = "") -> str:
        """A name; the ``expected`` one. Raises Invalid."""
        if self.kind != "name" or (expected and self.value != expected):
            raise self.wrong(expected or "a name")
        return self.take()

    def many(self, start: str, one: Callable[[], Item], end: str) -> list[Item]:
        """One and more between two marks. Raises Invalid."""
        self.skip(start)
        found = [one()]
        while self.value != end:
            found.append(one())
        self.skip(end)
        return found

    def variable(self) -> tuple[str, Any]:
        """What stands in the head of an operation: a name and the value it has usually, ``...`` for none."""
        self.skip("$")
        name = self.name()
        self.skip(":")
        while self.value in ("[", "]", "!") or self.kind == "name":
            self.take()
        usual: Any = ...
        if self.value == "=":
            self.take()
            usual = self.constant(1)
        self.directives()
        return name, usual

    def directives(self) -> Directives:
        """Any number of them."""
        found = {}
        while self.value == "@":
            self.take()
            name = self.name()
            found[name] = self.arguments()
        return found

    def arguments(self) -> Arguments:
        """Those in parentheses, if there are any."""
        return dict(self.many("(", lambda: self._pair(1), ")")) if self.value == "(" else {}

    def selections(self, depth: int) -> tuple[Selection, ...]:
        """The fields in braces. Raises Invalid where that is too deep."""
        if depth > DEEPEST:
            raise Invalid(f"Query exceeds maximum depth of {DEEPEST}")
        return tuple(self.many("{", lambda: self._selection(depth), "}"))

    def constant(self, depth: int) -> Any:
        """A value. Raises Invalid."""
        if depth > DEEPEST:
            raise Invalid(f"A value exceeds the maximum depth of {DEEPEST}")
        match self.kind, self.value:
            case _, "$":
                self.take()
                return Variable(self.name())
            case _, "[":
                return self._list(depth)
            case _, "{":
                return self._object(depth)
            case "name", value:
                return _WORDS.get(self.take(), value)
            case "number" | "string", value:
                self.take()
                return json.loads(value, strict=False)
        raise self.wrong("a value")

    def wrong(self, expected: str) -> Invalid:
        """What is said of a text that is not as it should be."""
        return Invalid(f"Syntax Error: Expected {expected}, found {self.value or '<EOF>'!r}.")

    def _list(self, depth: int) -> list[Any]:
        self.skip("[")
        found = []
        while self.value != "]":
            found.append(self.constant(depth + 1))
        self.skip("]")
        return found

    def _object(self, depth: int) -> dict[str, Any]:
        self.skip("{")
        found = {}
        while self.value != "}":
            name, value = self._pair(depth + 1)
            found[name] = value
        self.skip("}")
        return found

    def _pair(self, depth: int) -> tuple[str, Any]:
        name = self.name()
        self.skip(":")
        return name, self.constant(depth)

    def _selection(self, depth: int) -> Selection:
        if self.value == "...":
            self.take()
            return self._fragment(depth)
        key = name = self.name()
        if self.value == ":":
            self.take()
            name = self.name()
        arguments, directives = self.arguments(), self.directives()
        below = self.selections(depth + 1) if self.value == "{" else ()
        return Field(name, key, arguments, directives, below)

    def _fragment(self, depth: int) -> Selection:
        if self.kind == "name" and self.value != "on":
            return Spread(self.take(), self.directives())
        if self.kind == "name":
            self.take()
            self.name()
        return Inline(self.directives(), self.selections(depth + 1))

    def _step(self) -> None:
        self._place = _IGNORED.match(self._text, self._place).end()  # type: ignore[union-attr] # it matches nothing, too
        found = _TOKEN.match(self._text, self._place)
        if found is None and self._place < len(self._text):
            raise Invalid(f"Syntax Error: Unexpected character: {self._text[self._place]!r}.")
        self.kind = found.lastgroup or "" if found else ""
        self.value = found[0] if found else ""
        self._place = found.end() if found else self._place
