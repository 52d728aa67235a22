"""What goes wrong while a breach is acted on: it is made good by the next call, and done once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from heirloom.core.errors import Conflict, Denied, Unavailable
from heirloom.core.lineage.graph import BREACHES, CAUSES
from heirloom.core.monitoring.breach import ACCURACY, LATENCY
from heirloom.core.release import moves
from heirloom.core.rollback.decision import Decision
from heirloom.core.rollback.latch import DEAD_AFTER
from heirloom.core.rollback.roll_back import roll_back
from tests.unit.rollback.theatre import MODEL, Theatre, bad_deploy, fails_on, mark, told


def test_the_champion_is_judged_by_the_route_as_it_is_when_it_is_written(theatre: Theatre) -> None:
    """A person freezes the route while the versions are compared."""
    bad_deploy(theatre).breaks(2)
    endpoint = theatre.world.endpoints.answers["heirloom-flight-delay-v1"]
    frozen: list[bool] = []

    def freezing(document: Any) -> Any:
        if not frozen:
            frozen.append(True)
            theatre.change(lambda route: moves.freeze(route, mark(reason="hands off")))
        return endpoint(document)

    theatre.world.endpoints.answers["heirloom-flight-delay-v1"] = freezing

    (outcome,) = theatre.roll_back()

    assert (outcome.action, theatre.route.champion) == ("page", 2)
    assert "ana has frozen the route" in outcome.reason


class Failing:
    """A port of which one method raises once, after or instead of its work."""

    def __init__(self, port: Any, method: str, *, after: bool) -> None:
        self._port, self._method, self._after, self._armed = port, method, after, True

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name != self._method or not self._armed:
            return found

        def call(*arguments: Any) -> Any:
            self._armed = False
            if self._after:
                found(*arguments)
            raise Unavailable(f"{name} went wrong")

        return call


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("port", "method"),
    [
        ("decisions", "record"),
        ("routes", "put"),
        ("announcements", "publish"),
        ("book", "end"),
        ("decisions", "finish"),
        ("lineage", "link"),
        ("lineage", "add"),
    ],
)
def test_what_failed_is_made_good_by_the_next_call_and_done_once(
    theatre: Theatre, port: str, method: str, after: bool
) -> None:
    breach = bad_deploy(theatre).breaks(2)
    ports = theatre.ports
    if port in ("book", "lineage"):
        broken = replace(ports.sources, **{port: Failing(getattr(ports.sources, port), method, after=after)})
        ports = replace(ports, sources=broken)
    else:
        ports = replace(ports, **{port: Failing(getattr(ports, port), method, after=after)})

    assert [run(theatre, ports), run(theatre, ports)] == ["Unavailable", "done"]
    assert theatre.route.champion == 1
    assert [change["action"] for change in theatre.changes()].count("rollback") == 1
    assert theatre.announcements.published[-1]["heirloom"] == "resolved"
    assert theatre.breach(breach.id).ended_at is not None
    (incident,) = theatre.world.lineage.targets(f"version#{MODEL}/2", BREACHES)
    assert theatre.world.lineage.targets(incident, CAUSES) == (f"change#{MODEL}/{theatre.route.revision}",)
    node = theatre.world.lineage.node("incident", incident.removeprefix("incident#"))
    assert node is not None
    assert node.data["decision"]["action"] == "rollback"


def run(theatre: Theatre, ports: Any) -> str:
    try:
        roll_back(MODEL, ports)
    except Unavailable:
        return "Unavailable"
    return "done"


def test_what_one_decided_who_died_stands(theatre: Theatre) -> None:
    """It may have told people so; the route was thawed since."""
    breach = bad_deploy(theatre).breaks(2)
    theatre.change(lambda route: moves.freeze(route, mark(reason="holiday traffic")))
    broken = replace(theatre.ports, announcements=Failing(theatre.announcements, "publish", after=True))
    assert run(theatre, broken) == "Unavailable"
    theatre.change(lambda route: moves.thaw(route, mark()))

    (outcome,) = theatre.roll_back()

    assert (outcome.action, theatre.route.champion) == ("page", 2)
    assert "ana has frozen the route" in outcome.reason
    assert theatre.breach(breach.id).ended_at is None


def test_a_freeze_that_was_decided_and_not_made_is_decided_again() -> None:
    theatre = Theatre(versions=3)
    theatre.labels(3, fails_on(2))
    breach = theatre.breaks(3)
    claim = theatre.decisions.claim(breach.id, theatre.now)
    assert claim is not None
    frozen = Decision("page", None, "2 automatic rollbacks", (), freeze=True)
    theatre.decisions.record(claim, frozen.to_document())
    theatre.now += DEAD_AFTER

    (outcome,) = theatre.roll_back()

    assert (outcome.action, theatre.route.frozen, theatre.route.champion) == ("rollback", None, 2)


def test_who_is_at_it_is_not_disturbed_and_who_died_is_replaced(theatre: Theatre) -> None:
    breach = bad_deploy(theatre).breaks(2)
    theatre.decisions.claim(breach.id, theatre.now)

    with pytest.raises(Conflict, match="somebody else is at it"):
        theatre.roll_back()
    assert theatre.route.champion == 2

    theatre.now += DEAD_AFTER
    (outcome,) = theatre.roll_back()
    assert (outcome.action, theatre.route.champion) == ("rollback", 1)


def test_one_who_was_taken_over_writes_nothing_more(theatre: Theatre) -> None:
    """It slept for minutes between its decision and its word on it."""
    breach = bad_deploy(theatre).breaks(2)
    ports = theatre.ports

    class Slow:
        def ask(self, model: str, rows: Any) -> Any:
            theatre.now += DEAD_AFTER
            theatre.roll_back()
            return theatre.predict(model, rows)

    with pytest.raises(Conflict, match="somebody else has it now"):
        roll_back(MODEL, replace(ports, probe=Slow()))

    assert [change["action"] for change in theatre.changes()].count("rollback") == 1
    assert len(told(theatre)) == 1
    assert theatre.roll_back() == ()
    assert theatre.breach(breach.id).ended_at is not None


def test_an_error_of_one_breach_keeps_nobody_from_the_other(theatre: Theatre) -> None:
    accuracy = bad_deploy(theatre).breaks(2, ACCURACY)
    latency = theatre.breaks(2, LATENCY)
    theatre.asked(2, [9000.0] * 30)
    theatre.decisions.claim(accuracy.id, theatre.now)

    with pytest.raises(Conflict):
        theatre.roll_back()

    assert theatre.route.release == latency.id
    assert theatre.breach(accuracy.id).ended_at is None


def test_a_right_that_is_missing_is_an_error_and_the_claim_is_free_again(theatre: Theatre) -> None:
    bad_deploy(theatre).breaks(2)
    healthy = theatre.world.endpoints.answers["heirloom-flight-delay-v1"]
    calls: list[int] = []

    def denied(document: Any) -> Any:
        calls.append(1)
        return healthy(document) if len(calls) == 1 else Denied("asking heirloom-flight-delay-v1")

    theatre.world.endpoints.answers["heirloom-flight-delay-v1"] = denied
    with pytest.raises(Denied):
        theatre.roll_back()

    theatre.world.endpoints.answers["heirloom-flight-delay-v1"] = healthy
    (outcome,) = theatre.roll_back()
    assert outcome.action == "rollback"
