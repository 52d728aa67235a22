"""StartCanary, by the event that the state machine sends."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from heirloom.adapters.memory import MemoryAnswers, MemoryRoutes, MemoryTrials
from heirloom.core.errors import Conflict, NotFound, NotReady
from heirloom.core.release import moves
from heirloom.core.release.change import change, open_route
from heirloom.core.release.route import Canary, Mark, Route
from heirloom.core.release.trial import Arm, Rules, Tally, Trial
from heirloom.core.release.verdict import Verdict
from heirloom.handlers import start_canary

EVENTS = Path(__file__).parents[3] / "events"
NOW = "2026-11-23T16:00:00.000Z"
MODEL, RELEASE, TOKEN = "flight-delay", "flight-delay-292f275d8106", "AAAAKgAAAAIAAAAAAAAAAVsPxxRVeqYe"
CANARY = Canary(version=3, share=0.1, limit_ms=2000, release=RELEASE)
TRIAL = Trial(RELEASE, MODEL, 1, 3, Rules(0.95, 0.01, 0), TOKEN, NOW)
MARK = Mark("pipeline", "2026-11-23T15:00:00.000Z", "trained by run flight-delay-1")


class Stage:
    """The ports, and a route whose champion is version 1 while 2 to 4 are ready."""

    def __init__(self) -> None:
        self.routes, self.trials, self.answers = MemoryRoutes(), MemoryTrials(), MemoryAnswers()
        open_route(MODEL, "heirloom-v0", MARK, self.routes, self.routes.lineage)
        for version in (1, 2, 3, 4):
            self.move(lambda route, number=version: moves.ready(route, number, f"heirloom-v{number}", MARK))
        self.move(lambda route: moves.promote(route, 1, MARK))

    def move(self, move: Any) -> None:
        change(MODEL, move, self.routes)

    def route(self) -> Route:
        route = self.routes.get(MODEL)
        assert route is not None
        return route

    def start(self, token: str = TOKEN, release: str = RELEASE, version: int = 3) -> None:
        event = json.loads((EVENTS / "start_canary.ordered.json").read_text(encoding="utf-8"))
        event["token"], event["state"]["release"]["id"] = token, release
        event["state"]["version"]["number"] = version
        now = datetime(2026, 11, 23, 16, tzinfo=UTC)
        start_canary.handle(event, self.routes, self.trials, self.answers, lambda: now)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_opens_the_trial_and_gives_the_canary_its_share(stage: Stage) -> None:
    stage.start()

    route = stage.route()
    assert stage.trials.get(RELEASE) == TRIAL
    assert (route.canary, route.champion) == (CANARY, 1)
    assert (route.action, route.change) == ("canary", Mark("pipeline", NOW, "on trial with 10% of the callers"))
    assert stage.answers.sent == {}


def test_started_again_it_only_takes_the_new_token(stage: Stage) -> None:
    stage.start()
    stage.trials.count(RELEASE, "batch-1", Tally(canary=Arm(requests=7)))
    before = stage.route()

    stage.start("token-2")

    trial = stage.trials.get(RELEASE)
    assert trial is not None
    assert (trial.token, trial.tally.canary.requests) == ("token-2", 7)
    assert stage.route() == before
    assert stage.answers.sent == {}


def test_started_again_after_the_verdict_it_sends_that_to_the_new_token(stage: Stage) -> None:
    stage.start()
    stage.trials.decide(RELEASE, Verdict("worse", "errors: 5 of 10 requests failed", "errors", NOW))
    stage.move(lambda route: moves.stop(route, RELEASE, MARK, quarantine=True))

    stage.start("token-2")

    assert stage.answers.sent == {"token-2": {"outcome": "worse", "reason": "errors: 5 of 10 requests failed"}}
    assert stage.route().canary is None


def test_a_canary_that_runs_already_is_superseded(stage: Stage) -> None:
    stage.start()

    stage.start("token-4", "flight-delay-4", 4)

    assert stage.route().canary == Canary(4, 0.1, 2000, "flight-delay-4")
    older = stage.trials.get(RELEASE)
    assert older is not None
    assert older.verdict is not None
    assert (older.verdict.outcome, older.verdict.at) == ("superseded", NOW)
    assert stage.answers.sent == {TOKEN: {"outcome": "superseded", "reason": older.verdict.reason}}


def test_a_canary_of_an_earlier_version_does_not_take_a_later_one_s_place(stage: Stage) -> None:
    stage.start("token-4", "flight-delay-4", 4)
    before = stage.route()

    stage.start()

    assert stage.route() == before
    assert stage.answers.sent == {TOKEN: {"outcome": "superseded", "reason": "version 4 is on trial already"}}


@pytest.mark.parametrize(
    ("later", "reason"),
    [
        (lambda route: moves.start_canary(route, Canary(4, 0.1, 2000, "other"), MARK), "version 4 is on trial already"),
        (lambda route: moves.promote(route, 4, MARK), "version 4 already serves"),
    ],
)
def test_a_later_version_that_comes_in_between_is_seen(stage: Stage, later: Any, reason: str) -> None:
    put, happened = stage.routes.put, list[str]()

    def meanwhile(*written: Any) -> None:
        if not happened:
            happened.append("the later one")
            stage.move(later)
        put(*written)

    stage.routes.put = meanwhile  # type: ignore[method-assign]

    stage.start()

    assert stage.route().canary == (Canary(4, 0.1, 2000, "other") if "trial" in reason else None)
    assert stage.answers.sent == {TOKEN: {"outcome": "superseded", "reason": reason}}


def test_what_was_the_shadow_is_mirrored_to_no_more(stage: Stage) -> None:
    stage.move(lambda route: moves.shadow(route, 3, 1.0, MARK))

    stage.start()

    assert (stage.route().canary, stage.route().shadow) == (CANARY, None)


@pytest.mark.parametrize("champion", [3, 4])
def test_a_version_that_a_later_one_has_overtaken_is_not_tried(stage: Stage, champion: int) -> None:
    stage.move(lambda route: moves.promote(route, champion, MARK))
    before = stage.route()

    stage.start()

    reason = f"version {champion} already serves"
    assert stage.answers.sent == {TOKEN: {"outcome": "superseded", "reason": reason}}
    assert stage.route() == before


def test_a_frozen_route_takes_no_canary_and_the_running_one_stays(stage: Stage) -> None:
    stage.start()
    stage.move(lambda route: moves.freeze(route, Mark("ana", NOW, "not before Monday")))

    with pytest.raises(Conflict, match=r"ana has frozen the route.*not before Monday"):
        stage.start("token-4", "flight-delay-4", 4)

    assert stage.route().canary == CANARY
    assert stage.answers.sent == {}


def test_a_version_without_an_endpoint_is_not_tried(stage: Stage) -> None:
    with pytest.raises(NotReady):
        stage.start(version=5)

    assert stage.route().canary is None


def test_a_model_without_a_route_has_no_canary(stage: Stage) -> None:
    stage.routes.delete(MODEL)

    with pytest.raises(NotFound, match="flight-delay has no route"):
        stage.start()
