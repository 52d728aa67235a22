"""What is kept of the labels of some predictions: read in a few calls, and written so that who dies loses nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from heirloom.core.prediction.outcomes import Pair, answer_of, most_outcomes
from heirloom.core.prediction.records import BATCH, CORRECTION, LABEL, PREDICTION, Key, Predictions, Record
from heirloom.core.prediction.told import Told
from heirloom.core.prediction.truth import Answer, fitted, truth
from heirloom.core.project.definition import Project

_IN_A_BATCH = 100  # labels: with their ids, as large as both may be, within the 400 KB of an item of DynamoDB


@dataclass(frozen=True)
class Correction:
    """A label of a higher rank than what stands. ``moved``: it says otherwise, and not only that it still is so."""

    prediction: Record
    record: Record
    moved: bool


class KeptLabels:
    """Predictions with what is kept of their labels, and the batches that these came in."""

    def __init__(self, predictions: Predictions, ids: Iterable[str]) -> None:
        self._predictions = predictions
        self._found: dict[Key, Record] = {}
        self._read(ids, PREDICTION, LABEL)

    def is_of(self, model: str, identity: str) -> bool:
        prediction = self._found.get((identity, PREDICTION))
        return prediction is not None and prediction.model == model

    def answer(self, identity: str) -> Answer:
        """What was answered."""
        return answer_of(self._found[identity, PREDICTION])

    def batches_of(self, ids: Iterable[str]) -> list[Record]:
        """The batches of the labels that are there, and with them what is kept of all that is in these batches."""
        names = {self._found[identity, LABEL].data["batch"] for identity in ids if (identity, LABEL) in self._found}
        batches = list(self._predictions.get_many([(name, BATCH) for name in names]).values())
        self._read({identity for batch in batches for identity in batch.data["labels"]}, PREDICTION, LABEL)
        return batches

    def begin(self, model: str, said: Mapping[str, Told], project: Project | None, at: str) -> list[Record]:
        """Write new batches, each of one version, of the labels that are not there. A name is used once: two requests
        with the same labels, at once, each count what they were first with."""
        by_version: dict[int, list[Told]] = {}
        for each in said.values():
            if (each.id, LABEL) not in self._found:
                by_version.setdefault(self._found[each.id, PREDICTION].version, []).append(each)
        size = min(_IN_A_BATCH, most_outcomes(project))
        batches = [
            _batch(model, version, told[start : start + size], at)
            for version, told in by_version.items()
            for start in range(0, len(told), size)
        ]
        for batch in batches:
            self._predictions.add(batch)
        return batches

    def complete(self, batches: Sequence[Record]) -> list[str]:
        """Write the labels of the batches that are not there; whose label it has written."""
        made = [label for batch in batches for label in _labels(batch) if label.key not in self._found]
        written = self._predictions.add_many(made)
        added = [label for label, done in zip(made, written, strict=True) if done]
        self._found.update({label.key: label for label in added})
        self._found.update(self._predictions.get_many([each.key for each in made if each.key not in self._found]))
        return [label.id for label in added]

    def pairs(self, batch: Record) -> list[Pair]:
        """The predictions and the labels that count in the batch."""
        keys = [((identity, PREDICTION), (identity, LABEL)) for identity in batch.data["labels"]]
        pairs = [(self._found[one], self._found[other]) for one, other in keys if {one, other} <= self._found.keys()]
        return [(prediction, label) for prediction, label in pairs if label.data["batch"] == batch.id]

    def corrections(self, told: Iterable[Told], at: str) -> list[Correction]:
        """Those that are of a higher rank than what stands; not those that say the same again and not when."""
        later = [each for each in told if each.rank > self._found[each.id, LABEL].rank]
        self._read([each.id for each in later], CORRECTION)
        found = (self._correction(each, at) for each in later)
        return [each for each in found if each is not None]

    def _correction(self, told: Told, at: str) -> Correction | None:
        prediction = self._found[told.id, PREDICTION]
        stands = truth(self._found[told.id, LABEL], self._found.get((told.id, CORRECTION)))
        moved = told.label != fitted(stands.data["label"], answer_of(prediction))
        if told.rank <= stands.rank or not (moved or told.dated):
            return None
        data = {"label": told.label, "at": told.at}
        record = Record(told.id, CORRECTION, prediction.model, prediction.version, at, data)
        return Correction(prediction, record, moved)

    def _read(self, ids: Iterable[str], *parts: str) -> None:
        keys = [(identity, part) for identity in ids for part in parts]
        self._found.update(self._predictions.get_many([key for key in keys if key not in self._found]))


def _batch(model: str, version: int, told: Sequence[Told], at: str) -> Record:
    """``known`` has the labels' ``at``, where that is not the batch's."""
    labels = {each.id: each.label for each in told}
    known = {each.id: each.at for each in told if each.at != at}
    return Record(os.urandom(16).hex(), BATCH, model, version, at, {"labels": labels, "known": known})


def _labels(batch: Record) -> Iterable[Record]:
    known = batch.data.get("known", {})  # a batch of before labels had an ``at`` has none
    for identity, label in batch.data["labels"].items():
        data = {"label": label, "batch": batch.id, "at": known.get(identity, batch.at)}
        yield Record(identity, LABEL, batch.model, batch.version, batch.at, data)
