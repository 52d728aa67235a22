"""The shadow is asked what callers asked; what it answers is kept and compared, and nobody gets it."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from heirloom.adapters.memory import MemoryEndpoints, MemoryPredictions
from heirloom.core.errors import Invalid, Unavailable
from heirloom.core.prediction.answer import predict
from heirloom.core.prediction.capture import lines
from heirloom.core.prediction.delivery import Line
from heirloom.core.prediction.mirror import DEADLINE, FAILURES, SECONDS, agree, mirror
from heirloom.core.prediction.request import Request
from heirloom.core.prediction.warmth import Warmth
from heirloom.core.release.route import Route
from heirloom.handlers import mirror_predictions
from tests.unit.prediction.routes import CHALLENGER, CHAMPION, NOW, ROUTE, SHADOWED
from tests.unit.prediction.test_answer import Clocked
from tests.unit.prediction.test_recording import event

RED, WHITE = {"label": "red"}, {"label": "white"}


def logged(route: Route = SHADOWED, rows: int = 2) -> Line:
    answering = MemoryEndpoints({CHAMPION: {"predictions": [RED] * rows}})
    served = predict(route, Request([{"n": n} for n in range(rows)], "caller"), answering, Warmth(), NOW)
    (line,) = lines(served)
    return Line(served.ids[0], line)


class Mirrored:
    """What became of a batch."""

    def __init__(self, shadow: Any, *given: Line) -> None:
        self.endpoints, self.predictions, self.log = MemoryEndpoints({CHALLENGER: shadow}), MemoryPredictions(), []
        self.unreadable = mirror(given, self.endpoints, self.predictions, self.log.append, NOW)

    log: list[str]

    @property
    def metrics(self) -> list[dict[str, Any]]:
        names = ("ShadowErrors", "ShadowLatency", "Agreement")
        return [{name: told[name] for name in names if name in told} for told in map(json.loads, self.log)]


def test_the_shadow_gets_the_same_rows_and_its_answers_are_kept() -> None:
    line = logged()

    done = Mirrored({"predictions": [RED, WHITE]}, line)

    assert done.endpoints.asked == [(CHALLENGER, {"inputs": [{"n": 0}, {"n": 1}]})]
    kept = done.predictions.records
    assert [part for _, part in kept] == ["shadow#4", "shadow#4"]
    first = kept[line.id, "shadow#4"]
    assert (first.model, first.version, first.data["answer"]) == ("wine", 4, RED)


def test_publishes_how_long_it_took_and_how_often_the_two_agree() -> None:
    done = Mirrored({"predictions": [RED, WHITE]}, logged())

    (metrics,) = done.metrics
    told = json.loads(done.log[0])
    assert (told["model"], told["version"]) == ("wine", "4")
    assert (metrics["ShadowErrors"], metrics["Agreement"]) == (0, 0.5)
    assert metrics["ShadowLatency"] >= 0


@pytest.mark.parametrize("fault", [Unavailable("down"), Invalid("no"), {"predictions": []}])
def test_a_shadow_that_fails_is_counted_and_keeps_nothing_back(fault: Any) -> None:
    done = Mirrored(fault, logged(), logged())

    assert done.metrics == [{"ShadowErrors": 1}] * 2
    assert done.predictions.records == {}


def test_a_shadow_that_fails_again_and_again_is_not_asked_for_the_rest_of_the_batch() -> None:
    done = Mirrored(Unavailable("hangs"), *(logged() for _ in range(10)))

    assert len(done.endpoints.asked) == FAILURES
    assert done.metrics == [{"ShadowErrors": 1}] * 10


def test_a_shadow_that_answers_in_between_is_asked_on() -> None:
    """Failures count in a row, and not in all: two of three fail here."""
    turns = itertools.cycle([Unavailable("hangs"), Unavailable("hangs"), {"predictions": [RED, RED]}])

    done = Mirrored(lambda asked: next(turns), *(logged() for _ in range(9)))

    assert len(done.endpoints.asked) == 9
    assert [told["ShadowErrors"] for told in done.metrics] == [1, 1, 0] * 3


def test_what_there_is_no_time_for_is_not_asked_and_is_counted() -> None:
    """The 240 seconds of a batch are over after its third line."""
    endpoints, log = MemoryEndpoints({CHALLENGER: {"predictions": [RED, RED]}}), list[str]()
    times = iter([7.0, 7.0, 7.0 + DEADLINE / 2, 6.9 + DEADLINE, 7.0 + DEADLINE, 8.0 + DEADLINE])

    mirror([logged() for _ in range(5)], endpoints, MemoryPredictions(), log.append, NOW, times.__next__)

    assert len(endpoints.asked) == 3
    assert [json.loads(line)["ShadowErrors"] for line in log] == [0, 0, 0, 1, 1]


def test_a_shadow_that_refuses_is_asked_on() -> None:
    done = Mirrored(Invalid("no"), *(logged() for _ in range(10)))

    assert len(done.endpoints.asked) == 10


def test_a_shadow_that_hangs_is_left_alone_in_time() -> None:
    endpoints = MemoryEndpoints({CHALLENGER: {"predictions": [RED, RED]}}, silent={CHALLENGER: SECONDS + 1})
    log: list[str] = []

    mirror([logged()], endpoints, MemoryPredictions(), log.append, NOW)

    assert json.loads(log[0])["ShadowErrors"] == 1


def test_a_shadow_that_hangs_holds_a_batch_for_fifteen_seconds_at_most() -> None:
    asked = Clocked({CHALLENGER: Unavailable("hangs")})

    mirror([logged() for _ in range(10)], asked, MemoryPredictions(), list[str]().append, NOW)

    assert asked.given == [5.0, 5.0, 5.0]


def test_a_line_without_a_shadow_asks_nobody() -> None:
    done = Mirrored({"predictions": [RED, RED]}, logged(ROUTE))

    assert (done.endpoints.asked, done.log) == ([], [])


def test_a_line_that_is_not_understood_keeps_no_other_from_being_mirrored() -> None:
    predictions, log = MemoryPredictions(), list[str]()
    endpoints = MemoryEndpoints({CHALLENGER: {"predictions": [RED, RED]}})

    answer = mirror_predictions.handle(event(Line("a", "{"), logged()), endpoints, predictions, log.append, lambda: NOW)

    assert answer == {"lines": 2, "unreadable": 1}
    assert len(predictions.records) == 2
    assert json.loads(log[-1])["reader"] == "mirror_predictions"


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ({"label": "red", "probability": 0.9}, {"label": "red", "probability": 0.6}, True),
        ({"label": "red"}, {"label": "white"}, False),
        ({"label": "red"}, {"value": 3}, False),
        ({"value": 100.0}, {"value": 100.9}, True),
        ({"value": 100.0}, {"value": 102}, False),
        ({"value": 0}, {"value": 0.0}, True),
        ({"value": None}, {"value": 3}, False),
        ({"value": None}, {"value": None}, True),
    ],
)
def test_two_versions_agree_on_the_same_label_or_on_values_within_a_hundredth(
    one: dict[str, Any], other: dict[str, Any], alike: bool
) -> None:
    assert agree(one, other) is alike
