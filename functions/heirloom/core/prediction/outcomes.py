"""From predictions and their labels to what the monitor and the trials count of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any

from heirloom.core.monitoring.observation import Outcome, Outcomes
from heirloom.core.prediction.records import CORRECTION, Record
from heirloom.core.prediction.request import is_probe
from heirloom.core.prediction.truth import correct, error, plain
from heirloom.core.project.definition import Project
from heirloom.core.release.trial import Arm, Tally

LONGEST_SLICE = 64
"""Characters of the value of a slice."""
_LARGEST = 350_000  # bytes of the outcomes of one item of DynamoDB, which may have 400 KB
_OUTCOME = 250  # bytes of an outcome, as JSON
_ESCAPED = 12  # bytes of a character, as JSON in ASCII: a surrogate pair

Pair = tuple[Record, Record]
"""A prediction and its label, or the correction of that."""


def most_outcomes(project: Project | None) -> int:
    """How many of them fit into one record, whatever the values of the slices."""
    slices = sum(_ESCAPED * (len(column) + LONGEST_SLICE) for column in _slices(project))
    return max(1, _LARGEST // (_OUTCOME + slices))


def outcomes_of(pairs: Iterable[Pair], project: Project | None) -> tuple[Outcome, ...]:
    """What the monitor is told, in the order of the ids, so that it is the same whoever tells it. Left out is what is
    neither right nor wrong (core/prediction/truth.py), and what was asked by a probe."""
    found = (_outcome(*pair, project) for pair in sorted(pairs, key=lambda pair: pair[0].id))
    return tuple(outcome for outcome in found if outcome is not None)


def corrected_of(pairs: Sequence[Pair], project: Project | None, at: str) -> list[Outcomes]:
    """What the monitor is told of corrections, by version; named by its content, so that the same has one name."""
    by_version: dict[int, list[Pair]] = {}
    for pair in pairs:
        by_version.setdefault(pair[0].version, []).append(pair)
    most = most_outcomes(project)
    found = []
    for version, group in by_version.items():
        outcomes, model = outcomes_of(group, project), group[0][0].model
        for part in (outcomes[start : start + most] for start in range(0, len(outcomes), most)):
            content = json.dumps([model, version, [vars(outcome) for outcome in part]])
            name = f"correction-{blake2b(content.encode(), digest_size=16).hexdigest()}"
            found.append(Outcomes(name, model, version, at, part))
    return found


def tallies(pairs: Iterable[Pair], project: Project | None) -> dict[str, Tally]:
    """What the trials count, by release. What the champion answered in the canary's place says nothing of the canary,
    and is not the champion's share."""
    found: dict[str, Tally] = {}
    for prediction, label in pairs:
        told, right = prediction.data, _correct(prediction, label, project)
        if told["release"] is not None and not told["fallback"] and right is not None:
            arm = Arm(labelled=1, wrong=int(not right))
            one = Tally(canary=arm) if told["arm"] == "canary" else Tally(champion=arm)
            found[told["release"]] = found.get(told["release"], Tally()) + one
    return found


def _outcome(prediction: Record, label: Record, project: Project | None) -> Outcome | None:
    right = _correct(prediction, label, project)
    if right is None or is_probe(prediction.data.get("entity")):
        return None
    at = label.data.get("at", label.at)  # of a label that was kept before labels had one: when it came
    return Outcome(
        id=prediction.id,
        correct=right,
        error=error(answer_of(prediction), label.data["label"]),
        seconds=_seconds(prediction.at, at),
        slices={column: _text(prediction.data.get("input", {}).get(column)) for column in _slices(project)},
        corrected=at if label.part == CORRECTION else None,
    )


def answer_of(prediction: Record) -> Mapping[str, Any]:
    """What was answered; {} of a row that was kept in pieces."""
    answer: Mapping[str, Any] = prediction.data.get("answer", {})
    return answer


def _correct(prediction: Record, label: Record, project: Project | None) -> bool | None:
    tolerance = project.slo.rolling_accuracy.tolerance if project else None
    return correct(answer_of(prediction), label.data["label"], tolerance)


def _slices(project: Project | None) -> tuple[str, ...]:
    return project.slices if project else ()


def _seconds(since: str, until: str) -> float:
    return max(0.0, (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds())


def _text(value: object) -> str:
    """The value of a slice; the same for 3 and 3.0, which callers' programs write as they like."""
    if value is None:
        return ""
    told = value if isinstance(value, str) else json.dumps(plain(value) if isinstance(value, float) else value)
    return told[:LONGEST_SLICE]
