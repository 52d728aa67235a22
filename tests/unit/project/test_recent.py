"""The deployed projects, read once a minute."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heirloom.adapters.memory import MemoryLineage
from heirloom.core.errors import Unavailable
from heirloom.core.lineage.graph import Node
from heirloom.core.project.recent import RecentProjects
from tests.unit.prediction.watched import keep_project, project


class Lineage(MemoryLineage):
    """Counts the reads; ``down`` it answers none."""

    reads, down = 0, False

    def node(self, kind: str, identity: str) -> Node | None:
        self.reads += 1
        if self.down:
            raise Unavailable("throttled")
        return super().node(kind, identity)


@pytest.fixture
def lineage() -> Lineage:
    lineage = Lineage()
    keep_project(lineage, project())
    return lineage


def test_reads_a_project_once_a_minute(lineage: Lineage) -> None:
    now = [100.0]
    recent = RecentProjects(lineage, 60, lambda: now[0])

    assert recent.get("wine") == project()
    keep_project(lineage, replace(project(), slices=("grape",)))
    now[0] += 59.9
    assert recent.get("wine") == project()
    assert lineage.reads == 1

    now[0] += 0.1
    assert recent.get("wine") == replace(project(), slices=("grape",))
    assert lineage.reads == 2


def test_what_is_not_there_is_looked_for_each_time(lineage: Lineage) -> None:
    recent = RecentProjects(lineage, 60, lambda: 0)

    assert recent.get("beer") is None
    keep_project(lineage, replace(project(), name="beer"))

    assert recent.get("beer") == replace(project(), name="beer")


def test_a_lineage_that_can_not_be_read_is_an_error(lineage: Lineage) -> None:
    lineage.down = True

    with pytest.raises(Unavailable):
        RecentProjects(lineage, 60, lambda: 0).get("wine")
