"""Training parameters as SageMaker carries them: texts, given for one job over what model.yaml declares."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from heirloom.core.errors import Invalid, Problem
from heirloom.core.project.definition import Scalar
from heirloom.core.spelling import did_you_mean

_TRUTHS = {"true": True, "false": False}
_KINDS = {bool: "true or false", int: "a whole number", float: "a number"}


def text_of(value: Scalar) -> str:
    """A parameter as hyperparameters carry it; ``overlaid`` reads it back."""
    return value if isinstance(value, str) else json.dumps(value)


def overlaid(declared: Mapping[str, Scalar], given: Mapping[str, str]) -> dict[str, Scalar]:
    """The declared parameters, with those of ``given`` read as the declared value's type.

    Raises Invalid for a parameter that model.yaml does not declare and for a text that is not of its type.
    """
    problems = tuple(problem for name, text in given.items() if (problem := _problem(declared, name, text)))
    if problems:
        raise Invalid("\n".join(map(str, problems)), problems)
    return {**declared, **{name: _read(declared[name], text) for name, text in given.items()}}


def _problem(declared: Mapping[str, Scalar], name: str, text: str) -> Problem | None:
    where = f"hyperparameter {name}"
    if name not in declared:
        known = ", ".join(declared) or "none"
        expected = f"one of training.parameters in model.yaml, which are {known}{did_you_mean(name, declared)}"
        return Problem(where, expected, "an unknown one")
    try:
        _read(declared[name], text)
    except (KeyError, ValueError):
        return Problem(where, _KINDS[type(declared[name])], repr(text))
    return None


def _read(declared: Scalar, text: str) -> Scalar:
    if isinstance(declared, bool):
        return _TRUTHS[text.strip().casefold()]
    if isinstance(declared, int):
        return int(text)
    if isinstance(declared, float):
        number = float(text)
        if not math.isfinite(number):
            raise ValueError(text)
        return number
    return text
