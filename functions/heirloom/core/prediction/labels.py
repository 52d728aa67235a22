"""Labels: what really happened, told later by who asked. Each counts once, the first one that comes; one that became
known later corrects it.

Called for POST /models/{model}/feedback and for files of labels. Writes labels and corrections, and what the monitor
and the trials count of them. docs/predict.md, "Labels", has the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from heirloom.core.clock import stamp
from heirloom.core.monitoring.observation import Outcomes
from heirloom.core.prediction.kept_labels import Correction, KeptLabels
from heirloom.core.prediction.outcomes import corrected_of, outcomes_of, tallies
from heirloom.core.prediction.records import Predictions
from heirloom.core.prediction.told import MOST_LABELS, fit, labels_of
from heirloom.core.project.definition import Project
from heirloom.core.release.trial import Answers, Trials, observe

__all__ = ["MOST_LABELS", "Taken", "take_labels"]


@dataclass(frozen=True)
class Taken:
    """``accepted`` labels were the first of their predictions; ``corrected`` say otherwise than what stood, and stand
    now; ``unknown`` are ids of no prediction of this model that is stored by now."""

    accepted: int
    unknown: tuple[str, ...]
    corrected: int = 0


def take_labels(
    model: str,
    document: object,
    project: Project | None,
    predictions: Predictions,
    trials: Trials,
    answers: Answers,
    now: datetime,
) -> Taken:
    """Keep ``{"labels": [{"id", "label", "at"}, ...]}``, tell the monitor, and add them to their predictions' trials.

    Labels are kept in batches. A batch is written first, with all of its labels; then each label that is not there yet,
    with the name of its batch; then the batch is told and counted: those of its labels that were the first. Whoever
    meets a label of a batch, also one of somebody who died or is still at it, writes what that batch lacks and counts
    it under its name. As labels are never written over, all count the same, and once. Corrections come after that: see
    ``_correct``. Who gets an error tells all of it again. Raises Invalid with each problem.
    """
    told = labels_of(document, now)
    kept = KeptLabels(predictions, (each.id for each in told))
    said = fit([each for each in told if kept.is_of(model, each.id)], kept.answer)
    batches = kept.batches_of(said)
    added = kept.complete(batches)
    begun = kept.begin(model, said, project, stamp(now))
    added += kept.complete(begun)
    for batch in (*batches, *begun):
        pairs = kept.pairs(batch)
        outcomes = Outcomes(batch.id, batch.model, batch.version, batch.at, outcomes_of(pairs, project))
        if outcomes.outcomes:
            predictions.add(outcomes.to_record())
        for release, tally in tallies(pairs, project).items():
            observe(release, f"labels-{batch.id}", tally, trials, answers, stamp(now))
    corrected = _correct(kept.corrections(said.values(), stamp(now)), project, predictions, stamp(now))
    unknown = dict.fromkeys(each.id for each in told if each.id not in said)
    return Taken(len(said.keys() & set(added)), tuple(unknown), corrected)


def _correct(corrections: Sequence[Correction], project: Project | None, predictions: Predictions, at: str) -> int:
    """Tell the monitor what has moved, then keep the corrections; how many have moved what stood.

    In this order: a correction that is kept is no correction any more when it comes again, while one that was only told
    is told and kept. Whoever was faster with a later one stays: the monitor goes by the same order.
    """
    moved = [(each.prediction, each.record) for each in corrections if each.moved]
    for outcomes in corrected_of(moved, project, at):
        predictions.add(outcomes.to_record())
    written = predictions.supersede([each.record for each in corrections])
    return sum(each.moved for each, done in zip(corrections, written, strict=True) if done)
