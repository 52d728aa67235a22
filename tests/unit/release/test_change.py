"""Routes are written a revision at a time, whoever writes at the same moment."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from heirloom.adapters.memory import MemoryAnswers, MemoryLineage, MemoryRoutes, MemoryTrials
from heirloom.core.errors import Conflict, NotFound, Unavailable
from heirloom.core.lineage.graph import Edge, Node
from heirloom.core.release import moves
from heirloom.core.release.change import ATTEMPTS, Ending, change, open_route, write
from heirloom.core.release.route import Canary, Mark, Route
from heirloom.core.release.trial import Rules, Trial

MARK = Mark("pipeline", "2026-11-23T15:10:10.000Z", "trained by run wine-1")
ANA = Mark("arn:aws:iam::111122223333:user/ana", "2026-11-23T16:00:00.000Z", "not before Monday")


class Contested(MemoryRoutes):
    """Somebody else writes first, as often as there are rivals."""

    def __init__(self) -> None:
        super().__init__()
        self.rivals: list[Callable[[Route], Route]] = []

    def put(self, route: Route, record: Node, *edges: Edge) -> None:
        if self.rivals:
            now, rival = self.get("wine"), self.rivals.pop(0)
            assert now is not None
            write(rival(now), super())
        super().put(route, record, *edges)


def opened(*ready: int) -> Contested:
    routes = Contested()
    open_route("wine", "e0", MARK, routes, routes.lineage)
    for version in ready:
        change("wine", lambda route, number=version: moves.ready(route, number, f"e{number}", MARK), routes)
    return routes


def advance(version: int, mark: Mark, routes: MemoryRoutes) -> Route:
    """As a release without a canary does."""
    return change("wine", lambda route: moves.forward(route, version, mark), routes, ATTEMPTS)


def actions(routes: MemoryRoutes) -> list[str]:
    return [entry.summary["action"] for entry in routes.lineage.changes("wine", 99).entries][::-1]


def promoted(version: int) -> Callable[[Route], Route]:
    return lambda route: moves.promote(route, version, ANA)


def test_opens_at_the_baseline() -> None:
    route = opened().get("wine")

    assert route == Route("wine", 1, 0, {0: "e0"}, "open", MARK)


def test_an_open_route_stays_as_it_is_when_the_project_is_deployed_again() -> None:
    routes = opened(1)
    before = routes.get("wine")

    assert open_route("wine", "e0", ANA, routes, routes.lineage) == before
    assert routes.get("wine") == before


def test_follows_the_baseline_to_a_new_endpoint_whoever_is_champion() -> None:
    routes = opened(1)
    advance(1, MARK, routes)

    route = open_route("wine", "renamed", MARK, routes, routes.lineage)

    assert (route.revision, route.champion, route.action) == (4, 1, "ready")
    assert route.ready == {0: "renamed", 1: "e1"}


def test_a_model_that_comes_back_goes_on_counting() -> None:
    routes = opened(1)
    routes.delete("wine")

    route = open_route("wine", "e0", MARK, routes, routes.lineage)

    assert (route.revision, route.champion, dict(route.ready)) == (3, 0, {0: "e0"})
    assert actions(routes) == ["open", "ready", "open"]


def test_a_model_that_comes_back_remembers_who_has_frozen_it_and_what_is_bad() -> None:
    routes = opened(1, 2)
    change("wine", promoted(2), routes)
    change("wine", lambda route: moves.roll_back(route, None, ANA), routes)
    change("wine", lambda route: moves.freeze(route, ANA), routes)
    routes.delete("wine")

    route = open_route("wine", "e0", MARK, routes, routes.lineage)

    assert route == Route("wine", 7, 0, {0: "e0"}, "open", MARK, frozen=ANA, quarantined={2: ANA})
    with pytest.raises(Conflict, match="version 2 of wine is quarantined"):
        change("wine", lambda now: moves.promote(moves.thaw(now, ANA), 2, ANA), routes)


def test_who_has_seen_the_route_before_it_was_removed_does_not_bring_it_back() -> None:
    routes = opened(1)
    seen = routes.get("wine")
    assert seen is not None
    routes.delete("wine")

    with pytest.raises(Conflict, match="changed meanwhile"):
        write(promoted(1)(seen), routes)
    open_route("wine", "e0", MARK, routes, routes.lineage)
    with pytest.raises(Conflict, match="changed meanwhile"):
        write(promoted(1)(seen), routes)


def test_of_two_people_one_wins_and_one_is_told() -> None:
    routes = opened(1)
    routes.rivals = [lambda route: moves.freeze(route, ANA)]

    with pytest.raises(Conflict, match="the route of wine was changed meanwhile: look at it, then try again"):
        change("wine", promoted(1), routes)

    assert actions(routes) == ["open", "ready", "freeze"]


def test_automation_looks_again_when_somebody_else_was_faster() -> None:
    routes = opened(1, 2)
    routes.rivals = [promoted(1)]

    route = advance(2, MARK, routes)

    assert (route.champion, route.previous, route.change) == (2, 1, MARK)
    assert actions(routes)[-2:] == ["promote", "promote"]


def test_automation_gives_way_to_a_later_version() -> None:
    routes = opened(2, 3)
    routes.rivals = [promoted(3)]

    route = advance(2, MARK, routes)

    assert (route.champion, route.change) == (3, ANA)


def test_automation_gives_up_when_others_never_stop() -> None:
    routes = opened(1)
    routes.rivals = [lambda route: moves.freeze(route, ANA), lambda route: moves.thaw(route, ANA)] * ATTEMPTS

    with pytest.raises(Conflict, match="changed meanwhile"):
        change("wine", lambda route: moves.ready(route, 9, "e9", MARK), routes, ATTEMPTS)

    assert len(routes.rivals) == ATTEMPTS


def test_automation_asks_whether_it_still_may() -> None:
    routes = opened(1)
    routes.rivals = [lambda route: moves.freeze(route, ANA)]

    with pytest.raises(Conflict, match=r"ana has frozen the route of wine since 2026-11-23T16:00.*not before Monday"):
        advance(1, MARK, routes)


def test_what_changes_nothing_is_not_written() -> None:
    routes = opened(1)
    before = advance(1, MARK, routes)

    after = advance(1, ANA, routes)

    assert after == before
    assert actions(routes) == ["open", "ready", "promote"]


def test_a_model_without_a_route_can_not_be_moved() -> None:
    with pytest.raises(NotFound, match="wine has no route"):
        advance(1, MARK, MemoryRoutes())


def trial(release: str) -> Trial:
    return Trial(release, "wine", 0, 1, Rules(), "token-1", MARK.at)


def tried() -> tuple[Contested, MemoryTrials, MemoryAnswers]:
    routes, trials = opened(1, 2), MemoryTrials()
    change("wine", lambda route: moves.start_canary(route, Canary(1, 0.1, 2000, "wine-1"), MARK), routes)
    trials.open(trial("wine-1"))
    return routes, trials, MemoryAnswers()


def test_who_ends_a_canary_ends_its_trial() -> None:
    routes, trials, answers = tried()

    change("wine", promoted(2), routes, ending=Ending(trials, answers))

    ended = trials.get("wine-1")
    assert ended is not None
    assert ended.verdict is not None
    assert ended.verdict.outcome == "superseded"
    assert answers.sent == {
        "token-1": {"outcome": "superseded", "reason": f"promote by {ANA.by}: not before Monday"},
    }


def test_who_ends_a_canary_at_the_second_attempt_ends_its_trial() -> None:
    routes, trials, answers = tried()
    routes.rivals = [lambda route: moves.ready(route, 9, "e9", ANA)]

    change("wine", promoted(2), routes, ATTEMPTS, Ending(trials, answers))

    assert answers.sent["token-1"]["outcome"] == "superseded"


def test_who_leaves_the_canary_leaves_its_trial() -> None:
    routes, trials, answers = tried()

    change("wine", lambda route: moves.freeze(route, ANA), routes, ending=Ending(trials, answers))

    assert answers.sent == {}


def test_a_canary_without_a_trial_ends_all_the_same() -> None:
    routes, _, answers = tried()

    route = change("wine", promoted(2), routes, ending=Ending(MemoryTrials(), answers))

    assert (route.canary, answers.sent) == (None, {})


def test_a_release_that_can_not_be_told_does_not_undo_the_change() -> None:
    class Silent(MemoryTrials):
        def get(self, release: str) -> Trial | None:
            raise Unavailable("throttled")

    routes, _, answers = tried()

    route = change("wine", promoted(2), routes, ending=Ending(Silent(), answers))

    assert routes.get("wine") == route
    assert (route.champion, answers.sent) == (2, {})


def test_a_lineage_that_has_the_revision_stops_the_route() -> None:
    lineage = MemoryLineage()
    routes = MemoryRoutes(lineage)
    route = open_route("wine", "e0", MARK, routes, lineage)
    lineage.add(Node("change", "wine/2", "wine", MARK.at, {}, {"revision": 2}))

    with pytest.raises(Conflict):
        change("wine", lambda now: moves.freeze(now, ANA), routes)

    assert routes.get("wine") == route
