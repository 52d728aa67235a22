"""What is true of a prediction: which of its labels stands, and whether that is what was predicted.

Labels come from people, CSV files and other programs, so the same class may be ``true``, ``"True"`` or 1. A label is
read as the image reads the labels that it trains on (core/dataset/cells.py), as the kind of class that was answered.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from heirloom.core.dataset.cells import MISSING, is_number
from heirloom.core.prediction.records import Record

Label = str | int | float | bool
Answer = Mapping[str, Any]
"""What was predicted: ``label``, or ``value`` for a regression; neither where a large row was kept in pieces."""

_TRUTHS = {"true": True, "false": False, "1": True, "0": False}
_LARGEST_WHOLE = 2**53
"""A float above may be another whole number than the one that was meant."""


def truth(label: Record, correction: Record | None) -> Record:
    """Which of the first label of a prediction and its correction stands: that of the higher rank."""
    return label if correction is None or correction.rank <= label.rank else correction


def fitted(label: Label, answer: Answer) -> Label | None:
    """The label as an answer of this kind would say it, so that equal ones are equal; None where it can't be one.

    As it is where there is no answer to go by: none was kept, or it is null.
    """
    match answer:
        case {"label": bool()}:
            return _truth(label)
        case {"label": int() | float() as number}:
            return _class_number(label, whole=isinstance(number, int))
        case {"label": str() as text}:
            return _text(label, text)
        case {"value": _} if "label" not in answer:
            return _number(label)
    return label


def expected(answer: Answer) -> str:
    """What ``fitted`` takes beside an answer of this kind, in words."""
    match answer:
        case {"label": bool()}:
            return "true or false, as the model answers"
        case {"label": int()}:
            return "a whole number, as the model answers"
        case {"label": str()}:
            return "a text, as the model answers"
    return "a finite number, as the model answers"


def correct(answer: Answer, label: Label, tolerance: float | None) -> bool | None:
    """Whether the answer was right: the same class, or a value at most ``tolerance`` off. None where nothing says so:
    a value without a tolerance, or an answer that was not kept. An answer of null is wrong."""
    if "label" in answer:
        return bool(answer["label"] == fitted(label, answer))
    if "value" not in answer or tolerance is None:
        return None
    off = error(answer, label)
    return off is not None and abs(off) <= tolerance


def error(answer: Answer, label: Label) -> float | None:
    """The value less the label; None for a class, and where one of them is no number."""
    value, true = _number(answer.get("value")), _number(label)
    if "label" in answer or value is None or true is None:
        return None
    off = float(value) - float(true)
    return off if math.isfinite(off) else None


def plain(number: float) -> int | float:
    """The same number, as a whole one where it is one: JSON has 3 and 3.0."""
    return int(number) if abs(number) <= _LARGEST_WHOLE and number == int(number) else number


def _number(label: object) -> int | float | None:
    """A finite number, also in words that CSV has for it."""
    if isinstance(label, str):
        return plain(float(label)) if is_number(label) else None
    if isinstance(label, bool) or not isinstance(label, int | float):
        return None
    try:
        return plain(label) if math.isfinite(label) else None
    except OverflowError:  # a whole number that no float can hold
        return None


def _class_number(label: Label, *, whole: bool) -> int | float | None:
    """A class that is a number, where true and false are 1 and 0."""
    if isinstance(label, int) and not isinstance(label, bool):
        return label
    number, told = _number(label), _truth(label)
    if number is None and told is not None:
        return int(told)
    return None if whole and isinstance(number, float) else number


def _truth(label: Label) -> bool | None:
    if isinstance(label, str) and label.strip().casefold() in _TRUTHS:
        return _TRUTHS[label.strip().casefold()]
    number = int(label) if isinstance(label, bool) else _number(label)
    return bool(number) if number in (0, 1) else None


def _text(label: Label, answer: str) -> str | None:
    """A class whose name is a text. A number is the answer if it is written there, in whatever way; so are true and
    false, which say nothing beside an answer such as yes."""
    if isinstance(label, str):
        return None if label.strip() in MISSING else label.strip()
    if isinstance(label, bool):
        told = _TRUTHS.get(answer.strip().casefold())
        return None if told is None else answer if told == label else json.dumps(label)
    if is_number(answer) and float(answer) == label:
        return answer
    return json.dumps(plain(label))
