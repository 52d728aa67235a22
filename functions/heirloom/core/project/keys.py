"""The keys of a document that a person wrote: walked section by section, every problem remembered, none guessed over.

Called by core/project/sections.py, which says which keys there are, and by reading.py beside it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from heirloom.core.errors import Problem
from heirloom.core.spelling import did_you_mean

Where = tuple[str | int, ...]
Locate = Callable[[Where], int]

PLACEHOLDER = "FILL IN"


class UnexpectedError(Exception):
    """A value is not what its key allows; the argument says what is expected."""


@dataclass(frozen=True)
class Key:
    """One key of a section: ``what`` completes "expected ...", ``read`` checks a value or raises UnexpectedError."""

    what: str
    read: Callable[[Any], Any]
    required: bool = False


class Reader:
    """Walks a document and remembers every problem instead of stopping at the first."""

    def __init__(self, locate: Locate) -> None:
        self.problems: list[Problem] = []
        self._locate = locate

    def refuse(self, where: Where, expected: str, got: str = "") -> None:
        """Remember a problem."""
        name = ".".join(map(str, where)) or "model.yaml"
        self.problems.append(Problem(name, expected, got, self._locate(where)))

    def section(self, document: object, path: Where, keys: Mapping[str, Key]) -> dict[str, Any]:
        """The keys of one mapping that are there and right."""
        if not isinstance(document, Mapping):
            self.refuse(path, f"the keys {_listed(keys)}", shown(document))
            return {}
        for key in document:
            if key not in keys:
                self._refuse_key(path, key, keys)
        for name, key in keys.items():
            if key.required and name not in document:
                self.refuse((*path, name), f"{key.what}; the key is missing")
        found = {
            name: self._value(document[name], (*path, name), key) for name, key in keys.items() if name in document
        }
        return {name: value for name, value in found.items() if value is not None}

    def _refuse_key(self, path: Where, key: object, keys: Mapping[str, Key]) -> None:
        expected = f"one of the known keys {_listed(keys)}{did_you_mean(str(key), keys)}"
        self.refuse((*path, str(key)), expected, f"the unknown key {key!r}")

    def _value(self, value: object, path: Where, key: Key) -> object:
        if isinstance(value, str) and PLACEHOLDER in value:
            self.refuse(path, f"you to fill in {key.what}", repr(value))
            return None
        try:
            return key.read(value)
        except UnexpectedError as problem:
            self.refuse(path, f"{key.what}: {problem}", shown(value))
            return None


def shown(value: object) -> str:
    """A value as a message shows it."""
    if value is None:
        return "nothing"
    plain = repr(value)
    return plain if len(plain) <= 60 else f"{plain[:57]}..."


def mapping(value: object) -> object:
    """Left as it is: the section's own keys are checked when it is walked."""
    return {} if value is None else value


def text(value: object) -> str:
    """A text that says something."""
    if not isinstance(value, str) or not value.strip():
        raise UnexpectedError("a text (put it in quotes where it looks like a number, a date or yes/no)")
    return value.strip()


def matching(pattern: re.Pattern[str], meaning: str) -> Callable[[object], str]:
    """A text of this pattern, which ``meaning`` puts in words."""

    def read(value: object) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise UnexpectedError(meaning)
        return value

    return read


def one_of(allowed: tuple[str, ...]) -> Callable[[object], str]:
    """One of these words."""

    def read(value: object) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise UnexpectedError(f"one of {', '.join(allowed)}")
        return value

    return read


def whole(least: int, most: int, step: int = 1) -> Callable[[object], int]:
    """A whole number, ``most`` included."""

    def read(value: object) -> int:
        if type(value) is not int or not least <= value <= most or value % step:
            multiple = f", a multiple of {step}" if step > 1 else ""
            raise UnexpectedError(f"a whole number from {least} to {most}{multiple}")
        return value

    return read


def real(least: float = -math.inf, most: float = math.inf) -> Callable[[object], float]:
    """A finite number, ``most`` included."""
    limits = f" from {least} to {most}" if math.isfinite(most) else f" from {least}" if math.isfinite(least) else ""

    def read(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UnexpectedError(f"a number{limits}")
        if not math.isfinite(value) or not least <= value <= most:
            raise UnexpectedError(f"a number{limits}")
        return float(value)

    return read


def yes_or_no(value: object) -> bool:
    """true or false: YAML's own, no text that looks like it."""
    if not isinstance(value, bool):
        raise UnexpectedError("true or false")
    return value


def duration(least: str, most: str) -> Callable[[object], str]:
    """A text such as "24 hours" between two such texts, both included; ``seconds`` says how long it is."""

    def read(value: object) -> str:
        if not isinstance(value, str) or not _DURATION.fullmatch(value.strip()):
            raise UnexpectedError(f'a number of minutes, hours or days from {least} to {most}, such as "24 hours"')
        if not seconds(least) <= seconds(value) <= seconds(most):
            raise UnexpectedError(f"{least} to {most}")
        return value.strip()

    return read


def seconds(duration: str) -> int:
    """The seconds of "30 minutes", "24 hours" or "7 days", which ``duration`` has checked."""
    count, _, unit = duration.strip().partition(" ")
    return int(count) * _UNITS[unit.strip().removesuffix("s")]


_UNITS = {"minute": 60, "hour": 3600, "day": 24 * 3600}
_DURATION = re.compile(r"[1-9][0-9]{0,5} +(minute|hour|day)s?")


def _listed(keys: Mapping[str, Key]) -> str:
    return ", ".join(keys)
