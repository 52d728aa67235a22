"""A version that a person has rejected in the model registry."""

from __future__ import annotations

import json
from typing import Any

import pytest

from heirloom.core.errors import Invalid
from heirloom.core.incident.message import Ruling, message_of
from heirloom.core.release import moves
from heirloom.core.rollback.reject import Rejection
from heirloom.handlers import reject_version
from tests.unit.rollback.theatre import MODEL, Theatre, mark
from tests.unit.world import payload, released


def reject(theatre: Theatre, version: int, **changes: Any) -> dict[str, Any] | None:
    event = payload("reject_version.rejected")
    event["detail"].update({"ModelPackageVersion": version, **changes})
    world = theatre.world
    return reject_version.handle(
        event, "heirloom", world.routes, theatre.announcements, world.trials, world.answers, lambda: theatre.now
    )


def test_the_champion_is_rolled_back_without_a_test_of_its_own(theatre: Theatre) -> None:
    before = len(theatre.world.endpoints.asked)

    assert reject(theatre, 2) == {"action": "rollback", "revision": theatre.route.revision}

    route = theatre.route
    assert (route.champion, list(route.quarantined)) == (1, [2])
    assert (route.change.by, route.change.reason) == ("registry", "rejected in the model registry: biased against UA")
    assert len(theatre.world.endpoints.asked) == before
    assert theatre.announcements.published == []


def test_an_event_that_comes_again_changes_nothing(theatre: Theatre) -> None:
    reject(theatre, 2)
    before = theatre.route

    assert reject(theatre, 2) == {"action": "nothing", "revision": before.revision}
    assert theatre.route == before


def test_a_canary_is_stopped_and_its_release_told(theatre: Theatre) -> None:
    release = released(theatre.world.carry(theatre.world.upload("v3"), 6))
    theatre.world.try_out(release, "token-3")

    outcome = reject(theatre, 3)

    assert outcome is not None
    assert outcome["action"] == "stop"
    assert (theatre.route.champion, theatre.route.canary, list(theatre.route.quarantined)) == (2, None, [3])
    assert theatre.world.answers.sent["token-3"]["outcome"] == "superseded"


@pytest.mark.parametrize("version", [1, 9])
def test_a_version_that_does_not_answer_never_will(theatre: Theatre, version: int) -> None:
    """Also one that is not ready yet, or not any more."""
    assert reject(theatre, version) == {"action": "quarantine", "revision": theatre.route.revision}
    assert (theatre.route.champion, list(theatre.route.quarantined)) == (2, [version])


def test_nothing_moves_past_a_freeze_and_people_are_told_once_an_event(theatre: Theatre) -> None:
    theatre.change(lambda route: moves.freeze(route, mark(reason="holiday traffic")))

    outcome = reject(theatre, 2)

    assert outcome == {"action": "escalated", "revision": theatre.route.revision}
    assert theatre.route.champion == 2
    (told,) = theatre.announcements.published
    assert (told["heirloom"], told["breach"]) == ("escalated", f"{MODEL}/registry/v2/2026-11-23T16:20:11.000Z")
    assert told["text"] == (
        "version 2 of flight-delay was rejected in the model registry: biased against UA; it still answers, since ana"
        " has frozen the route (2026-11-23T15:30:00.000Z: holiday traffic)"
    )


def test_the_pager_understands_what_it_is_told(theatre: Theatre) -> None:
    theatre.change(lambda route: moves.freeze(route, mark(reason="holiday traffic")))
    reject(theatre, 2)

    ruling = message_of(json.dumps(theatre.announcements.published[0]), "2026-11-23T16:20:13.000Z", "heirloom")

    assert isinstance(ruling, Ruling)
    assert (ruling.word, ruling.breach.slo, ruling.breach.version) == ("escalated", "registry", 2)
    assert ruling.breach.id == f"{MODEL}/registry/v2/2026-11-23T16:20:11.000Z"


def test_a_frozen_route_does_not_keep_other_versions_from_being_quarantined(theatre: Theatre) -> None:
    theatre.change(lambda route: moves.freeze(route, mark()))

    reject(theatre, 1)

    assert list(theatre.route.quarantined) == [1]


@pytest.mark.parametrize(
    "changes",
    [
        {"ModelApprovalStatus": "Approved"},
        {"ModelApprovalStatus": None},
        {"ModelPackageGroupName": "other-flight-delay"},
    ],
)
def test_other_packages_are_not_looked_at(theatre: Theatre, changes: dict[str, Any]) -> None:
    before = theatre.route

    assert reject(theatre, 2, **changes) is None
    assert theatre.route == before


def test_a_model_that_was_removed_has_nothing_to_take_back(theatre: Theatre) -> None:
    theatre.world.routes.delete(MODEL)

    assert reject(theatre, 2) == {"action": "nothing", "revision": None}


def test_another_kind_of_event_is_refused() -> None:
    with pytest.raises(Invalid, match="'ModelPackageGroupName' is missing"):
        Rejection.from_event({"detail": {}}, "heirloom")


@pytest.mark.parametrize(
    ("told", "at"),
    [
        ("2021-02-24T17:00:14Z", "2021-02-24T17:00:14.000Z"),
        (1795450811000, "2026-11-23T16:20:11.000Z"),
        ("1795450811000", "2026-11-23T16:20:11.000Z"),
        (None, "2026-11-23T16:20:12.000Z"),
    ],
)
def test_the_moment_is_read_in_each_form_that_aws_has(told: Any, at: str) -> None:
    event = payload("reject_version.rejected")
    event["detail"]["LastModifiedTime"] = told

    found = Rejection.from_event(event, "heirloom")

    assert found is not None
    assert found.at == at


def test_a_rejection_without_a_reason_says_so() -> None:
    event = payload("reject_version.rejected")
    del event["detail"]["ApprovalDescription"]

    found = Rejection.from_event(event, "heirloom")

    assert found is not None
    assert found.reason == "rejected in the model registry: no reason was given"
