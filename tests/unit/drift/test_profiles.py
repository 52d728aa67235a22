"""The training profiles of versions, read once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from heirloom.adapters.memory import MemoryLineage, MemoryObjects
from heirloom.core.drift.histogram import Profile
from heirloom.core.drift.profiles import MOST_KEPT, Profiles
from heirloom.core.errors import Unavailable
from heirloom.core.storage import Location
from tests.unit.prediction.watched import PROFILE, keep_profile


class Objects(MemoryObjects):
    """Remembers what was read; ``down`` it gives nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.read_keys: list[str] = []
        self.down = False

    def read(self, location: Location) -> Iterator[bytes]:
        if self.down:
            raise Unavailable("slow down")
        self.read_keys.append(location.key)
        return super().read(location)


@pytest.fixture
def lineage() -> MemoryLineage:
    return MemoryLineage()


@pytest.fixture
def objects() -> Objects:
    return Objects()


def test_reads_a_version_s_profile_once(lineage: MemoryLineage, objects: Objects) -> None:
    keep_profile(lineage, objects, 3)
    profiles = Profiles(lineage, objects)

    first, again = profiles.get("wine", 3), profiles.get("wine", 3)

    assert first is not None
    assert first is again
    assert (first.rows, list(first.features)) == (4, ["n", "text"])
    assert objects.read_keys == ["versions/wine/3/profile.json"]


def test_the_baseline_has_none(lineage: MemoryLineage, objects: Objects) -> None:
    keep_profile(lineage, objects, 0)

    assert Profiles(lineage, objects).get("wine", 0) is None
    assert objects.read_keys == []


@pytest.mark.parametrize("document", [None, b"{", b"[]", b"\xff", {"rows": 3}, {**PROFILE, "features": None}])
def test_a_version_may_have_none_that_can_be_used(lineage: MemoryLineage, objects: Objects, document: Any) -> None:
    keep_profile(lineage, objects, 3, document)
    profiles = Profiles(lineage, objects)

    assert profiles.get("wine", 3) is None
    assert profiles.get("wine", 3) is None
    assert profiles.get("wine", 4) is None

    assert len(objects.read_keys) == 1


def test_keeps_those_that_were_asked_for_last(lineage: MemoryLineage, objects: Objects) -> None:
    for version in range(1, MOST_KEPT + 2):
        keep_profile(lineage, objects, version)
    profiles = Profiles(lineage, objects)

    for version in (*range(1, MOST_KEPT + 1), 1, MOST_KEPT + 1, 1, 3, 2):
        assert isinstance(profiles.get("wine", version), Profile)

    read = [int(key.split("/")[2]) for key in objects.read_keys]
    assert read == [*range(1, MOST_KEPT + 2), 2]


def test_a_bucket_that_can_not_be_read_is_an_error_and_is_read_again(lineage: MemoryLineage, objects: Objects) -> None:
    keep_profile(lineage, objects, 3)
    profiles = Profiles(lineage, objects)
    objects.down = True
    with pytest.raises(Unavailable):
        profiles.get("wine", 3)

    objects.down = False

    assert profiles.get("wine", 3) is not None
