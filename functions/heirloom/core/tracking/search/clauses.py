"""The grammar of a filter: comparisons, between which there is AND. What is compared with what is terms.py's matter.

As in MLflow, any number of ANDs may be anywhere between comparisons, at the beginning and at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from heirloom.core.errors import Invalid
from heirloom.core.tracking.search.kinds import ILIKE, IN, IS_NOT_NULL, IS_NULL, LIKE, NOT_IN, Kind
from heirloom.core.tracking.search.words import END, NAME, NUMBER, OPERATOR, TEXT, Word, words

_WORDED = (IS_NOT_NULL, IS_NULL, NOT_IN, IN, LIKE, ILIKE, "RLIKE", "REGEXP", "NOT LIKE", "NOT ILIKE", "NOT RLIKE")
"""Comparators that are words; the last ones are comparators, but nobody's."""
_RESERVED = frozenset({"AND", "OR", "NOT", "IN", "IS", "LIKE", "ILIKE", "TRUE", "FALSE"})
"""Words that are no values, so that a comparison with them is none."""
_LIST = "While parsing a list in the query, expected"


@dataclass(frozen=True)
class Clause:
    """A comparison: ``value`` is None where there is nothing to compare with, and the whole list where it is one;
    ``items`` are the texts in it."""

    left: str
    comparator: str
    value: Word | None = None
    items: tuple[str, ...] | None = None


def read_clauses(text: str, kind: Kind) -> list[Clause]:
    """The comparisons of a filter. Raises Invalid for what is none."""
    found = words(text)
    if text and not found:
        raise Invalid(f"Invalid filter '{text}'. Could not be parsed.")
    if any(word.text == ";" for word in found[:-1]):
        raise Invalid(
            f"Search filter contained multiple expression {text!r}. Provide AND-ed expression list.",
        )
    return list(_Reader(text, found, kind).clauses())


class _Reader:
    """Mutable: goes through the words."""

    def __init__(self, text: str, found: Sequence[Word], kind: Kind) -> None:
        self._text = text
        self._words = found
        self._kind = kind
        self._at = 0

    def clauses(self) -> Iterator[Clause]:
        while self._at < len(self._words):
            if self._word().keyword == "AND":
                self._at += 1
            else:
                yield self._clause()

    def _clause(self) -> Clause:
        left = self._take()
        comparator = self._comparator(left)
        clause = self._compared(left, comparator)
        if left.kind != NAME:
            raise Invalid(f"Invalid comparison clause. Expected 'Identifier' found '{left.text}'")
        return clause

    def _compared(self, left: Word, comparator: str) -> Clause:
        if comparator in (IN, NOT_IN):
            return self._with_list(left, comparator)
        if comparator in (IS_NULL, IS_NOT_NULL):
            return Clause(left.text, comparator)
        value = self._take()
        if value.kind not in (NAME, NUMBER, TEXT) or value.keyword in _RESERVED:
            raise self._no_clause(left)
        return Clause(left.text, comparator, value)

    def _comparator(self, left: Word) -> str:
        if self._word().kind == OPERATOR:
            return self._take().text
        for worded in _WORDED:
            parts = worded.split()
            if [self._word(ahead).keyword for ahead in range(len(parts))] == parts:
                self._at += len(parts)
                return worded
        raise self._no_clause(left)

    def _with_list(self, left: Word, comparator: str) -> Clause:
        opening = self._take()
        if opening.text != "(":
            raise self._no_clause(left)
        items: list[Word] = []
        while (word := self._take()).text != ")":
            if word.kind == END:
                raise self._no_clause(left)
            items.append(word)
        whole = Word(opening.kind, self._text[opening.start : word.start + 1], opening.start)
        return Clause(left.text, comparator, whole, _items(items))

    def _word(self, ahead: int = 0) -> Word:
        at = self._at + ahead
        return self._words[at] if at < len(self._words) else Word(END, "", len(self._text))

    def _take(self) -> Word:
        word = self._word()
        self._at += 1
        return word

    def _no_clause(self, left: Word) -> Invalid:
        return Invalid(self._kind.clauses.format(text=self._text, clauses=f"'{self._text[left.start :]}'"))


def _items(items: Sequence[Word]) -> tuple[str, ...]:
    """The texts of a list. Raises Invalid; a comma may be behind the last one."""
    values, commas = items[::2], items[1::2]
    if not items:
        raise Invalid(f"{_LIST} a non-empty list of string values, but got empty list")
    if any(comma.text != "," for comma in commas) or not all(item.quoted or item.kind == NUMBER for item in values):
        raise Invalid(f"{_LIST} a non-empty list of string values, but got ill-formed list.")
    if not all(item.quoted for item in values):
        got = f"({', '.join(item.text for item in values)})"
        raise Invalid(
            f"{_LIST} string value, punctuation, or whitespace, but got different type in list: {got}",
        )
    return tuple(item.text[1:-1] for item in values)
