"""Filter patterns of CloudWatch Logs for lines that are JSON: `{ $.capture.part >= 0 && $.model = "wine" }`.

Of the syntax only comparisons with a number or a quoted text are here, and `&&` between them: the others are refused.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_COMPARISON = re.compile(
    r"\$(?P<path>(?:\.[A-Za-z_][A-Za-z0-9_-]*)+)\s*(?P<sign><=|>=|!=|=|<|>)\s*"
    r'(?:(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|"(?P<text>[^"]*)")'
)
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class _Comparison:
    path: tuple[str, ...]
    sign: str
    value: float | str

    def holds(self, document: Any) -> bool:
        """False where there is nothing at the path, or something of another kind."""
        for name in self.path:
            if not isinstance(document, dict) or name not in document:
                return False
            document = document[name]
        if isinstance(self.value, str):
            return isinstance(document, str) and _SIGNS[self.sign](_matches(self.value, document), True)
        number = isinstance(document, int | float) and not isinstance(document, bool)
        return number and _SIGNS[self.sign](document, self.value)


@dataclass(frozen=True)
class FilterPattern:
    """Made by ``parse``."""

    comparisons: tuple[_Comparison, ...]

    def matches(self, message: str) -> bool:
        """Whether a line is a JSON object for which every comparison holds."""
        if not message.lstrip().startswith("{"):
            return False
        try:
            document = json.loads(message)
        except (ValueError, RecursionError):
            return False
        return all(comparison.holds(document) for comparison in self.comparisons)


def parse(text: str) -> FilterPattern:
    """A pattern in braces. Raises ValueError for syntax that is not here."""
    inner = text.strip()
    if not (inner.startswith("{") and inner.endswith("}")):
        raise ValueError(f"{text!r} is not in braces")
    return FilterPattern(tuple(_comparison(part.strip()) for part in inner[1:-1].split("&&")))


def _comparison(text: str) -> _Comparison:
    found = _COMPARISON.fullmatch(text)
    if found is None:
        raise ValueError(f'the embedded AWS knows `$.a.b >= 0` and `$.a = "x"`, joined by &&, not {text!r}')
    value: float | str = found["text"] if found["number"] is None else float(found["number"])
    if isinstance(value, str) and found["sign"] not in ("=", "!="):
        raise ValueError(f"a text is compared by = or !=, not {text!r}")
    return _Comparison(tuple(found["path"].split(".")[1:]), found["sign"], value)


def _matches(pattern: str, text: str) -> bool:
    """A star stands for any characters."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None
