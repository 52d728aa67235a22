"""A request of the protocol: its parameters, which come as JSON, in the query or in the path, read by type.

What is wrong is said in the words of MLflow's own server, since people and tests look for them:
https://mlflow.org/docs/latest/rest-api.html
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from heirloom.core.errors import Invalid

_SEE = " See the API docs for more information about request parameters."
_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


@dataclass(frozen=True)
class Asked:
    """``values``: the parameters by name; of the query a list each, ``in_query``."""

    values: Mapping[str, Any]
    in_query: bool = False

    def has(self, name: str) -> bool:
        """Whether it is given, and is not null."""
        return self.values.get(name) is not None

    def text(self, name: str, usual: str = "") -> str:
        """A text; ``usual`` where it is missing. Raises Invalid for anything else."""
        value = self._one(name)
        if value is None:
            return usual
        if not isinstance(value, str):
            raise self._wrong(name, value)
        return value

    def needed(self, name: str) -> str:
        """A text that is not empty. Raises Invalid."""
        value = self.text(name)
        if not value:
            raise missing(name)
        return value

    def whole(self, name: str, usual: int = 0) -> int:
        """A whole number, which may come as a text. Raises Invalid."""
        value = self._one(name)
        if value is None:
            return usual
        found = _whole(value)
        if found is None:
            raise self._wrong(name, value)
        return found

    def number(self, name: str) -> float:
        """A number, which may come as a text: MLflow writes NaN and the infinities so. Raises Invalid."""
        value = self._one(name)
        if value is None:
            raise missing(name)
        found = _number(value)
        if found is None:
            raise self._wrong(name, value)
        return found

    def yes(self, name: str, usual: bool = False) -> bool:
        """A boolean; in a query true or false. Raises Invalid."""
        value = self._one(name)
        if value is None:
            return usual
        if self.in_query and str(value).lower() in ("true", "false"):
            return str(value).lower() == "true"
        if not isinstance(value, bool):
            raise self._wrong(name, value)
        return value

    def texts(self, name: str) -> list[str]:
        """A list of texts. Raises Invalid."""
        values = self._many(name)
        if not all(isinstance(value, str) for value in values):
            raise self._wrong(name, values)
        return values

    def items(self, name: str) -> list[Asked]:
        """A list of objects. Raises Invalid."""
        values = self._many(name)
        if not all(isinstance(value, dict) for value in values):
            raise self._wrong(name, values)
        return [Asked(value) for value in values]

    def item(self, name: str) -> Asked:
        """An object; an empty one where it is missing. Raises Invalid."""
        value = self.values.get(name)
        if value is None:
            return Asked({})
        if not isinstance(value, dict):
            raise self._wrong(name, value)
        return Asked(value)

    def pairs(self, name: str) -> list[tuple[str, str]]:
        """A list of objects with a key and a value, as tags and parameters are told. Raises Invalid."""
        return [(each.text("key"), each.text("value")) for each in self.items(name)]

    def _one(self, name: str) -> Any:
        value = self.values.get(name)
        return value[0] if self.in_query and isinstance(value, list) and value else value

    def _many(self, name: str) -> list[Any]:
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(name, value)
        return value

    @staticmethod
    def _wrong(name: str, value: Any) -> Invalid:
        hint = f" Hint: Value was of type '{type(value).__name__}'."
        return Invalid(invalid(name, value, hint) + _SEE)


def missing(name: str) -> Invalid:
    """What is said of a parameter that has to be there."""
    return Invalid(f"Missing value for required parameter '{name}'.{_SEE}")


def invalid(name: str, value: Any, why: str = "") -> str:
    """What is said of a parameter that can't be so, with why."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return f"Invalid value {text} for parameter '{name}' supplied{f': {why}' if why else '.'}"


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        return int(value) if isinstance(value, str) or float(value).is_integer() else None
    except (ValueError, TypeError, OverflowError):
        return None


def _number(value: Any) -> float | None:
    if not isinstance(value, str | int | float):
        return None
    try:
        return _FLOATS[value] if value in _FLOATS else float(value)
    except (ValueError, OverflowError):
        return None
