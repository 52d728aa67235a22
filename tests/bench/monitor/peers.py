"""What river's drift detectors say of a stream of labels. They know no test accuracy, and no limits: one alarm each.

ADWIN notices a change, of which only an increase of the errors is an alarm; Page-Hinkley looks for an increase alone.
Both with their defaults.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from river.drift import ADWIN, PageHinkley

from tests.bench.monitor.rules import Flags

Detects = Callable[[bool], bool]
"""Takes whether the next answer was wrong; whether it alarms."""


def adwin() -> Detects:
    """A new ADWIN."""
    detector = ADWIN()

    def detects(wrong: bool) -> bool:
        before = detector.estimation
        detector.update(wrong)
        return bool(detector.drift_detected and detector.estimation > before)

    return detects


def page_hinkley() -> Detects:
    """A new Page-Hinkley test."""
    detector = PageHinkley(mode="up")

    def detects(wrong: bool) -> bool:
        detector.update(wrong)
        return bool(detector.drift_detected)

    return detects


PEERS: tuple[Callable[[], Detects], ...] = (adwin, page_hinkley)


def alarms(peer: Callable[[], Detects], good: Flags) -> Iterator[int]:
    """The places of the labels that alarm, as they come."""
    detects = peer()
    return (place for place, right in enumerate(good.tolist()) if detects(not right))


def first_after(found: Iterable[int], change: int) -> tuple[int, float]:
    """How many alarms there were before the change, and how many labels after it the first one was, if any."""
    before = 0
    for place in found:
        if place >= change:
            return before, place - change + 1
        before += 1
    return before, float("inf")
