"""Which version, which day, held against what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from heirloom.adapters.memory import MemoryLineage, MemoryRoutes
from heirloom.core.drift.histogram import Counts, Profile
from heirloom.core.drift.show import show_drift
from heirloom.core.errors import NotFound
from heirloom.core.lineage.graph import Node, version_id
from heirloom.core.monitoring.watch import Subject
from tests.unit.drift.profiles import profile
from tests.unit.drift.test_history import hours
from tests.unit.world import World

AT = "2026-11-28T22:10:00.000Z"


class Hours:
    """What was counted, by version."""

    def __init__(self, **kept: Mapping[str, Counts]) -> None:
        self.kept = kept

    def hours(self, subject: Subject, beginning: str) -> Mapping[str, Counts]:
        kept = self.kept.get(f"{subject.model.replace('-', '_')}_v{subject.version}", {})
        return {hour: counts for hour, counts in kept.items() if hour.startswith(beginning)}


class Profiles:
    """The profiles of versions, and which were asked for."""

    def __init__(self, *known: Profile | None) -> None:
        self.known = known
        self.asked: list[int] = []

    def get(self, model: str, version: int) -> Profile | None:
        self.asked.append(version)
        return self.known[version - 1] if 1 <= version <= len(self.known) else None


def add_version(lineage: MemoryLineage, number: int) -> None:
    data = {"dataset": f"data-{number}"}
    node = Node("version", version_id("flight-delay", number), "flight-delay", AT, data, {"number": number})
    lineage.add(node)


def shown(world: World, profiles: Profiles, kept: Hours, version: int | None = None, day: str = "2026-11-28") -> Any:
    return show_drift(
        "flight-delay",
        version,
        day,
        AT,
        routes=world.routes,
        lineage=world.lineage,
        profiles=profiles,
        watches=kept,
    )


@pytest.fixture
def versions(deployed: World) -> World:
    for number in range(1, 4):
        add_version(deployed.lineage, number)
    return deployed


def test_shows_the_day_of_the_version_that_is_asked_for(versions: World) -> None:
    kept = Hours(flight_delay_v2={**hours(9), "2026-11-27T10": hours(0)["2026-11-28T00"]})

    found = shown(versions, Profiles(profile(), profile(), profile()), kept, version=2)

    assert (found["version"], found["at"], found["rows"], found["drifted"]) == (2, AT, 24 * 60, ["miles"])


def test_without_a_version_the_champion_is_meant(world: World) -> None:
    world.deploy()
    world.carry(world.upload("v1"))

    found = shown(world, Profiles(profile()), Hours(flight_delay_v1=hours(None)))

    assert (found["version"], found["drifted"]) == (1, [])


def test_names_the_upload_since_that_has_changed_too(versions: World) -> None:
    moved = profile(miles={"counts": [50, 250, 250, 450]})
    profiles = Profiles(moved, profile(), moved)

    found = shown(versions, profiles, Hours(flight_delay_v2=hours(9)), version=2)

    assert found["columns"][0]["upload"] == "version 3 (dataset data-3)"
    assert profiles.asked == [2, 2, 3]


def test_versions_without_a_profile_or_a_place_in_the_lineage_are_passed_over(versions: World) -> None:
    moved = profile(miles={"counts": [50, 250, 250, 450]})

    found = shown(versions, Profiles(profile(), None, moved), Hours(flight_delay_v1=hours(9)), version=1)

    assert found["columns"][0]["upload"] == "version 3 (dataset data-3)"


def test_without_drift_no_other_profile_is_read(versions: World) -> None:
    profiles = Profiles(profile(), profile(), profile())

    shown(versions, profiles, Hours(flight_delay_v1=hours(None)), version=1)

    assert profiles.asked == [1]


def test_a_project_that_is_gone_is_judged_by_the_defaults() -> None:
    world = World()
    add_version(world.lineage, 1)

    assert shown(world, Profiles(profile()), Hours(flight_delay_v1=hours(9)), version=1)["drifted"] == ["miles"]


def test_refuses_what_there_is_not(deployed: World) -> None:
    assert isinstance(deployed.routes, MemoryRoutes)
    with pytest.raises(NotFound, match="flight-delay version 0 has no training profile"):
        shown(deployed, Profiles(), Hours())
    with pytest.raises(NotFound, match="there is no model 'flight-delay'"):
        shown(World(), Profiles(), Hours())
