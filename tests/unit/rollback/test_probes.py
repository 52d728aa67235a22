"""The health checks of the models."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from heirloom.core.errors import Unavailable
from heirloom.core.release import moves
from heirloom.core.release.route import Canary
from heirloom.core.rollback.answering import Reply
from heirloom.handlers import probe_models
from tests.unit.rollback.theatre import MODEL, Theatre, mark
from tests.unit.world import SMOKE, payload, released


def probed(theatre: Theatre) -> dict[str, str | None]:
    world = theatre.world
    event = payload("probe_models.scheduled")
    clock = lambda: theatre.now  # noqa: E731
    found = probe_models.handle(
        event, world.lineage, world.routes, theatre.probe, theatre.logged.append, clock, theatre.pause
    )
    return dict(found)


def failures(theatre: Theatre) -> list[int]:
    return [line["ProbeFailures"] for line in theatre.metrics()]


def test_a_model_that_answers_as_training_did_is_well(theatre: Theatre) -> None:
    assert probed(theatre) == {MODEL: None}
    assert theatre.probe.asked == [(MODEL, SMOKE["inputs"][:1])]
    assert failures(theatre) == [0]
    assert theatre.paused == []


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Unavailable("503"), "predict does not answer: 503"),
        (Reply(1, [{"id": "a", **SMOKE["predictions"][0]}]), "version 1 answers, not version 2"),
        (Reply(2, [{"id": "a", "label": "no", "probability": 0.75}]), "row 0: expected {'label': 'yes', 'prob"),
        (Reply(2, []), "0 answers to 1 rows"),
    ],
)
def test_a_model_that_does_not_is_tried_thrice(theatre: Theatre, reply: Any, said: str) -> None:
    def answer(model: str, rows: Any) -> Reply:
        if isinstance(reply, Exception):
            raise reply
        found: Reply = reply
        return found

    theatre.probe.answer = answer

    assert str(probed(theatre)[MODEL]).startswith(said)
    assert failures(theatre) == [1]
    assert theatre.paused == [1.0, 1.0]


def test_a_route_that_changes_meanwhile_is_no_failure(theatre: Theatre) -> None:
    def late(model: str, rows: Any) -> Reply:
        reply = theatre.predict(model, rows)
        if len(theatre.probe.asked) == 1:
            theatre.change(lambda route: moves.roll_back(route, None, mark()))
        return replace(reply, version=1) if len(theatre.probe.asked) == 1 else reply

    theatre.probe.answer = late

    assert probed(theatre) == {MODEL: None}


def test_a_canary_may_answer_in_its_own_way(theatre: Theatre) -> None:
    released(theatre.world.carry(theatre.world.upload("v3"), 6))
    theatre.change(lambda route: moves.start_canary(route, Canary(3, 0.5, 2000, "r"), mark()))
    theatre.probe.answer = lambda model, rows: Reply(3, [{"id": "a", "label": "no", "probability": 0.5}])

    assert probed(theatre) == {MODEL: None}
    theatre.probe.answer = lambda model, rows: Reply(3, [{"id": "a"}])
    assert probed(theatre) == {MODEL: "row 0: neither a label nor a value in {}"}


def test_the_baseline_is_asked_a_row_of_the_newest_version(theatre: Theatre) -> None:
    theatre.change(lambda route: moves.roll_back(route, 0, mark()))

    assert probed(theatre) == {MODEL: None}
    assert theatre.probe.asked[0][1] == SMOKE["inputs"][:1]


def test_a_model_of_which_no_row_is_known_is_left_out() -> None:
    theatre = Theatre(versions=0)

    assert probed(theatre) == {}
    assert theatre.logged == []


def test_a_model_that_is_removed_meanwhile_is_no_failure(theatre: Theatre) -> None:
    def removed(model: str, rows: Any) -> Reply:
        theatre.world.routes.delete(MODEL)
        raise Unavailable("gone")

    theatre.probe.answer = removed

    assert probed(theatre) == {MODEL: None}


def test_a_model_without_a_route_is_left_out(theatre: Theatre) -> None:
    theatre.world.routes.delete(MODEL)

    assert probed(theatre) == {}
