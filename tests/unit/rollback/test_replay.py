"""An earlier version on the inputs of a breach: what is asked, and what comes of the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from heirloom.core.clock import stamp
from heirloom.core.errors import Invalid, ModelFailed, Unavailable
from heirloom.core.monitoring.breach import ACCURACY, LATENCY
from heirloom.core.monitoring.observation import Outcome
from heirloom.core.prediction.records import CORRECTION, LABEL, PREDICTION, Record
from heirloom.core.project.registration import registered
from heirloom.core.rollback.paired import Comparison
from heirloom.core.rollback.rehearsal import Rehearsal
from heirloom.core.rollback.replay import MOST_LABELLED, MOST_REFUSALS, MOST_REQUESTS, NO_ROWS, Replay
from tests.unit.rollback.theatre import MODEL, Theatre, fails_on, knows
from tests.unit.world import SMOKE

EARLIER = "heirloom-flight-delay-v1"


def replay(theatre: Theatre, slo: str = ACCURACY, version: int = 2) -> Replay:
    registration = registered(MODEL, theatre.world.lineage)
    assert registration is not None
    breach = theatre.breaks(version, slo)
    return Replay(breach, registration.project, theatre.ports.sources, lambda: theatre.now, theatre.pause)


def answers(theatre: Theatre, answer: Any, endpoint: str = EARLIER) -> None:
    theatre.world.endpoints.answers[endpoint] = answer


def test_a_version_is_well_that_answers_as_training_did(theatre: Theatre) -> None:
    earlier = replay(theatre)
    theatre.world.endpoints.asked.clear()

    assert earlier.ailment(1, EARLIER) is None
    assert earlier.ailment(1, EARLIER) is None
    assert theatre.world.endpoints.asked == [(EARLIER, {"inputs": SMOKE["inputs"]})]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Unavailable("asleep"), "does not answer: asleep"),
        ({"predictions": [{"label": "no"}] * 2}, "row 0: expected {'label': 'yes', 'probability': 0.75}, as training"),
        ({"predictions": [{"label": "no"}]}, "does not answer: heirloom-flight-delay-v1 did not answer one prediction"),
    ],
)
def test_a_version_that_is_not_well_is_told_of(theatre: Theatre, answer: Any, said: str) -> None:
    answers(theatre, answer)

    assert str(replay(theatre).ailment(1, EARLIER)).startswith(said)


def test_the_baseline_is_asked_the_rows_of_the_version_that_is_left(theatre: Theatre) -> None:
    answers(theatre, {"predictions": [{"label": "no"}, {"label": "no"}]}, "heirloom-flight-delay-v0")

    assert replay(theatre).ailment(0, "heirloom-flight-delay-v0") is None


def test_without_rows_nothing_is_known_of_a_version(theatre: Theatre) -> None:
    assert replay(theatre, version=0).ailment(0, "heirloom-flight-delay-v0") == NO_ROWS


def test_compares_the_answers_that_were_labelled(theatre: Theatre) -> None:
    theatre.labels(2, fails_on(2))
    theatre.serves(1, fails_on(10))

    earlier = replay(theatre)

    assert earlier.comparison(1, EARLIER) == Comparison(100, better=40, worse=0)
    assert earlier.comparison(1, EARLIER) == Comparison(100, better=40, worse=0)
    assert [len(asked["inputs"]) for name, asked in theatre.world.endpoints.asked if name == EARLIER][-1:] == [100]


def test_of_a_long_window_the_newest_are_compared(theatre: Theatre) -> None:
    theatre.declare(slo={"rolling_accuracy": {"window": 2000}})
    theatre.labels(2, knows, 200)
    theatre.now += timedelta(seconds=1)
    theatre.labels(2, fails_on(2), MOST_LABELLED)

    assert replay(theatre).comparison(1, EARLIER) == Comparison(MOST_LABELLED, better=500, worse=0)


def test_a_correction_is_what_is_true(theatre: Theatre) -> None:
    theatre.labels(2, knows, 10)
    for key, label in list(theatre.predictions.records.items()):
        if key[1] == LABEL:
            later = stamp(theatre.now + timedelta(hours=1))
            theatre.predictions.put([replace(label, part=CORRECTION, data={"label": "no", "at": later})])
    theatre.serves(1, lambda row: "no")

    assert replay(theatre).comparison(1, EARLIER) == Comparison(10, better=10, worse=0)


def test_what_is_not_kept_whole_or_can_not_be_judged_is_left_out(theatre: Theatre) -> None:
    theatre.labels(2, fails_on(2), 10)
    records = theatre.predictions.records
    first, second, third, fourth = sorted({identity for identity, _ in records})[:4]
    shared = records[first, PREDICTION].data
    del records[first, PREDICTION], records[second, LABEL]
    pieces = {**{name: shared[name] for name in ("release", "fallback")}, "piece": 0, "pieces": 2, "text": "{"}
    theatre.predictions.put([Record(third, PREDICTION, MODEL, 2, stamp(theatre.now), pieces)])
    no_tolerance = {**shared, "answer": {"value": 1.0}}
    theatre.predictions.put([Record(fourth, PREDICTION, MODEL, 2, stamp(theatre.now), no_tolerance)])

    assert replay(theatre).comparison(1, EARLIER).pairs == 6


def test_a_number_is_right_within_the_tolerance(theatre: Theatre) -> None:
    theatre.declare(
        data={"label": "late", "task": "regression"},
        objective={"statement": "Close.", "metric": "r2", "at_least": 0.1},
        slo={"rolling_accuracy": {"tolerance": 0.5}},
    )
    theatre.labels(2, knows, 10)
    for (_identity, part), record in list(theatre.predictions.records.items()):
        told: Mapping[str, Any] = {"answer": {"value": 3.0}} if part == PREDICTION else {"label": 4}
        theatre.predictions.put([replace(record, data={**record.data, **told})])
    answers(theatre, lambda document: {"predictions": [{"value": 4.4}] * len(document["inputs"])})

    assert replay(theatre).comparison(1, EARLIER) == Comparison(10, better=10, worse=0)


def test_without_labels_there_is_nothing_to_compare(theatre: Theatre) -> None:
    assert replay(theatre).comparison(1, EARLIER).pairs == 0

    theatre.watch(2, [Outcome("0199e0f0-0000-7000-8000-000000000000", True)])
    assert replay(theatre).comparison(1, EARLIER).pairs == 0


@pytest.mark.parametrize("error", [Invalid, ModelFailed])
def test_a_row_that_the_earlier_version_can_not_take_counts_as_wrong_and_alone(
    theatre: Theatre, error: type[Exception]
) -> None:
    theatre.labels(2, knows)
    served = theatre.world.endpoints.answers[EARLIER]
    bad = {"carrier": "UA", "distance": 1037}
    answers(theatre, lambda document: error("one row") if bad in document["inputs"] else served(document))

    assert replay(theatre).comparison(1, EARLIER) == Comparison(100, better=0, worse=1)


def test_a_version_that_takes_no_row_is_not_asked_about_each(theatre: Theatre) -> None:
    theatre.labels(2, knows)
    answers(theatre, Invalid("not one of mine"))
    theatre.world.endpoints.asked.clear()

    assert replay(theatre).comparison(1, EARLIER) == Comparison(100, better=0, worse=100)
    assert len(theatre.world.endpoints.asked) <= 2 * MOST_REFUSALS


def test_an_endpoint_that_does_not_answer_now_is_asked_again_later(theatre: Theatre) -> None:
    theatre.labels(2, knows)
    answers(theatre, Unavailable("asleep"))

    with pytest.raises(Unavailable):
        replay(theatre).comparison(1, EARLIER)


def test_times_are_compared_request_by_request(theatre: Theatre) -> None:
    theatre.asked(2, [9000.0] * 20 + [100.0] * 10)

    found = replay(theatre, LATENCY).comparison(1, EARLIER)

    assert found == Comparison(30, better=20, worse=0, well="fast enough")
    assert found.helps


def test_requests_that_the_log_shows_late_are_waited_for(theatre: Theatre, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six slow ones set off the alarm; it takes seven to tell."""
    theatre.asked(2, [9000.0] * 8)
    shown = iter([2, 6, 8])
    lines = theatre.recent.lines
    monkeypatch.setattr(theatre.recent, "lines", lambda *asked: lines(*asked)[: next(shown)])

    found = replay(theatre, LATENCY).comparison(1, EARLIER)

    assert found == Comparison(8, better=8, worse=0, well="fast enough")
    assert found.helps
    assert theatre.paused == [1.0, 1.0]


def test_where_too_few_come_it_is_said_after_ten_seconds(theatre: Theatre) -> None:
    theatre.asked(2, [9000.0] * 3)

    found = replay(theatre, LATENCY).comparison(1, EARLIER)

    assert (found.pairs, found.helps, sum(theatre.paused)) == (3, False, 10)


def test_the_newest_requests_are_compared(theatre: Theatre) -> None:
    theatre.asked(2, [9000.0] * MOST_REQUESTS + [100.0] * MOST_REQUESTS)

    assert replay(theatre, LATENCY).comparison(1, EARLIER).better == 0


def test_requests_of_long_before_the_breach_are_not_compared(theatre: Theatre) -> None:
    theatre.asked(2, [9000.0] * 20)
    theatre.now += timedelta(hours=1)

    assert replay(theatre, LATENCY).comparison(1, EARLIER).pairs == 0


def test_asking_ends_when_the_earlier_version_can_not_be_better_any_more(theatre: Theatre) -> None:
    theatre.asked(2, [100.0, 9000.0] * 15)
    theatre.world.endpoints.silent[EARLIER] = 60.0
    theatre.world.endpoints.asked.clear()

    found = replay(theatre, LATENCY).comparison(1, EARLIER)

    assert found == Comparison(30, better=0, worse=15, well="fast enough")
    assert len(theatre.world.endpoints.asked) < 20


def test_asking_ends_when_its_time_is_over_and_what_was_not_asked_counts_as_slow(theatre: Theatre) -> None:
    theatre.asked(2, [9000.0] * 25 + [100.0] * 5)
    served = theatre.world.endpoints.answers[EARLIER]

    def slowly(document: Any) -> Any:
        theatre.now += timedelta(seconds=1)
        return served(document)

    answers(theatre, slowly)

    assert replay(theatre, LATENCY).comparison(1, EARLIER) == Comparison(30, 25, 5, "fast enough")


@pytest.mark.parametrize(
    "changes",
    [
        {"timed": False},
        {"fallback": True},
        {"entity": "heirloom-probe"},
        {"rows": ()},
        {"rows": [{"id": "r", "piece": 0, "pieces": 2, "text": "{"}]},
        {"part": 1},
    ],
)
def test_a_request_that_says_nothing_of_the_version_is_left_out(theatre: Theatre, changes: dict[str, Any]) -> None:
    theatre.asked(2, [9000.0] * 20, **changes)

    assert replay(theatre, LATENCY).comparison(1, EARLIER).pairs == 0


def test_a_large_request_is_asked_again_whole(theatre: Theatre) -> None:
    """Its rows came in two lines of the log."""
    theatre.asked(2, [9000.0])
    theatre.recent.log.append(replace(theatre.recent.log[0], part=1, rows=[{"id": "r1", "input": {}, "answer": {}}]))
    theatre.world.endpoints.asked.clear()

    replay(theatre, LATENCY).comparison(1, EARLIER)

    assert theatre.world.endpoints.asked == []  # one request alone proves nothing
    theatre.asked(2, [9000.0 + place for place in range(1, 21)])
    replay(theatre, LATENCY).comparison(1, EARLIER)
    assert len(theatre.world.endpoints.asked[0][1]["inputs"]) == 2


def test_in_a_drill_the_pairs_are_made_up_and_the_health_is_real(theatre: Theatre) -> None:
    breach = theatre.breaks(2, drill=True)
    rehearsal = Rehearsal(breach, replay(theatre))

    assert rehearsal.comparison(0, "any") == Comparison(100, better=20, worse=0)
    assert rehearsal.ailment(1, EARLIER) is None
    answers(theatre, Unavailable("asleep"), "heirloom-flight-delay-v0")
    assert rehearsal.ailment(0, "heirloom-flight-delay-v0") == "does not answer: asleep"
    assert Rehearsal(breach, replay(theatre, version=0)).ailment(0, "heirloom-flight-delay-v0") is None
