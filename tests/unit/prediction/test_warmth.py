"""Whose time counts: a canary that is cold for want of requests is not slow, one that is slow while awake is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from heirloom.adapters.memory import MemoryAnswers, MemoryLineage, MemoryPredictions, MemoryTrials
from heirloom.core.errors import Invalid, Unavailable
from heirloom.core.prediction.answer import Served, predict
from heirloom.core.prediction.capture import lines
from heirloom.core.prediction.delivery import Line
from heirloom.core.prediction.recording import record
from heirloom.core.prediction.request import Request
from heirloom.core.prediction.warmth import START_SECONDS, WARM_SECONDS, Warmth
from heirloom.core.release.trial import Arm, Rules, Trial
from tests.unit.prediction.routes import CHALLENGER, CHAMPION, NOW, ON_TRIAL, ROUTE, canary
from tests.unit.prediction.watched import observer

COLD_START = 20.0  # seconds
LIMIT = 0.5  # seconds, of ON_TRIAL's canary


def test_an_endpoint_that_was_never_asked_is_not_known_to_be_awake() -> None:
    assert not Warmth().awake("wine", 0)


def test_an_endpoint_that_has_answered_is_awake_until_nobody_has_asked_it_for_a_while() -> None:
    warmth = Warmth()

    warmth.asked("wine", 100, 101, answered=True)

    asked_at = (100, 101, 101 + WARM_SECONDS, 102 + WARM_SECONDS)
    assert [warmth.awake("wine", at) for at in asked_at] == [False, True, True, False]
    assert not warmth.awake("beer", 101)


def test_an_endpoint_that_does_not_answer_is_awake_when_it_has_had_the_time_to_start() -> None:
    warmth = Warmth()

    for began in range(0, START_SECONDS, 10):
        warmth.asked("wine", began, began + LIMIT, answered=False)

    assert not warmth.awake("wine", START_SECONDS - 0.1)
    assert warmth.awake("wine", START_SECONDS)


def test_an_endpoint_that_stays_late_stays_awake_as_long_as_it_is_asked() -> None:
    warmth = Warmth()
    warmth.asked("wine", 0, 1, answered=True)

    warmth.asked("wine", WARM_SECONDS, WARM_SECONDS + 1, answered=False)

    assert warmth.awake("wine", WARM_SECONDS + 1)
    assert warmth.awake("wine", 2 * WARM_SECONDS)


def test_after_a_pause_an_endpoint_has_to_start_again() -> None:
    warmth = Warmth()
    warmth.asked("wine", 0, 1, answered=True)
    again = 2 + WARM_SECONDS

    warmth.asked("wine", again, again + LIMIT, answered=False)

    assert not warmth.awake("wine", again + 1)
    assert warmth.awake("wine", again + START_SECONDS)


class Hosted:
    """The port Endpoints and a clock, both simulated: an endpoint that nobody asked for ``stays`` seconds is cold.

    ``needs``: the seconds of an answer of an endpoint that is awake."""

    def __init__(self, stays: float = 600, **needs: float) -> None:
        self.now, self._stays, self._needs = NOW.timestamp(), stays, needs
        self._awake: dict[str, tuple[float, float]] = {}  # from when on, asked last

    def invoke(
        self, endpoint: str, body: bytes, *, content_type: str = "application/json", seconds: float | None = None
    ) -> Any:
        since, last = self._awake.get(endpoint, (0.0, 0.0))
        since = self.now + COLD_START if self.now - last > self._stays else since
        self._awake[endpoint] = since, self.now
        needed = max(0.0, since - self.now) + self._needs.get("canary" if endpoint == CHALLENGER else "champion", 0.02)
        self.now += min(needed, seconds or needed)
        if seconds is not None and needed > seconds:
            raise Unavailable(f"{endpoint} did not answer within {seconds} s")
        return {"predictions": [{"label": "red"}]}


class Tried:
    """A trial by one running function: requests of ever new callers, counted batch by batch."""

    def __init__(self, hosted: Hosted, share: float = 0.1) -> None:
        self._hosted, self._warmth, self._route = hosted, Warmth(), replace(ON_TRIAL, canary=canary(share))
        self._trials, self._answers = MemoryTrials(), MemoryAnswers()
        self.served: list[Served] = []
        self._trials.open(Trial("wine-1", "wine", 3, 4, Rules(), "token", "2026-11-23T15:00:00.000Z"))

    def ask(self, requests: int, every: float) -> Trial:
        """A batch of so many requests, one each ``every`` seconds; the trial afterwards."""
        hosted, told = self._hosted, []
        for _ in range(requests):
            hosted.now += every
            now, number = datetime.fromtimestamp(hosted.now, UTC), len(self.served)
            request = Request([{"alcohol": 12}], f"caller-{number}")
            self.served.append(predict(self._route, request, hosted, self._warmth, now, lambda: hosted.now))
            told += [Line(f"{number}", line) for line in lines(self.served[-1]) if "capture" in line]
        record(told, MemoryPredictions(), self._trials, self._answers, observer(MemoryLineage()), now)
        trial = self._trials.get("wine-1")
        assert trial is not None
        return trial


def test_a_canary_that_is_cold_at_each_of_its_calls_is_not_taken_back() -> None:
    """A request a minute, one of fifty to the canary, which has gone to sleep again: nearly each is late."""
    tried = Tried(Hosted(stays=WARM_SECONDS), share=0.02)

    for _ in range(30):
        trial = tried.ask(100, every=60)

    late = [each.fallback for each in tried.served if each.arm == "canary"]
    assert len(late) > 40
    assert sum(late) > 0.8 * len(late)
    assert trial.verdict is None
    assert (trial.tally.canary.requests, trial.tally.canary.errors, trial.tally.canary.slow) == (len(late), 0, 0)
    assert trial.tally.champion.timed > 0.9 * trial.tally.champion.requests


def test_the_cold_starts_of_a_canary_that_is_asked_now_and_then_do_not_count() -> None:
    """Ten requests a second, then a pause; whoever asks while the canary starts gets the champion's answer."""
    tried = Tried(Hosted())
    for _ in range(8):
        tried.ask(1, every=3600)
        trial = tried.ask(500, every=0.1)

    late = sum(each.fallback for each in tried.served)
    assert late > 8
    assert trial.verdict is None or trial.verdict.outcome == "better"
    assert (trial.tally.canary.errors, trial.tally.canary.slow) == (0, 0)
    assert 0 < trial.tally.canary.timed <= trial.tally.canary.requests - late


@pytest.mark.parametrize("needs", [0.7, 60.0], ids=["a little too long", "for ever"])
def test_a_canary_that_is_slow_while_it_is_awake_is_taken_back(needs: float) -> None:
    tried = Tried(Hosted(canary=needs))

    for _ in range(20):
        trial = tried.ask(100, every=0.5)

    assert trial.verdict is not None
    assert (trial.verdict.outcome, trial.verdict.measure) == ("worse", "slow")
    assert "timed requests were slow (100.0%)" in trial.verdict.reason


def answering(found: object) -> Callable[..., Any]:
    def invoke(endpoint: str, body: bytes, **_: object) -> Any:
        if isinstance(found, Exception):
            raise found
        return found

    return invoke


@pytest.mark.parametrize(
    ("found", "awake"),
    [
        ({"predictions": [{"label": "red"}]}, True),
        (Invalid("alcohol: a number"), False),
        (Unavailable("starting", starting=True), False),
        ({"predictions": []}, False),
    ],
    ids=["an answer", "a refusal", "starting", "garbage"],
)
def test_what_shows_that_an_endpoint_is_awake(found: object, awake: bool) -> None:
    class Only:
        invoke = staticmethod(answering(found))

    warmth = Warmth()

    first, second = (predict(ROUTE, Request([{}], "r"), Only(), warmth, NOW, lambda: 0.0) for _ in range(2))

    assert (first.timed, second.timed) == (False, awake)


def test_who_is_only_sent_what_json_has_not_was_never_asked() -> None:
    hosted, warmth = Hosted(), Warmth()

    predict(ROUTE, Request([{"alcohol": float("nan")}], "r"), hosted, warmth, NOW, lambda: hosted.now)

    assert not warmth.awake(CHAMPION, NOW.timestamp() + START_SECONDS)


def test_the_champion_is_known_to_be_awake_by_what_it_answered_in_the_canary_s_place() -> None:
    hosted, warmth = Hosted(canary=60.0), Warmth()

    done = predict(ON_TRIAL, Request([{}], "r"), hosted, warmth, NOW, lambda: hosted.now)

    assert done.fallback
    assert warmth.awake(CHAMPION, hosted.now)
    assert not warmth.awake(CHALLENGER, hosted.now)


def test_a_request_that_is_not_timed_is_slow_and_counts_as_a_request_only() -> None:
    trial = Tried(Hosted(), share=1.0).ask(1, every=0)

    assert trial.tally.canary == Arm(requests=1)
