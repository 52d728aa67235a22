"""The words of a filter or an order: a text, cut where MLflow's SQL parser cuts it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

NAME, NUMBER, TEXT, OPERATOR, PUNCTUATION, OTHER, END = (
    "name",
    "number",
    "text",
    "operator",
    "punctuation",
    "other",
    "end",
)
_NUMERAL = r"(?:-?\d+(?:\.\d+)?e-?\d+|-?(?:\d+\.\d*|\.\d+)|-?\d+)(?!\w)"
_SINGLE = r"'(?:''|\\'|[^'])*'"
_DOUBLE = r'"(?:""|\\"|[^"])*"'
_TICKED = r"`(?:``|[^`])*`"
_PART = rf"(?:{_TICKED}|{_DOUBLE}|(?!\d)\w+)"
_FURTHER = rf"(?:{_TICKED}|{_DOUBLE}|{_SINGLE}|(?!{_NUMERAL})\w+)"
_WORDS = re.compile(
    rf"\s+|(?P<{NUMBER}>{_NUMERAL})|(?P<{NAME}>{_PART}(?:\.{_FURTHER})*|\w+)|(?P<{TEXT}>{_SINGLE})"
    rf"|(?P<{OPERATOR}>[<>=~!]+)|(?P<{PUNCTUATION}>[(),;])|(?P<{OTHER}>.)",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Word:
    """``kind``: NAME for what may be an identifier, which is a value too where it is in double quotes; TEXT for what is
    in single ones. ``start`` is where it stands."""

    kind: str
    text: str
    start: int

    @property
    def keyword(self) -> str:
        """In capitals, of a plain word; of others nothing."""
        return self.text.upper() if self.kind == NAME and self.text.isidentifier() else ""

    @property
    def quoted(self) -> bool:
        """Whether it is a text, in quotes of either sort."""
        return self.kind == TEXT or (self.kind == NAME and len(self.text) > 1 and self.text[0] == self.text[-1] == '"')


def words(text: str) -> list[Word]:
    """All of them, without what is between them."""
    return list(_words(text))


def _words(text: str) -> Iterator[Word]:
    for found in _WORDS.finditer(text):
        if found.lastgroup:
            yield Word(found.lastgroup, found.group(), found.start())
