"""Whatever comes between: alarms twice and at once, people, pipelines, deaths. One move a breach, nothing past a
freeze, and a route that always names versions that are ready and good."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from heirloom.core.errors import Conflict, HeirloomError, Unavailable
from heirloom.core.lineage.graph import CAUSES, Node
from heirloom.core.monitoring.breach import ACCURACY, LATENCY
from heirloom.core.release import moves
from heirloom.core.release.route import Route
from heirloom.core.rollback.latch import DEAD_AFTER
from heirloom.core.rollback.ports import Ports
from heirloom.core.rollback.roll_back import roll_back
from tests.unit.rollback.theatre import MODEL, Theatre, fails_on, knows, mark

VERSIONS = range(4)


class Died(BaseException):
    """The function was killed."""


@dataclass
class Stage:
    """A model, and what happens between two calls of a rollback's ports: ``script`` says it by the count of calls."""

    theatre: Theatre
    script: Mapping[int, str]
    calls: int = 0
    deep: int = 0

    def between(self) -> None:
        self.calls += 1
        if self.calls in self.script:
            self.happens(self.script[self.calls])

    def happens(self, what: str) -> None:
        name, _, version = what.partition(" ")
        people: dict[str, Callable[[Route], Route]] = {
            "promote": lambda route: moves.promote(route, int(version), mark()),
            "back": lambda route: moves.roll_back(route, None, mark()),
            "freeze": lambda route: moves.freeze(route, mark()),
            "thaw": lambda route: moves.thaw(route, mark()),
            "clear": lambda route: moves.clear(route, int(version), mark()),
            "quarantine": lambda route: moves.quarantine(route, int(version), mark()),
        }
        if name in people:
            with suppress(Conflict):
                self.theatre.change(people[name])
        elif name == "later":
            self.theatre.now += timedelta(minutes=int(version))
        elif name == "breach":
            self.breach(version)
        elif name == "alarm":
            self.alarm()
        elif name == "die":
            raise Died
        elif name == "fail":
            raise Unavailable("it went wrong")

    def breach(self, slo: str) -> None:
        """Of a promise there is one at a time: the monitor's next word takes the place of the last."""
        champion = self.theatre.route.champion
        if not any(each.slo == slo and each.ended_at is None for each in self.theatre.watches.of(MODEL)):
            self.theatre.now += timedelta(milliseconds=1)
            self.theatre.breaks(champion, slo)

    def alarm(self) -> None:
        """Another function hears of it, while this one is at it."""
        if self.deep < 3:
            self.deep += 1
            with suppress(HeirloomError, Died):
                roll_back(MODEL, self.ports)
            self.deep -= 1

    @property
    def ports(self) -> Ports:
        """Between two calls of which something may happen."""
        ports = self.theatre.ports
        sources = replace(ports.sources, **{name: self.meddled(ports.sources, name) for name in ("lineage", "book")})
        meddled = {name: self.meddled(ports, name) for name in ("decisions", "routes", "probe", "announcements")}
        return replace(ports, sources=sources, **meddled)

    def meddled(self, ports: Any, name: str) -> Any:
        return Meddled(self, getattr(ports, name))


class Meddled:
    """A port before and after each call of which the script goes on."""

    def __init__(self, stage: Stage, port: Any) -> None:
        self._stage, self._port = stage, port

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*arguments: Any) -> Any:
            self._stage.between()
            answer = method(*arguments)
            self._stage.between()
            return answer

        return call


def of_versions(*names: str) -> list[str]:
    return [f"{name} {version}" for name in names for version in VERSIONS]


PEOPLE = [*of_versions("promote", "clear", "quarantine"), "back", "freeze", "thaw"]
MONITOR = [f"breach {ACCURACY}", f"breach {LATENCY}", "alarm", "later 1", "later 3", "later 700"]
STEPS = st.lists(st.sampled_from([*PEOPLE, *MONITOR, "alarm", "alarm"]), max_size=10)
SCRIPT = st.dictionaries(
    st.integers(1, 45), st.sampled_from([*PEOPLE, *["freeze", "alarm", "die", "fail"] * 3, *MONITOR]), max_size=6
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, script=SCRIPT)
def test_one_move_a_breach_whatever_comes_between(steps: list[str], script: dict[int, str]) -> None:
    theatre = Theatre(versions=3)
    for version in VERSIONS[1:]:
        theatre.labels(version, fails_on(2), 20)
        theatre.asked(version, [9000.0] * 10)
        theatre.serves(version, knows)
    stage = Stage(theatre, script)
    stage.breach(ACCURACY)

    for step in ["alarm", *steps]:
        stage.happens(step)
    breaches = settle(theatre)

    changes = [node(theatre, change["revision"]) for change in reversed(theatre.changes())]
    check_moves(changes, breaches)
    check_incidents(theatre, changes)
    for change in changes:
        check_route(Route.from_document(change.data))


def settle(theatre: Theatre) -> set[str]:
    """The alarm comes until nothing is left to do; the breaches that there are."""
    for _ in range(4):
        theatre.now += DEAD_AFTER
        with suppress(HeirloomError):
            theatre.roll_back()
    lasting = {each.id for each in theatre.watches.of(MODEL) if each.ended_at is None}
    told = {each["breach"] for each in theatre.announcements.published}

    assert lasting <= theatre.decisions.finished
    assert theatre.decisions.finished <= told
    return told


def node(theatre: Theatre, revision: int) -> Node:
    found = theatre.world.lineage.node("change", f"{MODEL}/{revision}")
    assert found is not None
    return found


def check_moves(changes: list[Node], breaches: set[str]) -> None:
    """Oldest first."""
    automatic = [(before, after) for before, after in pairwise(changes) if after.summary["by"] == "monitor"]
    made_for = [after.summary["release"] for _, after in automatic]

    assert len(made_for) == len(set(made_for))
    assert set(made_for) <= breaches
    for before, after in automatic:
        assert before.data["frozen"] is None
        left = int(after.summary["release"].split("/")[2].removeprefix("v"))
        assert before.data["champion"] == left
        if after.summary["action"] == "rollback":
            assert after.data["champion"] < left
            assert str(left) in after.data["quarantined"]
        else:
            assert after.summary["action"] == "freeze"


def check_incidents(theatre: Theatre, changes: list[Node]) -> None:
    """Each automatic change has its incident, which tells of the decision that it was made on, and of no other."""
    for change in changes:
        if change.summary["by"] == "monitor":
            (incident,) = theatre.world.lineage.sources(change.key, CAUSES)
            found = theatre.world.lineage.node("incident", incident.removeprefix("incident#"))
            assert found is not None
            decision = found.data["decision"]
            assert decision["reason"] == change.summary["reason"]
            assert decision["action"] == {"rollback": "rollback", "freeze": "page"}[change.summary["action"]]


def check_route(route: Route) -> None:
    assert moves.named(route) <= route.ready.keys()
    assert not moves.named(route) & route.quarantined.keys()
