"""The grammar of CloudWatch metric math: text in, a tree out. Pure; nothing is evaluated here, and never by ``eval``.

Operators, loosest first: OR ||, AND &&, == != < <= > >=, + -, * /, unary -, ^. Operands: numbers, "text", names of
metrics and expressions, FUNCTION(...), [array], (group). See "Metric math syntax and functions".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_WORD = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|(?P<name>[A-Za-z]\w*)|(?P<text>\"[^\"]*\"|'[^']*')"
    r"|(?P<sign>==|!=|<=|>=|&&|\|\||[-+*/^()<>,\[\]]))"
)
_SYNONYMS = {"&&": "AND", "||": "OR"}
_LEVELS = (("OR",), ("AND",), ("==", "!=", "<", "<=", ">", ">="), ("+", "-"), ("*", "/"))
_DEEPEST = 50


class ExpressionError(ValueError):
    """An expression that can't be parsed, or asks for what is not supported; the message says what and where."""


@dataclass(frozen=True)
class Number:
    value: float


@dataclass(frozen=True)
class Text:
    value: str


@dataclass(frozen=True)
class Name:
    value: str


@dataclass(frozen=True)
class Array:
    items: tuple[Node, ...]


@dataclass(frozen=True)
class Call:
    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Operation:
    """``sign`` over one operand (unary minus) or two."""

    sign: str
    operands: tuple[Node, ...]


Node = Number | Text | Name | Array | Call | Operation
_Rule = Callable[[], Node]


def parse(expression: str) -> Node:
    """The tree of the expression; raises ExpressionError."""
    parser = _Parser(expression)
    node = parser.operation(0)
    if parser.peek():
        raise ExpressionError(f"unexpected {parser.peek()!r} in the expression {expression!r}")
    return node


class _Parser:
    """Recursive descent: one method a kind of node."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._words = _words(expression)
        self._next = 0
        self._depth = 0

    def peek(self) -> str:
        return self._words[self._next][1] if self._next < len(self._words) else ""

    def operation(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        node = self.operation(level + 1)
        while self.peek() in _LEVELS[level]:
            node = Operation(self._take()[1], (node, self.operation(level + 1)))
        return node

    def _unary(self) -> Node:
        if self.peek() == "-":
            self._take()
            return Operation("-", (self._nested(self._unary),))
        base = self._operand()
        if self.peek() == "^":
            self._take()
            return Operation("^", (base, self._nested(self._unary)))
        return base

    def _operand(self) -> Node:
        kind, word = self._take()
        if kind == "number":
            return Number(float(word))
        if kind == "text":
            return Text(word[1:-1])
        if kind == "name":
            return Call(word, self._items(")")) if self._skip("(") else Name(word)
        if word == "[":
            return Array(self._items("]"))
        if word == "(":
            node = self._nested(self._group)
            self._expect(")")
            return node
        raise ExpressionError(f"unexpected {word!r} in the expression {self._expression!r}")

    def _group(self) -> Node:
        return self.operation(0)

    def _items(self, end: str) -> tuple[Node, ...]:
        items: list[Node] = []
        while not self._skip(end):
            if items:
                self._expect(",")
            items.append(self._nested(self._group))
        return tuple(items)

    def _nested(self, rule: _Rule) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ExpressionError(
                f"the expression {self._expression[:40]!r}... is nested deeper than {_DEEPEST} levels"
            )
        node = rule()
        self._depth -= 1
        return node

    def _take(self) -> tuple[str, str]:
        if self._next == len(self._words):
            raise ExpressionError(f"the expression {self._expression!r} ends too early")
        self._next += 1
        return self._words[self._next - 1]

    def _skip(self, word: str) -> bool:
        if self.peek() == word:
            self._next += 1
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._skip(word):
            found = self.peek() or "its end"
            raise ExpressionError(f"expected {word!r}, got {found!r} in the expression {self._expression!r}")


def _words(expression: str) -> list[tuple[str, str]]:
    words: list[tuple[str, str]] = []
    position, end = 0, len(expression.rstrip())
    while position < end:
        found = _WORD.match(expression, position)
        if not found or not found.lastgroup:
            raise ExpressionError(f"can't read {expression[position:]!r} in the expression {expression!r}")
        word = found[found.lastgroup]
        words.append(("sign", _SYNONYMS.get(word, word)) if word in _SYNONYMS else _classify(found.lastgroup, word))
        position = found.end()
    return words


def _classify(kind: str, word: str) -> tuple[str, str]:
    return ("sign", word) if word in ("AND", "OR") else (kind, word)
