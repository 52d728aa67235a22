"""What may follow a route: a table of cases, and what holds after any sequence of moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heirloom.core.errors import Conflict, NotReady
from heirloom.core.release import moves
from heirloom.core.release.moves import Move
from heirloom.core.release.route import Canary, Mark, Route, Shadow

EARLIER = Mark("arn:aws:iam::111122223333:user/ana", "2026-11-23T15:00:00.000Z", "bad on short flights")
MARK = Mark("arn:aws:iam::111122223333:user/bo", "2026-11-23T16:00:00.000Z", "because")
READY = {number: f"heirloom-wine-v{number}" for number in range(4)}
ROUTE = Route("wine", 7, 2, READY, "promote", EARLIER, previous=1)
TRIAL = Canary(3, 0.1, 2000, "wine-1a2b3c")
TRIED = replace(ROUTE, canary=TRIAL)
FROZEN = replace(ROUTE, frozen=EARLIER)
MIRRORED = replace(ROUTE, shadow=Shadow(3, 0.5))
BAD = replace(ROUTE, quarantined={3: EARLIER})
FIRST = replace(ROUTE, champion=0, previous=None)


def ready(version: int, endpoint: str) -> Move:
    return lambda route: moves.ready(route, version, endpoint, MARK)


def canary(trial: Canary) -> Move:
    return lambda route: moves.start_canary(route, trial, MARK)


def promote(version: int) -> Move:
    return lambda route: moves.promote(route, version, MARK)


def roll_back(to: int | None = None, quarantine: bool = True) -> Move:
    return lambda route: moves.roll_back(route, to, MARK, quarantine)


def stop(release: str | None = None, quarantine: bool = False) -> Move:
    return lambda route: moves.stop(route, release, MARK, quarantine)


def shadow(version: int | None, share: float = 1.0) -> Move:
    return lambda route: moves.shadow(route, version, share, MARK)


def freeze(route: Route) -> Route:
    return moves.freeze(route, MARK)


def thaw(route: Route) -> Route:
    return moves.thaw(route, MARK)


def quarantine(version: int) -> Move:
    return lambda route: moves.quarantine(route, version, MARK)


def clear(version: int) -> Move:
    return lambda route: moves.clear(route, version, MARK)


def retire(*versions: int) -> Move:
    return lambda route: moves.retire(route, versions, MARK)


@pytest.mark.parametrize(
    ("route", "move", "changes"),
    [
        pytest.param(ROUTE, ready(9, "e9"), {"action": "ready", "ready": {**READY, 9: "e9"}}, id="a tested version"),
        pytest.param(ROUTE, ready(0, "e0"), {"action": "ready", "ready": {**READY, 0: "e0"}}, id="a baseline renamed"),
        pytest.param(
            replace(ROUTE, retired=("a", "b")),
            ready(1, "b"),
            {"action": "ready", "ready": {**READY, 1: "b"}, "retired": ("a", READY[1])},
            id="another endpoint of a version",
        ),
        pytest.param(ROUTE, canary(TRIAL), {"action": "canary", "canary": TRIAL}, id="a canary"),
        pytest.param(
            MIRRORED, canary(TRIAL), {"action": "canary", "canary": TRIAL, "shadow": None}, id="of what was the shadow"
        ),
        pytest.param(
            replace(ROUTE, shadow=Shadow(1, 0.5)),
            canary(TRIAL),
            {"action": "canary", "canary": TRIAL},
            id="and another",
        ),
        pytest.param(
            TRIED,
            canary(replace(TRIAL, release="wine-4d5e6f")),
            {"action": "canary", "canary": replace(TRIAL, release="wine-4d5e6f")},
            id="a canary instead of another",
        ),
        pytest.param(ROUTE, promote(3), {"action": "promote", "champion": 3, "previous": 2}, id="a promotion"),
        pytest.param(
            TRIED, promote(3), {"action": "promote", "champion": 3, "previous": 2, "canary": None}, id="of a canary"
        ),
        pytest.param(
            MIRRORED, promote(3), {"action": "promote", "champion": 3, "previous": 2, "shadow": None}, id="of a shadow"
        ),
        pytest.param(MIRRORED, promote(1), {"action": "promote", "champion": 1, "previous": 2}, id="of an earlier one"),
        pytest.param(
            ROUTE,
            roll_back(),
            {"action": "rollback", "champion": 1, "previous": None, "quarantined": {2: MARK}},
            id="back to the champion before",
        ),
        pytest.param(
            TRIED,
            roll_back(0),
            {"action": "rollback", "champion": 0, "previous": None, "quarantined": {2: MARK}, "canary": None},
            id="back to a version of choice, with a canary",
        ),
        pytest.param(
            FROZEN,
            roll_back(quarantine=False),
            {"action": "rollback", "champion": 1, "previous": 2},
            id="back, frozen, without a quarantine",
        ),
        pytest.param(
            replace(ROUTE, champion=3, previous=None, quarantined={2: EARLIER}),
            roll_back(),
            {"action": "rollback", "champion": 1, "quarantined": {2: EARLIER, 3: MARK}},
            id="back past what is quarantined",
        ),
        pytest.param(
            replace(ROUTE, champion=1, previous=3),
            roll_back(),
            {"action": "rollback", "champion": 0, "previous": None, "quarantined": {1: MARK}},
            id="back to the baseline, for the version before was a later one",
        ),
        pytest.param(TRIED, stop(), {"action": "stop", "canary": None}, id="a stop"),
        pytest.param(
            replace(TRIED, frozen=EARLIER, shadow=Shadow(3, 1), previous=3),
            stop("wine-1a2b3c", quarantine=True),
            {"action": "stop", "canary": None, "shadow": None, "previous": None, "quarantined": {3: MARK}},
            id="a stop of what is bad wherever it is named",
        ),
        pytest.param(ROUTE, shadow(3, 0.2), {"action": "shadow", "shadow": Shadow(3, 0.2)}, id="a shadow"),
        pytest.param(MIRRORED, shadow(None), {"action": "shadow", "shadow": None}, id="no shadow"),
        pytest.param(ROUTE, freeze, {"action": "freeze", "frozen": MARK}, id="a freeze"),
        pytest.param(FROZEN, thaw, {"action": "thaw", "frozen": None}, id="a thaw"),
        pytest.param(ROUTE, quarantine(3), {"action": "quarantine", "quarantined": {3: MARK}}, id="a quarantine"),
        pytest.param(
            replace(TRIED, previous=3, shadow=Shadow(3, 1)),
            quarantine(3),
            {"action": "quarantine", "quarantined": {3: MARK}, "canary": None, "previous": None, "shadow": None},
            id="a quarantine of what is named",
        ),
        pytest.param(
            TRIED, quarantine(1), {"action": "quarantine", "quarantined": {1: MARK}, "previous": None}, id="of another"
        ),
        pytest.param(
            replace(ROUTE, quarantined={1: MARK, 3: EARLIER}),
            clear(3),
            {"action": "clear", "quarantined": {1: MARK}},
            id="a clearing",
        ),
        pytest.param(
            BAD,
            retire(3),
            {"action": "retire", "ready": {n: READY[n] for n in range(3)}, "retired": ("heirloom-wine-v3",)},
            id="a retirement",
        ),
        pytest.param(
            replace(ROUTE, retired=("a", "b")),
            lambda route: moves.retire(route, [3], MARK, deleted=["a", "z"]),
            {"action": "retire", "ready": {n: READY[n] for n in range(3)}, "retired": ("b", "heirloom-wine-v3")},
            id="a retirement that forgets what is deleted",
        ),
        pytest.param(
            replace(ROUTE, release="wine-1"),
            freeze,
            {"action": "freeze", "frozen": MARK, "release": None},
            id="no release's",
        ),
        pytest.param(
            replace(ROUTE, retired=("a",)),
            promote(3),
            {"action": "promote", "champion": 3, "previous": 2},
            id="what is to be deleted is kept",
        ),
        pytest.param(ROUTE, lambda route: moves.remove(route, MARK), {"action": "remove"}, id="a removal"),
        pytest.param(
            ROUTE,
            lambda route: moves.at_once(route, ready(1, "e1"), promote(1)),
            {"action": "promote", "champion": 1, "previous": 2, "ready": {**READY, 1: "e1"}, "retired": (READY[1],)},
            id="two at once",
        ),
    ],
)
def test_a_move_changes_what_it_says_and_nothing_else(route: Route, move: Move, changes: dict[str, Any]) -> None:
    assert move(route) == replace(route, **{"revision": 8, "change": MARK, **changes})


@pytest.mark.parametrize(
    ("route", "move"),
    [
        (ROUTE, ready(3, READY[3])),
        (TRIED, canary(TRIAL)),
        (ROUTE, lambda route: moves.at_once(route, ready(3, READY[3]))),
        (ROUTE, lambda route: moves.forward(route, 2, MARK)),
        (ROUTE, lambda route: moves.forward(route, 1, MARK)),
    ],
)
def test_what_automation_repeats_gives_the_route_back(route: Route, move: Move) -> None:
    assert move(route) is route


@pytest.mark.parametrize(
    ("route", "move", "why"),
    [
        (ROUTE, promote(2), "version 2 of wine is the champion already"),
        (BAD, promote(3), "version 3 of wine is quarantined, by .*ana since .*: bad on short flights"),
        (FROZEN, promote(3), "ana has frozen the route of wine since 2026-11-23T15:00.*: bad on short flights"),
        (FROZEN, canary(TRIAL), "has frozen"),
        (BAD, canary(TRIAL), "quarantined"),
        (ROUTE, canary(replace(TRIAL, version=1)), "version 2 of wine serves already"),
        (ROUTE, canary(replace(TRIAL, version=2)), "version 2 of wine serves already"),
        (ROUTE, canary(replace(TRIAL, share=0.0)), "above 0 and up to 1, got 0"),
        (
            replace(TRIED, ready={**READY, 4: "e4"}, canary=replace(TRIAL, version=4)),
            canary(TRIAL),
            "version 4 of wine is on trial already",
        ),
        (TRIED, shadow(3), "version 3 of wine is the canary: a shadow is another version"),
        (ROUTE, roll_back(2), "is the champion: a rollback goes to an earlier version"),
        (ROUTE, roll_back(3), "a rollback goes to an earlier version"),
        (FIRST, roll_back(), "is the baseline, and nothing is before it"),
        (replace(ROUTE, quarantined={1: EARLIER}), roll_back(1), "version 1 of wine is quarantined"),
        (ROUTE, stop(), "wine has no canary"),
        (TRIED, stop("wine-4d5e6f"), "is of the release wine-1a2b3c, not of wine-4d5e6f"),
        (ROUTE, shadow(None), "wine has no shadow"),
        (ROUTE, shadow(2), "is the champion: a shadow is another version"),
        (ROUTE, shadow(3, 1.5), "got 1.5"),
        (BAD, shadow(3), "quarantined"),
        (FROZEN, freeze, "has frozen"),
        (ROUTE, thaw, "not frozen"),
        (ROUTE, quarantine(2), "is the champion: roll back"),
        (ROUTE, quarantine(0), "never quarantined"),
        (BAD, quarantine(3), "is quarantined"),
        (ROUTE, clear(3), "version 3 of wine is not quarantined"),
        (ROUTE, retire(0), "version 0 of wine is named by its route"),
        (ROUTE, retire(1), "named"),
        (ROUTE, retire(2), "named"),
        (TRIED, retire(3), "named"),
        (MIRRORED, retire(3), "named"),
    ],
)
def test_refuses_what_does_not_go_with_the_route(route: Route, move: Move, why: str) -> None:
    with pytest.raises(Conflict, match=why):
        move(route)


@pytest.mark.parametrize(
    "move", [promote(5), canary(replace(TRIAL, version=5)), shadow(5), lambda route: roll_back(5)(later(route))]
)
def test_a_version_without_an_endpoint_has_to_be_made_ready_first(move: Move) -> None:
    how = "version 5 of wine has no endpoint: `heirloom release promote wine 5` makes one"
    with pytest.raises(NotReady, match=how) as refused:
        move(ROUTE)

    assert refused.value.version == 5


def later(route: Route) -> Route:
    return replace(route, champion=6, ready={**route.ready, 6: "e6"})


@pytest.mark.parametrize(
    ("route", "target"),
    [(ROUTE, 1), (replace(ROUTE, previous=0), 0), (replace(ROUTE, previous=3), 1), (FIRST, 0)],
)
def test_says_where_a_rollback_would_go(route: Route, target: int) -> None:
    assert moves.earlier(route) == target


VERSIONS = st.integers(0, 5)
SHARES = st.sampled_from([0.1, 1.0])
RELEASES = st.sampled_from(["a", "b"])


def canary_of(version: int, share: float, release: str) -> Move:
    return canary(Canary(version, share, 2000, release))


def endpoint_of(version: int, again: bool) -> Move:
    return ready(version, f"e{version}{'again' if again else ''}")


MOVES: st.SearchStrategy[Move] = st.one_of(
    st.builds(endpoint_of, VERSIONS, st.booleans()),
    st.builds(canary_of, VERSIONS, SHARES, RELEASES),
    st.builds(promote, VERSIONS),
    st.builds(roll_back, st.none() | VERSIONS, st.booleans()),
    st.builds(stop, st.none() | RELEASES, st.booleans()),
    st.builds(shadow, st.none() | VERSIONS, SHARES),
    st.sampled_from([freeze, thaw]),
    st.builds(quarantine, VERSIONS),
    st.builds(clear, VERSIONS),
    st.builds(lambda versions: retire(*versions), st.sets(VERSIONS, max_size=2)),
)
Check = Callable[[Route, Route], bool]


def tried(route: Route, move: Move) -> Route:
    """The next route, or the same one where the move is refused."""
    try:
        return move(route)
    except Conflict:
        return route


@given(st.lists(MOVES, max_size=40))
def test_no_sequence_of_moves_leaves_a_route_that_could_not_answer(steps: list[Move]) -> None:
    route = Route("wine", 1, 0, {0: "e0"}, "open", MARK)

    for step in steps:
        before, route = route, tried(route, step)

        assert moves.named(route) <= route.ready.keys()
        assert not moves.named(route) & route.quarantined.keys()
        assert route.endpoint == route.ready[route.champion]
        assert route.canary is None or route.canary.version > route.champion
        assert route.shadow is None or route.shadow.version != route.champion
        assert route.shadow is None or route.canary is None or route.shadow.version != route.canary.version
        assert not set(route.retired) & set(route.ready.values())
        assert set(before.ready.values()) - {"e0", "e0again"} <= {*route.ready.values(), *route.retired}
        assert route == before or route.revision == before.revision + 1
        assert route.frozen is None or before.frozen is None or route.champion <= before.champion
        assert Route.from_document(route.to_document()) == route


@given(st.lists(MOVES, max_size=40))
def test_whatever_happened_a_rollback_is_possible_above_the_baseline(steps: list[Move]) -> None:
    route = Route("wine", 1, 0, {0: "e0"}, "open", MARK)
    for step in steps:
        route = tried(route, step)

    if route.champion > 0:
        assert moves.roll_back(route, None, MARK).champion < route.champion
