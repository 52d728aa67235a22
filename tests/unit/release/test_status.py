"""How a release stands, for people."""

from __future__ import annotations

import json

import pytest

from heirloom.core.errors import Invalid, NotFound
from heirloom.core.release.status import list_changes, show_release
from heirloom.core.release.trial import Arm, Tally, observe
from heirloom.core.release.verdict import Verdict
from tests.unit.world import World, released

COUNTED = Tally(Arm(requests=90), Arm(requests=10, errors=1))


def on_trial(world: World) -> str:
    release = released(world.carry(world.upload(), 6))
    world.try_out(release)
    return str(release["release"]["id"])


def test_shows_the_route_alone_while_nothing_is_tried(deployed: World) -> None:
    status = show_release("flight-delay", deployed.routes, deployed.trials)

    assert status.route == deployed.routes.get("flight-delay")
    assert json.loads(json.dumps(status.to_document())) == {"route": status.route.to_document(), "trial": None}


def test_shows_what_the_canary_has_done_so_far(deployed: World) -> None:
    release = on_trial(deployed)
    observe(release, "batch-1", COUNTED, deployed.trials, deployed.answers, "2026-11-23T16:00:00.000Z")

    trial = show_release("flight-delay", deployed.routes, deployed.trials).to_document()["trial"]

    assert (trial["champion"], trial["challenger"], trial["release"]) == (0, 1, release)
    assert (trial["tally"]["canary"]["errors"], trial["tally"]["champion"]["requests"]) == (1, 90)
    assert trial["verdict"]["outcome"] == "undecided"


def test_shows_a_verdict_that_stands(deployed: World) -> None:
    verdict = Verdict("worse", "it fails", "errors", "2026-11-23T16:00:00.000Z")
    deployed.trials.decide(on_trial(deployed), verdict)

    assert show_release("flight-delay", deployed.routes, deployed.trials).verdict == verdict


def test_keeps_the_token_for_itself(deployed: World) -> None:
    on_trial(deployed)

    shown = json.dumps(show_release("flight-delay", deployed.routes, deployed.trials).to_document())

    assert "token" not in shown


def test_knows_no_other_models(world: World) -> None:
    with pytest.raises(NotFound, match="no model 'wine'"):
        show_release("wine", world.routes, world.trials)
    with pytest.raises(NotFound, match="no model 'wine'"):
        list_changes("wine", world.lineage)
    with pytest.raises(NotFound, match="no model 'wine'"):
        list_changes("wine", world.lineage, cursor="3")


def test_pages_through_the_changes_newest_first(deployed: World) -> None:
    deployed.carry(deployed.upload())

    first = list_changes("flight-delay", deployed.lineage, 2)
    second = list_changes("flight-delay", deployed.lineage, 2, first.cursor)

    assert [change["action"] for change in first.changes] == ["promote", "ready"]
    assert [change["action"] for change in second.changes] == ["open"]
    assert (first.cursor, second.cursor) == ("2", None)
    assert list_changes("flight-delay", deployed.lineage, 2, "1").changes == ()


@pytest.mark.parametrize("cursor", ["", "x", "-1", "change#00000002", "²", "123456789"])
def test_refuses_a_cursor_that_no_page_gave(deployed: World, cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        list_changes("flight-delay", deployed.lineage, 2, cursor)


@pytest.mark.parametrize("limit", [0, 101])
def test_refuses_a_page_that_is_too_small_or_too_large(deployed: World, limit: int) -> None:
    with pytest.raises(Invalid, match="limit: expected a whole number from 1 to 100"):
        list_changes("flight-delay", deployed.lineage, limit)
