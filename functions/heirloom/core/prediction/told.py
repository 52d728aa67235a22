"""The labels in a request: read, checked, and fitted to what was predicted."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from heirloom.core.clock import stamp
from heirloom.core.errors import Invalid, Problem
from heirloom.core.prediction.records import rank
from heirloom.core.prediction.truth import Answer, Label, expected, fitted

MOST_LABELS = 1000
LONGEST_ID = 64
"""Characters; the ids of predictions have 36."""
LONGEST_LABEL = 1024
"""Characters, as JSON."""
AHEAD = timedelta(minutes=5)
"""How far a caller's clock may be ahead. What is known later than that would stand against all that comes by then."""


@dataclass(frozen=True)
class Told:
    """One label, the ``place``-th of its request. ``at``: when it became known, a stamp; if it is not ``dated``, when
    it came."""

    place: int
    id: str
    label: Label
    at: str
    dated: bool

    @property
    def rank(self) -> str:
        """Of two labels of a prediction the higher one is true."""
        return rank(self.label, self.at)


def labels_of(document: object, now: datetime) -> list[Told]:
    """The labels in ``{"labels": [{"id", "label", "at"}, ...]}``, of which ``at`` may be left out. Raises Invalid with
    each problem."""
    given: Mapping[Any, Any] = document if isinstance(document, Mapping) else {}
    labels = given.get("labels")
    if not isinstance(labels, list) or not 1 <= len(labels) <= MOST_LABELS:
        raise _invalid([Problem("labels", f'a list of 1 to {MOST_LABELS} objects {{"id", "label"}}')])
    problems = [Problem(str(key), "no other key than labels") for key in given if key != "labels"]
    problems += [problem for index, label in enumerate(labels) for problem in _problems(index, label, now)]
    if problems:
        raise _invalid(problems)
    return [
        Told(place, label["id"], label["label"], stamp(_moment(label["at"]) if "at" in label else now), "at" in label)
        for place, label in enumerate(labels)
    ]


def fit(told: Sequence[Told], answer: Callable[[str], Answer]) -> dict[str, Told]:
    """The labels by prediction, as the answers to it would say them; of several for one, that which stands. Raises
    Invalid with each that can't be compared with the answer."""
    said: dict[str, Told] = {}
    wrong: list[Problem] = []
    for each in told:
        label = fitted(each.label, answer(each.id))
        if label is None:
            wrong.append(Problem(f"labels[{each.place}]", expected(answer(each.id)), json.dumps(each.label)[:60]))
            continue
        one = replace(each, label=label)
        said[each.id] = max(said.get(each.id, one), one, key=lambda known: known.rank)
    if wrong:
        raise _invalid(wrong)
    return said


_EXPECTED = (
    f'an object {{"id": text of 1 to {LONGEST_ID} characters, "label": text, finite number or true or false}}, '
    f"the label with at most {LONGEST_LABEL} characters as JSON"
)
_MOMENT = "a moment in ISO 8601 with its zone, such as 2026-11-23T15:10:09Z, that is not to come"


def _problems(index: int, label: object, now: datetime) -> Iterator[Problem]:
    if not _well_formed(label):
        yield Problem(f"labels[{index}]", _EXPECTED)
    elif isinstance(label, Mapping) and "at" in label and not _has_come(label["at"], now):
        yield Problem(f"labels[{index}].at", _MOMENT, json.dumps(label["at"])[:60])


def _well_formed(label: object) -> bool:
    if not isinstance(label, Mapping) or label.keys() - {"at"} != {"id", "label"}:
        return False
    identity, told = label["id"], label["label"]
    named = isinstance(identity, str) and 1 <= len(identity) <= LONGEST_ID
    finite = isinstance(told, str | int) or (isinstance(told, float) and math.isfinite(told))
    return named and finite and len(json.dumps(told)) <= LONGEST_LABEL


def _has_come(at: object, now: datetime) -> bool:
    try:
        return _moment(at) <= now + AHEAD
    except (TypeError, ValueError, OverflowError):
        return False


def _moment(at: Any) -> datetime:
    moment = datetime.fromisoformat(at)
    if moment.tzinfo is None:
        raise ValueError("a time of day without a zone is no moment")
    return moment.astimezone(UTC)


def _invalid(problems: Sequence[Problem]) -> Invalid:
    return Invalid("; ".join(map(str, problems)), tuple(problems))
