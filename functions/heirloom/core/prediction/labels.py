"""Labels: what really happened, told later by who asked. Each counts once, the first one that comes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from heirloom.core.clock import stamp
from heirloom.core.errors import Invalid, Problem
from heirloom.core.prediction.delivery import batch_name
from heirloom.core.prediction.records import LABEL, PREDICTION, Predictions, Record
from heirloom.core.release.trial import Answers, Arm, Tally, Trials, observe

MOST_LABELS = 1000

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

    A label is kept with the name of the batch that it counts in, and only then counted. So nothing counts twice, and
    whoever gets an error and sends the same again has it counted. Raises Invalid with each problem.
    """
    told = labels_of(document)
    found = predictions.get_many([(identity, part) for identity in told for part in (PREDICTION, LABEL)])
    known = [identity for identity in told if _is_of(model, found.get((identity, PREDICTION)))]
    labels = [found[identity, LABEL] for identity in known if (identity, LABEL) in found]
    fresh = [identity for identity in known if (identity, LABEL) not in found]
    batch = batch_name(fresh)
    made = [
        Record(
            identity,
            LABEL,
            model,
            found[identity, PREDICTION].version,
            stamp(now),
            {"label": told[identity], "batch": batch},
        )
        for identity in fresh
    ]
    added = [label for label in made if predictions.add(label)]
    pairs = [(found[label.id, PREDICTION], label) for label in (*labels, *added)]
    for (release, name), tally in _tallies(pairs).items():
        observe(release, f"labels-{name}", tally, trials, answers, stamp(now))
    return Taken(len(added), tuple(identity for identity in told if identity not in known))


def labels_of(document: object) -> dict[str, Label]:
    """The labels by prediction; of two for the same one, the first. Raises Invalid with each problem."""
    labels = document.get("labels") if isinstance(document, Mapping) else None
    if not isinstance(labels, list) or not 1 <= len(labels) <= MOST_LABELS:
        raise _invalid([Problem("labels", f'a list of 1 to {MOST_LABELS} objects {{"id", "label"}}')])
    wrong = [
        Problem(f"labels[{index}]", 'an object {"id": text, "label": text, number or true or false}')
        for index, label in enumerate(labels)
        if not _well_formed(label)
    ]
    if wrong:
        raise _invalid(wrong)
    return {label["id"]: label["label"] for label in reversed(labels)}


def _well_formed(label: object) -> bool:
    if not isinstance(label, Mapping) or label.keys() != {"id", "label"}:
        return False
    return isinstance(label["id"], str) and bool(label["id"]) and isinstance(label["label"], str | int | float)


def _is_of(model: str, prediction: Record | None) -> bool:
    return prediction is not None and prediction.model == model


def _tallies(pairs: Iterable[tuple[Record, Record]]) -> dict[tuple[str, str], Tally]:
    """What predictions and their labels count, by release and batch: of answers that are labels. What the champion
    answered in the canary's place says nothing of the canary, and is not the champion's share."""
    tallies: dict[tuple[str, str], Tally] = {}
    for prediction, label in pairs:
        told, answer = prediction.data, prediction.data.get("answer", {})
        if told["release"] is not None and "label" in answer and not told["fallback"]:
            arm = Arm(labelled=1, wrong=int(answer["label"] != label.data["label"]))
            key, one = (told["release"], label.data["batch"]), _in(told["arm"], arm)
            tallies[key] = tallies.get(key, Tally()) + one
    return tallies


def _in(name: str, arm: Arm) -> Tally:
    return Tally(canary=arm) if name == "canary" else Tally(champion=arm)


def _invalid(problems: Sequence[Problem]) -> Invalid:
    return Invalid("; ".join(map(str, problems)), tuple(problems))
