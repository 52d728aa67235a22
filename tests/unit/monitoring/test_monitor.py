"""The monitor: whatever is delivered how often and in which order, all counts once, and breaches follow."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heirloom.adapters.memory import MemoryWatches
from heirloom.core.clock import stamp
from heirloom.core.drift.histogram import Profile, count
from heirloom.core.errors import Conflict, Unavailable
from heirloom.core.monitoring.accuracy import Reference
from heirloom.core.monitoring.breach import ACCURACY, LATENCY, Breach, Severity
from heirloom.core.monitoring.monitor import MOST_AT_ONCE, Monitor, Observation
from heirloom.core.monitoring.observation import Outcome, Outcomes, Requests
from heirloom.core.monitoring.standard import Standard
from heirloom.core.monitoring.watch import LABELS, MOST_VALUES, OTHERS, REQUESTS, LabelWatch, Subject, Writing
from heirloom.core.prediction.answer import new_ids
from heirloom.core.project.definition import Data, Objective, Project, RollingAccuracy, Slo
from heirloom.core.release.route import Mark, Route

NOW = datetime(2026, 11, 28, 15, 10, 10, tzinfo=UTC)
NAIVE = RollingAccuracy(window=50, rule="naive")
PROJECT = Project(
    "wine",
    "Made for tests.",
    "tests",
    Data("colour", "classification"),
    Objective("Better than a coin.", "accuracy", 0.5),
    slo=Slo(rolling_accuracy=NAIVE),
    slices=("grape",),
)
STANDARD = Standard(PROJECT, Reference(0.9, 2000), None)
WINE = Subject("wine", 1)


@dataclass
class World:
    """The monitor of a model, whose time goes on by a second a call."""

    watches: MemoryWatches = field(default_factory=MemoryWatches)
    standard: Standard | None = STANDARD
    champion: int | None = 1
    now: datetime = NOW
    logged: list[dict[str, Any]] = field(default_factory=list)

    def of(self, model: str, version: int) -> Standard | None:
        """As Standards."""
        return self.standard

    def get(self, model: str) -> Route | None:
        """As the routes."""
        mark = Mark("ann", "2026-11-28T15:00:00.000Z", "a test")
        return None if self.champion is None else Route(model, 1, self.champion, {self.champion: "e"}, "open", mark)

    def observe(self, *observations: Observation) -> None:
        self.now += timedelta(seconds=1)
        lines: list[str] = []
        Monitor(self.watches, self, self, lines.append, self.now).observe(observations)
        self.logged += map(json.loads, lines)

    def labels(self, subject: Subject = WINE) -> dict[str, Any]:
        return dict(self.watches.get(subject)[LABELS].document or {})

    def requests(self, subject: Subject = WINE) -> dict[str, Any]:
        return dict(self.watches.get(subject)[REQUESTS].document or {})

    def metric(self, name: str) -> list[float]:
        return [line[name] for line in self.logged if name in line]


def outcomes(name: str, right: int, wrong: int = 0, version: int = 1, **more: Any) -> Outcomes:
    """A batch of labels, the right ones first."""
    ids = new_ids(right + wrong, NOW + timedelta(seconds=random.Random(name).random() * 1000))
    found = tuple(
        Outcome(identity, place < right, seconds=60.0, slices={"grape": "nero" if place % 2 else "gamay"})
        for place, identity in enumerate(ids)
    )
    return Outcomes(name, "wine", version, stamp(NOW), found, **more)


def requests(name: str, slow: str = "000", rows: int = 3, version: int = 1, at: datetime = NOW) -> Requests:
    return Requests(name, "wine", version, stamp(at), rows, slow)


def test_labels_are_counted_and_published_by_version() -> None:
    world = World()

    world.observe(requests("r", rows=20), outcomes("a", 6, 2))

    assert (world.labels()["labelled"], world.labels()["seconds"]) == (8, 480.0)
    assert world.labels()["slices"] == {"grape": {"gamay": [4, 1], "nero": [4, 1]}}
    assert world.metric("Accuracy") == [0.75]
    assert world.metric("Labelled") == [8]
    assert world.metric("LabelCoverage") == [0.4]
    assert world.metric("LabelDelay") == [60.0]
    assert world.metric("AccuracyBreach") == [0]
    told = next(line for line in world.logged if "AccuracyRatio" in line)
    assert (told["model"], told["version"], told["AccuracyRatio"]) == ("wine", "1", pytest.approx(0.75 / 0.9))


def test_alarms_may_have_periods_of_ten_seconds() -> None:
    world = World()

    world.observe(outcomes("a", 3))

    (line,) = [line for line in world.logged if "AccuracyBreach" in line]
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive == {
        "Namespace": "Heirloom",
        "Dimensions": [["model"]],
        "Metrics": [{"Name": "AccuracyBreach", "Unit": "Count", "StorageResolution": 1}],
    }


@given(st.permutations(["a", "b", "c", "d", "a", "c", "r", "r"]), st.integers(1, 8))
def test_each_observation_counts_once_in_whatever_order_and_company(names: list[str], size: int) -> None:
    known: dict[str, Observation] = {name: outcomes(name, 5 + ord(name) % 7, 2) for name in "abcd"}
    known["r"] = requests("r")
    expected, world = World(), World()
    expected.observe(*known.values())

    for start in range(0, len(names), size):
        world.observe(*(known[name] for name in names[start : start + size]))

    alike = ("labelled", "seconds", "last_at", "slices")
    assert {key: world.labels()[key] for key in alike} == {key: expected.labels()[key] for key in alike}
    assert world.labels()["accuracy"]["window"] == expected.labels()["accuracy"]["window"]
    assert world.requests()["predicted"] == 3


class Interrupted(MemoryWatches):
    """Fails at its first writes: before them, or after them as where an answer is lost."""

    def __init__(self, *failures: str) -> None:
        super().__init__()
        self.failures = list(failures)

    def put(self, writing: Writing) -> None:
        failure = self.failures.pop(0) if self.failures else ""
        if failure == "before":
            raise Unavailable("throttled")
        if failure == "conflict":
            raise Conflict("somebody else was faster")
        super().put(writing)
        if failure == "after":
            raise Unavailable("no answer")


@pytest.mark.parametrize("failures", [["before"], ["after"], ["before", "after", "before"], ["after"] * 3])
def test_who_dies_and_is_called_again_counts_nothing_twice_and_loses_nothing(failures: list[str]) -> None:
    world = World(Interrupted(*failures))
    batch = (outcomes("a", 5), outcomes("b", 3, 1), requests("r"))

    for _ in range(10):
        try:
            world.observe(*batch)
        except Unavailable:
            continue
        break

    assert (world.labels()["labelled"], world.requests()["predicted"]) == (9, 3)
    assert world.metric("AccuracyBreach")[-1] == 0
    assert world.metric("Labelled")[-1] == 9


def test_who_was_not_the_fastest_adds_to_what_the_other_has_written() -> None:
    class Raced(MemoryWatches):
        raced = False

        def put(self, writing: Writing) -> None:
            if not self.raced:
                self.raced = True
                World(self).observe(outcomes("a", 5), outcomes("b", 1))
            super().put(writing)

    world = World(Raced())

    world.observe(outcomes("b", 1), outcomes("c", 3))

    assert world.labels()["labelled"] == 9


def test_gives_up_where_others_are_always_faster() -> None:
    world = World(Interrupted(*["conflict"] * 20))

    with pytest.raises(Unavailable, match="wine 1"):
        world.observe(outcomes("a", 5))


def test_more_observations_than_a_transaction_takes_are_several_writes() -> None:
    world = World()

    world.observe(*(outcomes(f"batch-{number}", 1) for number in range(2 * MOST_AT_ONCE + 1)))

    assert world.watches.get(WINE)[LABELS].revision == 3
    assert world.labels()["labelled"] == 2 * MOST_AT_ONCE + 1


def test_of_a_removed_project_nothing_is_kept() -> None:
    world = World(standard=None)

    world.observe(outcomes("a", 5))

    assert world.labels() == {}
    assert world.logged == []


def test_versions_and_drills_are_counted_apart() -> None:
    world = World()

    world.observe(outcomes("a", 5), outcomes("b", 4, version=2), outcomes("c", 3, drill=True))

    found = [world.labels(subject)["labelled"] for subject in (WINE, Subject("wine", 2), Subject("wine", 1, True))]
    assert found == [5, 4, 3]
    assert world.metric("Labelled") == [5, 4]


def breach_of(world: World, slo: str = ACCURACY, drill: bool = False) -> Breach:
    (found,) = [each for each in world.watches.of("wine") if each.slo == slo and each.drill == drill]
    return found


def test_a_page_becomes_a_rollback_of_the_same_breach_and_ends() -> None:
    world = World()
    world.observe(outcomes("a", 45, 5))

    world.observe(outcomes("b", 0, 2))  # 43 of 50 is 95.6% of the test accuracy
    page = breach_of(world)
    world.observe(outcomes("c", 0, 1))
    rollback = breach_of(world)

    assert (page.severity, page.version, page.began_at) == (Severity.PAGE, 1, stamp(NOW + timedelta(seconds=2)))
    assert rollback.severity == Severity.ROLLBACK
    assert rollback.id == page.id
    assert rollback.evidence["value"] < page.evidence["value"]
    assert world.metric("AccuracyBreach") == [0, 1, 2]

    world.observe(outcomes("d", 50))

    assert breach_of(world) == replace(rollback, ended_at=stamp(world.now))
    assert world.metric("AccuracyBreach")[-1] == 0


def test_a_breach_that_goes_on_is_written_once() -> None:
    world = World()
    world.observe(outcomes("a", 20, 30))
    before = breach_of(world)

    world.observe(outcomes("b", 10, 40))

    assert breach_of(world) == before
    assert world.metric("AccuracyBreach") == [2, 2]


def test_only_the_champion_s_requests_call_people() -> None:
    world = World(champion=2)

    world.observe(requests("a", "1" * 1000))

    assert world.watches.of("wine") == ()
    assert world.metric("LatencyBreach") == []


def test_only_the_champion_s_labels_call_people() -> None:
    world = World(champion=2)

    world.observe(outcomes("a", 20, 30))

    assert world.watches.of("wine") == ()
    assert world.metric("AccuracyBreach") == []


def test_a_model_without_a_route_calls_nobody() -> None:
    world = World(champion=None)

    world.observe(outcomes("a", 20, 30))

    assert world.watches.of("wine") == ()


def test_a_breach_that_somebody_has_ended_does_not_go_on_by_itself() -> None:
    world = World()
    world.observe(outcomes("a", 20, 30))
    world.watches.end(breach_of(world), stamp(world.now))

    world.observe(outcomes("b", 45, 5))

    assert breach_of(world).ended_at is not None
    assert world.metric("AccuracyBreach") == [2, 0]


def test_evidence_from_before_a_version_was_champion_begins_no_breach() -> None:
    """A canary's labels were the trial's to judge."""
    world = World(champion=0)
    world.observe(outcomes("a", 20, 30))
    world.champion = 1

    world.observe(outcomes("b", 5))

    assert world.watches.of("wine") == ()
    assert world.metric("AccuracyBreach") == [0]


def test_a_breach_that_an_earlier_champion_left_ends_when_its_successor_is_well() -> None:
    world = World()
    world.observe(outcomes("a", 20, 30))
    world.champion = 2

    world.observe(outcomes("b", 5, version=2))

    assert breach_of(world).version == 1
    assert breach_of(world).ended_at is not None


def test_late_labels_of_who_is_champion_no_more_change_nothing_of_its_breach() -> None:
    world = World()
    world.observe(outcomes("a", 43, 7))
    before = breach_of(world)
    world.champion = 0

    world.observe(outcomes("b", 0, 20))

    assert breach_of(world) == before


def test_a_drill_has_a_breach_of_its_own_and_the_model_s_metric() -> None:
    world = World(champion=1)
    world.observe(outcomes("a", 45, 5))

    world.observe(outcomes("b", 10, 40, drill=True))

    assert breach_of(world, drill=True).severity == Severity.ROLLBACK
    assert [each.drill for each in world.watches.of("wine")] == [True]
    assert world.metric("AccuracyBreach") == [0, 2]


def test_slow_answers_are_a_breach_of_their_own() -> None:
    world = World()

    world.observe(requests("a", "0" * 900 + "1" * 100))

    assert breach_of(world, LATENCY).severity == Severity.ROLLBACK
    assert world.metric("LatencyBreach") == [2]
    world.watches.end(breach_of(world, LATENCY), stamp(world.now))
    world.observe(requests("b", "0"))
    assert world.metric("LatencyBreach") == [2, 0]


def test_labels_are_overdue_when_they_have_come_and_come_no_more() -> None:
    world = World()
    world.observe(outcomes("a", 100))
    world.observe(requests("r1", rows=50, at=world.now))
    world.now += timedelta(minutes=61)

    world.observe(requests("r2", rows=1, at=world.now))
    world.observe(replace(outcomes("b", 1), at=stamp(world.now)))
    world.observe(requests("r3", rows=1, at=world.now))

    assert world.metric("LabelsOverdue") == [0, 1, 0]


@pytest.mark.parametrize(("labels", "rows"), [(99, 500), (100, 49)])
def test_labels_are_not_overdue_of_a_version_that_has_few_or_has_answered_little(labels: int, rows: int) -> None:
    world = World()
    world.observe(outcomes("a", labels))
    world.now += timedelta(hours=5)

    world.observe(requests("r", rows=rows, at=world.now))

    assert world.metric("LabelsOverdue") == [0]


def test_labels_that_usually_take_long_are_given_their_time() -> None:
    world = World()
    slow = outcomes("a", 100)
    world.observe(replace(slow, outcomes=tuple(replace(each, seconds=86400.0) for each in slow.outcomes)))
    world.now += timedelta(days=2)

    world.observe(requests("r", rows=500, at=world.now))

    assert world.metric("LabelsOverdue") == [0]


def test_a_slice_of_many_values_is_bounded() -> None:
    watch = LabelWatch.from_document(None, None, NAIVE)
    ids = new_ids(MOST_VALUES + 5, NOW)
    found = tuple(Outcome(each, False, slices={"grape": str(place)}) for place, each in enumerate(ids))

    watch.take(Outcomes("a", "wine", 1, stamp(NOW), found))

    assert len(watch.slices["grape"]) == MOST_VALUES + 1
    assert watch.slices["grape"][OTHERS] == [5, 5]


def test_corrections_are_no_further_labels() -> None:
    world = World()
    batch = outcomes("a", 4)
    corrected = replace(batch.outcomes[0], correct=False, corrected=stamp(NOW + timedelta(hours=1)))

    world.observe(batch, Outcomes("b", "wine", 1, stamp(NOW), (corrected,)))

    assert world.labels()["labelled"] == 4
    assert world.metric("Accuracy")[-1] == 0.75


PROFILE = Profile.from_document(
    {
        "rows": 1000,
        "features": {
            "sugar": {"type": "number", "missing": 0, "edges": [1.0, 2.0], "counts": [300, 400, 300]},
        },
        "label": {
            "name": "colour",
            "type": "category",
            "missing": 0,
            "distinct": 2,
            "other": 0,
            "counts": {"red": 500, "white": 500},
        },
    }
)
WATCHED = Standard(PROJECT, Reference(0.9, 2000), PROFILE)


def asked(name: str, sugars: list[float], at: datetime = NOW) -> Requests:
    """Rows of such sweetness, half of them answered red."""
    colours = ("red", "white")
    rows = [({"sugar": sugar}, {"label": colours[place % 2]}) for place, sugar in enumerate(sugars)]
    return Requests(name, "wine", 1, stamp(at), len(sugars), "0", count(PROFILE, rows))


def usual(rows: int) -> list[float]:
    """As in training."""
    return [(0.5, 1.5, 2.5, 1.5, 0.5, 1.5, 2.5, 1.5, 0.5, 2.5)[place % 10] for place in range(rows)]


def test_rows_are_kept_by_the_hour_and_by_the_day() -> None:
    world = World(standard=WATCHED)

    world.observe(asked("a", usual(10)), asked("b", usual(20)), asked("c", usual(5), NOW + timedelta(hours=1)))
    world.observe(asked("d", usual(7)))

    hours = world.watches.hours(WINE, "2026-11-28")
    assert {hour: counts["rows"] for hour, counts in hours.items()} == {"2026-11-28T15": 37, "2026-11-28T16": 5}
    assert world.requests()["counts"]["rows"] == 42


def test_a_new_day_begins_anew_and_rows_that_come_late_go_to_their_own() -> None:
    world = World(standard=WATCHED)
    world.observe(asked("a", usual(10)))

    world.observe(asked("b", usual(20), NOW + timedelta(days=1)))
    world.observe(asked("c", usual(3)))

    assert world.requests()["counts"]["rows"] == 20
    assert world.requests()["day"]["date"] == "2026-11-29"
    assert world.watches.hours(WINE, "2026-11-28")["2026-11-28T15"]["rows"] == 13


def test_inputs_as_in_training_are_no_drift() -> None:
    world = World(standard=WATCHED)

    world.observe(asked("a", usual(400)))

    assert world.metric("Drift") == [0]
    assert world.metric("DriftPsi") == [pytest.approx(0, abs=0.02)]


def test_other_inputs_are_drift_until_the_day_is_over() -> None:
    world = World(standard=WATCHED)

    world.observe(asked("a", [9.0] * 400))
    world.observe(asked("b", usual(10)))
    world.observe(asked("c", usual(10), NOW + timedelta(days=1)))

    assert world.metric("Drift") == [1, 1, 0]
    assert world.metric("DriftPsi")[0] > 1
    assert len(world.metric("DriftPsi")) == 1  # nothing was looked at again: the day has its plan


def test_without_a_profile_rows_are_counted_all_the_same() -> None:
    world = World(standard=replace(WATCHED, profile=None))

    world.observe(asked("a", usual(400)))

    assert world.metric("Drift") == [0]
    assert world.requests()["counts"]["rows"] == 400
