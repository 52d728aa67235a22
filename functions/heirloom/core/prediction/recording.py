"""From lines of the predict function's log to records, to the counts of the trials that run, and to the monitor.

Called by record_predictions for each batch of lines that CloudWatch Logs delivers: at least once, in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from heirloom.core.clock import stamp
from heirloom.core.prediction.answered import Observer
from heirloom.core.prediction.capture import Captured
from heirloom.core.prediction.delivery import Line, batch_name, read_all
from heirloom.core.prediction.records import Predictions, records_of
from heirloom.core.release.trial import Answers, Arm, Tally, Trials, observe


@dataclass(frozen=True)
class Recorded:
    """``records`` were written; ``unreadable`` says of lines, by their id, why they were not understood."""

    records: int
    unreadable: Mapping[str, str]


def record(
    lines: Sequence[Line],
    predictions: Predictions,
    trials: Trials,
    answers: Answers,
    observer: Observer,
    now: datetime,
) -> Recorded:
    """Keep what the lines say, add it to the trials and tell the monitor. May be repeated: the same lines give the same
    records, and count once. Raises what the ports raise; then repeat it with the same lines."""
    captured, unreadable = read_all(lines)
    records = [record for each in captured for record in records_of(each)]
    predictions.put(records)
    batch = batch_name(line.id for line in lines)
    for release, tally in tallies(captured).items():
        observe(release, batch, tally, trials, answers, stamp(now))
    for requests in observer.requests(captured, batch):
        predictions.add(requests.to_record())
    return Recorded(len(records), unreadable)


def tallies(captured: Iterable[Captured]) -> dict[str, Tally]:
    """What the requests count, by release; a request is its part 0."""
    found: dict[str, Tally] = {}
    for each in captured:
        if each.part == 0 and each.release is not None:
            slow = each.timed and each.slow
            arm = Arm(requests=1, errors=int(each.failed), timed=int(each.timed), slow=int(slow))
            one = Tally(canary=arm) if each.arm == "canary" else Tally(champion=arm)
            found[each.release] = found.get(each.release, Tally()) + one
    return found
