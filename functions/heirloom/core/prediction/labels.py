"""Labels: what really happened, told later by who asked. Each counts once, the first one that comes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from heirloom.core.clock import stamp
from heirloom.core.errors import Invalid, Problem
from heirloom.core.prediction.records import BATCH, LABEL, PREDICTION, Key, Predictions, Record
from heirloom.core.release.trial import Answers, Arm, Tally, Trials, observe

MOST_LABELS = 1000
LONGEST_ID = 64
"""Characters; the ids of predictions have 36."""
LONGEST_LABEL = 1024
"""Characters, as JSON."""
_IN_A_BATCH = 100  # labels: with their ids, as large as both may be, within the 400 KB of an item of DynamoDB

Label = str | int | float | bool


@dataclass(frozen=True)
class Taken:
    """``accepted`` labels were new; ``unknown`` are ids of no prediction of this model that is stored by now."""

    accepted: int
    unknown: tuple[str, ...]


def take_labels(
    model: str, document: object, predictions: Predictions, trials: Trials, answers: Answers, now: datetime
) -> Taken:
    """Keep ``{"labels": [{"id", "label"}, ...]}`` and add them to the trials of their predictions.

    Labels are kept in batches. A batch is written first, with all of its labels; then each label that is not there yet,
    with the name of its batch; then the batch is counted: those of its labels that were the first. Whoever meets a
    label of a batch, also one of somebody who died or is still at it, writes what that batch lacks and counts it under
    its name. As labels are never written over, all count the same, and once. Raises Invalid with each problem.
    """
    told = labels_of(document)
    stored = _Stored(predictions, told)
    known = [identity for identity in told if stored.is_of(model, identity)]
    batches = stored.batches_of(known)
    added = stored.complete(batches)
    begun = _batches(model, {identity: told[identity] for identity in known}, stored.found, stamp(now))
    for batch in begun:
        predictions.add(batch)
    added += stored.complete(begun)
    for batch in (*batches, *begun):
        for release, tally in _tallies(stored.pairs(batch)).items():
            observe(release, f"labels-{batch.id}", tally, trials, answers, stamp(now))
    return Taken(len(told.keys() & set(added)), tuple(identity for identity in told if identity not in known))


class _Stored:
    """What is kept of some predictions, and of the batches that their labels came in."""

    def __init__(self, predictions: Predictions, ids: Iterable[str]) -> None:
        self._predictions = predictions
        self.found: dict[Key, Record] = {}
        self._read(ids)

    def is_of(self, model: str, identity: str) -> bool:
        prediction = self.found.get((identity, PREDICTION))
        return prediction is not None and prediction.model == model

    def batches_of(self, ids: Iterable[str]) -> list[Record]:
        """The batches of the labels that are there, and with them what is kept of all that is in these batches."""
        names = {self.found[identity, LABEL].data["batch"] for identity in ids if (identity, LABEL) in self.found}
        batches = list(self._predictions.get_many([(name, BATCH) for name in names]).values())
        self._read({identity for batch in batches for identity in batch.data["labels"]})
        return batches

    def complete(self, batches: Sequence[Record]) -> list[str]:
        """Write the labels of the batches that are not there; whose label it has written."""
        made = [
            Record(identity, LABEL, batch.model, batch.version, batch.at, {"label": label, "batch": batch.id})
            for batch in batches
            for identity, label in batch.data["labels"].items()
            if (identity, LABEL) not in self.found
        ]
        added = [label for label in made if self._predictions.add(label)]
        self.found.update({label.key: label for label in added})
        self.found.update(self._predictions.get_many([label.key for label in made if label.key not in self.found]))
        return [label.id for label in added]

    def pairs(self, batch: Record) -> list[tuple[Record, Record]]:
        """The predictions and the labels that count in the batch."""
        keys = [((identity, PREDICTION), (identity, LABEL)) for identity in batch.data["labels"]]
        pairs = [(self.found[one], self.found[other]) for one, other in keys if {one, other} <= self.found.keys()]
        return [(prediction, label) for prediction, label in pairs if label.data["batch"] == batch.id]

    def _read(self, ids: Iterable[str]) -> None:
        keys = [(identity, part) for identity in ids for part in (PREDICTION, LABEL)]
        self.found.update(self._predictions.get_many([key for key in keys if key not in self.found]))


def _batches(model: str, labels: Mapping[str, Label], found: Mapping[Key, Record], at: str) -> list[Record]:
    """New batches, each of one version, of the labels that are not there. A name is used once: two requests with the
    same labels, at once, each count what they were first with."""
    fresh = [identity for identity in labels if (identity, LABEL) not in found]
    by_version: dict[int, list[str]] = {}
    for identity in fresh:
        by_version.setdefault(found[identity, PREDICTION].version, []).append(identity)
    return [
        Record(os.urandom(16).hex(), BATCH, model, version, at, {"labels": {each: labels[each] for each in group}})
        for version, ids in by_version.items()
        for group in (ids[start : start + _IN_A_BATCH] for start in range(0, len(ids), _IN_A_BATCH))
    ]


def labels_of(document: object) -> dict[str, Label]:
    """The labels by prediction; of two for the same one, the first. Raises Invalid with each problem."""
    given: Mapping[Any, Any] = document if isinstance(document, Mapping) else {}
    labels = given.get("labels")
    if not isinstance(labels, list) or not 1 <= len(labels) <= MOST_LABELS:
        raise _invalid([Problem("labels", f'a list of 1 to {MOST_LABELS} objects {{"id", "label"}}')])
    unknown = [Problem(str(key), "no other key than labels") for key in given if key != "labels"]
    wrong = [Problem(f"labels[{index}]", _EXPECTED) for index, label in enumerate(labels) if not _well_formed(label)]
    if unknown or wrong:
        raise _invalid([*unknown, *wrong])
    return {label["id"]: label["label"] for label in reversed(labels)}


_EXPECTED = (
    f'an object {{"id": text of 1 to {LONGEST_ID} characters, "label": text, number or true or false}}, '
    f"the label with at most {LONGEST_LABEL} characters as JSON"
)


def _well_formed(label: object) -> bool:
    if not isinstance(label, Mapping) or label.keys() != {"id", "label"}:
        return False
    identity = label["id"]
    named = isinstance(identity, str) and 1 <= len(identity) <= LONGEST_ID
    return named and isinstance(label["label"], str | int | float) and len(json.dumps(label["label"])) <= LONGEST_LABEL


def _tallies(pairs: Iterable[tuple[Record, Record]]) -> dict[str, Tally]:
    """What predictions and their labels count, by release: of answers that are labels. What the champion answered in
    the canary's place says nothing of the canary, and is not the champion's share."""
    tallies: dict[str, Tally] = {}
    for prediction, label in pairs:
        told, answer = prediction.data, prediction.data.get("answer", {})
        if told["release"] is not None and "label" in answer and not told["fallback"]:
            arm = Arm(labelled=1, wrong=int(answer["label"] != label.data["label"]))
            tallies[told["release"]] = tallies.get(told["release"], Tally()) + _in(told["arm"], arm)
    return tallies


def _in(name: str, arm: Arm) -> Tally:
    return Tally(canary=arm) if name == "canary" else Tally(champion=arm)


def _invalid(problems: Sequence[Problem]) -> Invalid:
    return Invalid("; ".join(map(str, problems)), tuple(problems))
