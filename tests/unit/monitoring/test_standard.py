"""What a version is held to."""

from __future__ import annotations

from typing import Any

import pytest

from heirloom.adapters.memory import MemoryLineage
from heirloom.core.drift.histogram import Profile
from heirloom.core.lineage.graph import Node, version_id
from heirloom.core.monitoring.accuracy import Reference
from heirloom.core.monitoring.standard import Standard, Standards
from heirloom.core.project.definition import Project
from tests.unit.monitoring.test_monitor import PROJECT

AT = "2026-11-28T15:00:00.000Z"
PROFILE = object()


class Projects:
    def get(self, model: str) -> Project | None:
        return PROJECT if model == "wine" else None


class Profiles:
    def get(self, model: str, version: int) -> Profile | None:
        return PROFILE if version else None  # type: ignore[return-value]


def scored(number: int, **scores: Any) -> Node:
    data = {"scores": {"test": {"accuracy": 0.9}, "baseline": {"accuracy": 0.7}, "test_rows": 500, **scores}}
    return Node("version", version_id("wine", number), "wine", AT, data, {"number": number})


@pytest.fixture
def lineage() -> MemoryLineage:
    return MemoryLineage()


@pytest.fixture
def standards(lineage: MemoryLineage) -> Standards:
    return Standards(Projects(), Profiles(), lineage)


def test_a_version_is_held_to_its_own_test(lineage: MemoryLineage, standards: Standards) -> None:
    lineage.add(scored(1))
    lineage.add(scored(2, test={"accuracy": 0.8}))

    assert standards.of("wine", 1) == Standard(PROJECT, Reference(0.9, 500), PROFILE)  # type: ignore[arg-type]
    assert standards.of("wine", 2) == Standard(PROJECT, Reference(0.8, 500), PROFILE)  # type: ignore[arg-type]


def test_a_test_that_was_read_is_not_read_again(lineage: MemoryLineage, standards: Standards) -> None:
    lineage.add(scored(1))
    before = standards.of("wine", 1)

    lineage.node = None  # type: ignore[assignment,method-assign]

    assert standards.of("wine", 1) == before


def test_the_baseline_is_held_to_how_it_did_beside_the_newest_version(
    lineage: MemoryLineage, standards: Standards
) -> None:
    assert standards.of("wine", 0) == Standard(PROJECT, None, None)

    lineage.add(scored(1))
    lineage.add(scored(2, baseline={"accuracy": 0.6}))

    assert standards.of("wine", 0) == Standard(PROJECT, Reference(0.6, 500), None)


@pytest.mark.parametrize("scores", [{"test": {"rmse": 3.0}}, {"test": {"accuracy": None}}])
def test_who_has_no_test_accuracy_is_held_to_nothing(
    lineage: MemoryLineage, standards: Standards, scores: dict[str, Any]
) -> None:
    lineage.add(scored(1, **scores))

    standard = standards.of("wine", 1)

    assert standard is not None
    assert standard.reference is None


def test_a_version_nobody_knows_is_held_to_nothing_either(standards: Standards) -> None:
    standard = standards.of("wine", 7)

    assert standard is not None
    assert standard.reference is None


def test_there_is_no_standard_without_a_project(standards: Standards) -> None:
    assert standards.of("beer", 1) is None
