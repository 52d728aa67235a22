"""The rules of a rollback: which of them decides, and what is said of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from heirloom.core.clock import stamp
from heirloom.core.monitoring.breach import ACCURACY, LATENCY, Breach, Severity
from heirloom.core.release.route import Mark, Route
from heirloom.core.rollback.decision import COOLDOWN, SKEW, Case, Decision, decide
from heirloom.core.rollback.history import Tenure, tenure
from heirloom.core.rollback.paired import Comparison

NOW = datetime(2026, 11, 23, 16, tzinfo=UTC)
BEGAN = NOW - timedelta(minutes=5)
ANA = Mark("ana", "2026-11-23T12:00:00.000Z", "holiday traffic")
BREACH = Breach("wine", 3, ACCURACY, Severity.ROLLBACK, stamp(BEGAN), {"reason": "80 of 100 were right"})
ROUTE = Route("wine", 9, 3, {number: f"e{number}" for number in range(5)}, "promote", ANA, previous=2)
HELPS, USELESS = Comparison(1000, 60, 5), Comparison(1000, 30, 28)


@dataclass
class Asked:
    """Earlier versions, as they are; ``asked`` is what was asked of them."""

    ailments: Mapping[int, str] = field(default_factory=dict)
    compared: Comparison = HELPS
    asked: list[tuple[str, int, str]] = field(default_factory=list)

    def ailment(self, version: int, endpoint: str) -> str | None:
        self.asked.append(("health", version, endpoint))
        return self.ailments.get(version)

    def comparison(self, version: int, endpoint: str) -> Comparison:
        self.asked.append(("comparison", version, endpoint))
        return self.compared


def entry(champion: int, action: str = "promote", ago: timedelta = timedelta(hours=1), **more: Any) -> dict[str, Any]:
    told = {"revision": 8, "by": "pipeline", "reason": "trained", "release": None}
    return {**told, "champion": champion, "action": action, "at": stamp(NOW - ago), **more}


PROMOTED = [entry(3), entry(2, ago=timedelta(hours=9))]


def case(**changes: Any) -> Case:
    usual = Case(BREACH, 3, ROUTE, PROMOTED, frozenset(), NOW)
    return replace(usual, **changes)


def rolled_back(champion: int, ago: timedelta, **more: Any) -> dict[str, Any]:
    return entry(champion, "rollback", ago, by="monitor", release="wine/accuracy/v9/...", **more)


def test_a_bad_deploy_is_rolled_back_to_the_newest_good_version_with_its_evidence() -> None:
    earlier = Asked()

    decision = decide(case(), earlier)

    assert (decision.action, decision.target, decision.freeze, decision.retrain) == ("rollback", 2, False, False)
    assert decision.reason == (
        "80 of 100 were right; only version 2 is right on 60 of 1000 inputs, only version 3 on 5 (p = 2.4e-13)"
    )
    assert [check.name for check in decision.checks] == [
        *("champion", "undecided", "not frozen", "first rollback", "steady", "target", "helps"),
    ]
    assert all(check.passed for check in decision.checks)
    assert earlier.asked == [("health", 2, "e2"), ("comparison", 2, "e2")]


FROZEN = replace(ROUTE, frozen=ANA)
AGO = timedelta(hours=2)


@pytest.mark.parametrize(
    ("changes", "action", "failed", "said"),
    [
        pytest.param(
            {"route": replace(ROUTE, champion=4), "changes": [entry(4), *PROMOTED]},
            *("nothing", "champion", r"version 3 does not answer any more, version 4 does \(promote by ana: holiday"),
            id="another version answers",
        ),
        pytest.param(
            {"changes": [entry(3, ago=timedelta(minutes=2)), entry(2, ago=AGO), entry(3, ago=2 * AGO)]},
            *("nothing", "champion", "version 3 answers again since 2026-11-23T15:58:00"),
            id="it answers again, since the breach",
        ),
        pytest.param(
            {"changes": [entry(3, release=BREACH.id, action="thaw"), *PROMOTED]},
            *("nothing", "undecided", "the route was changed for this breach already: revision 8"),
            id="the route was moved for it",
        ),
        pytest.param(
            {"route": FROZEN},
            *("page", "not frozen", "ana has frozen the route since 2026-11-23T12:00:00.000Z: holiday traffic"),
            id="a person has frozen the route",
        ),
        pytest.param(
            {"changes": [rolled_back(3, AGO), entry(4, ago=2 * AGO)]},
            *("page", "first rollback", "an automatic rollback came to version 3 itself, 2026-11-23T14:00:00"),
            id="a rollback has brought it back",
        ),
        pytest.param(
            {"changes": [entry(3), rolled_back(1, AGO), entry(2, ago=2 * AGO), rolled_back(0, 3 * AGO)]},
            *("page", "steady", "2 automatic rollbacks in the last 24 hours without a person's change of the route"),
            id="the route flaps",
        ),
    ],
)
def test_a_rule_that_fails_decides_and_no_version_is_asked(
    changes: dict[str, Any], action: str, failed: str, said: str
) -> None:
    earlier = Asked()

    decision = decide(case(**changes), earlier)

    assert (decision.action, decision.target, decision.retrain) == (action, None, False)
    assert decision.freeze == (failed == "steady")
    assert [check.name for check in decision.checks if not check.passed] == [failed]
    assert decision.checks[-1].name == failed
    assert decision.reason == decision.checks[-1].detail
    assert re.search(said, decision.reason)
    assert earlier.asked == []


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param([entry(3, ago=timedelta(minutes=5) - SKEW / 2), entry(2, ago=AGO)], id="clocks that differ"),
        pytest.param([entry(3, "ready"), entry(3, "canary", AGO)], id="a history that does not reach back"),
        pytest.param([], id="no history"),
        pytest.param([rolled_back(3, COOLDOWN), entry(4, ago=2 * COOLDOWN)], id="a rollback of yesterday's"),
        pytest.param([entry(3), rolled_back(2, AGO)], id="one rollback today, and a promotion since"),
        pytest.param([entry(3), entry(2, "rollback", AGO, by="ana")], id="a person's rollback"),
        pytest.param([entry(3, "rollback", AGO, by="registry"), entry(4, ago=2 * AGO)], id="a rejected version's"),
    ],
)
def test_what_speaks_for_no_restraint(changes: list[dict[str, Any]]) -> None:
    assert decide(case(changes=changes), Asked()).action == "rollback"


@pytest.mark.parametrize(
    ("changes", "ailments", "target"),
    [
        ({}, {2: "does not answer: asleep"}, 1),
        ({"route": replace(ROUTE, quarantined={2: ANA, 1: ANA})}, {}, 0),
        ({"broken": frozenset({2})}, {}, 1),
        ({"broken": frozenset({2})}, {1: "does not answer"}, 0),
        ({"route": replace(ROUTE, ready={0: "e0", 3: "e3", 4: "e4"})}, {}, 0),
    ],
)
def test_goes_down_to_the_baseline_past_what_is_bad(
    changes: dict[str, Any], ailments: dict[int, str], target: int
) -> None:
    decision = decide(case(**changes), Asked(ailments))

    assert (decision.action, decision.target) == ("rollback", target)
    assert decision.checks[5].detail.endswith(
        f"version {target} is ready, was not marked as bad and answers its health check"
    )


def test_without_an_earlier_version_that_is_good_people_are_called() -> None:
    route = replace(ROUTE, ready={0: "e0", 1: "e1", 2: "e2", 3: "e3"}, quarantined={2: ANA})

    decision = decide(case(route=route, broken=frozenset({1})), Asked({0: "does not answer: gone"}))

    assert (decision.action, decision.target) == ("page", None)
    assert decision.reason == (
        "there is no earlier version to go back to: version 2: quarantined by ana: holiday traffic;"
        " version 1: breaks a promise itself; version 0: does not answer: gone"
    )


def test_nothing_is_before_the_baseline() -> None:
    decision = decide(case(version=0, route=replace(ROUTE, champion=0), changes=[entry(0, "open")]), Asked())

    assert decision.reason == "there is no earlier version to go back to: none is ready"


@pytest.mark.parametrize(
    ("slo", "compared", "retrain"),
    [
        (ACCURACY, USELESS, True),
        (ACCURACY, Comparison(0, 0, 0), False),
        (LATENCY, replace(USELESS, well="fast enough"), False),
    ],
)
def test_what_no_rollback_mends_calls_people(slo: str, compared: Comparison, retrain: bool) -> None:
    decision = decide(case(breach=replace(BREACH, slo=slo)), Asked(compared=compared))

    assert (decision.action, decision.target, decision.retrain) == ("page", None, retrain)
    assert decision.reason.startswith("going back to version 2 would not help: ")


def test_a_breach_without_a_reason_is_told_by_its_promise() -> None:
    decision = decide(case(breach=replace(BREACH, evidence={})), Asked())

    assert decision.reason.startswith("the accuracy promise is broken; only version 2")


def test_a_decision_comes_back_from_its_document() -> None:
    decision = replace(decide(case(), Asked()), problem="nobody answers")

    assert Decision.from_document(decision.to_document()) == decision


def test_a_tenure_begins_where_the_champion_changed() -> None:
    assert tenure(PROMOTED) == Tenure(3, NOW - timedelta(hours=1), "promote", "pipeline")
    assert tenure([entry(3, "freeze"), entry(3, "promote", AGO), entry(2, "promote", 3 * AGO)]) == Tenure(
        3, NOW - AGO, "promote", "pipeline"
    )
    assert tenure([]) is None


def test_rollbacks_that_a_person_has_looked_at_do_not_count_as_flapping() -> None:
    looked = entry(2, "thaw", ago=AGO, by="arn:aws:iam::111122223333:user/ana")
    changes = [entry(3), looked, rolled_back(1, 2 * AGO), entry(2, ago=3 * AGO), rolled_back(0, 4 * AGO)]

    decision = decide(case(changes=changes), Asked())

    assert decision.action == "rollback"
