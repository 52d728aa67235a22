"""Renamed or deleted with all versions, in one write or in many, and however often that is broken off."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from heirloom.core.errors import Conflict, NotFound, Unavailable
from tests.unit.tracking.registry.registry import Registry

MANY = 130


@pytest.fixture
def many(kite: Registry) -> Registry:
    """Kite has more versions than two writes take."""
    for _ in range(MANY):
        kite.add()
    kite.alias("best", 7)
    kite.stage(7, "Production")
    return kite


def test_a_renamed_model_keeps_everything_but_its_name(kite: Registry) -> None:
    for _ in range(3):
        kite.add(tags=[{"key": "size", "value": "m"}])
    kite.alias("best", 2)
    kite.ask("DELETE", "model-versions/delete", name="kite", version="3")
    before, version = kite.model(), kite.version(2)
    kite.documents.writes = 1
    after = kite.rename("kite", "hawk")

    assert after == kite.model("hawk")
    later = {"name": "hawk", "last_updated_timestamp": after["last_updated_timestamp"]}
    assert kite.version(2, "hawk") == {**version, **later}
    assert after == {**before, **later, "latest_versions": [kite.version(2, "hawk")]}
    assert later["last_updated_timestamp"] > before["last_updated_timestamp"]
    assert kite.kept() == (["hawk"], ["hawk/00000001", "hawk/00000002"])
    kite.documents.writes = 1
    assert kite.add("hawk")["version"] == "4"


def test_a_model_may_be_renamed_to_itself(kite: Registry) -> None:
    kite.add()
    before = kite.model()

    assert kite.rename("kite", "kite")["last_updated_timestamp"] > before["last_updated_timestamp"]
    assert kite.kept() == (["kite"], ["kite/00000001"])


def test_a_model_is_not_renamed_to_one_that_there_is(kite: Registry) -> None:
    kite.create("hawk")

    with pytest.raises(Conflict, match=r"Registered Model \(name=hawk\) already exists"):
        kite.rename("kite", "hawk")


def test_a_model_that_comes_while_another_is_renamed_to_its_name_stays(kite: Registry) -> None:
    kite.documents.before.append(lambda: kite.create("hawk", description="the first"))

    with pytest.raises(Conflict, match=r"Registered Model \(name=hawk\) already exists"):
        kite.rename("kite", "hawk")

    assert kite.model("hawk")["description"] == "the first"


def test_a_version_that_comes_while_its_model_is_renamed_comes_along(kite: Registry) -> None:
    kite.documents.before.append(kite.add)
    kite.rename("kite", "hawk")

    assert kite.kept() == (["hawk"], ["hawk/00000001"])


def test_a_tag_that_comes_while_its_model_is_renamed_comes_along(kite: Registry) -> None:
    kite.add()
    tag = {"name": "kite", "version": "1", "key": "size", "value": "m"}
    kite.documents.before.append(lambda: kite.ask("POST", "model-versions/set-tag", **tag))
    kite.rename("kite", "hawk")

    assert kite.version(1, "hawk")["tags"] == [{"key": "size", "value": "m"}]


def test_many_versions_are_renamed_in_several_writes(many: Registry) -> None:
    after = many.rename("kite", "hawk")

    assert many.kept() == (["hawk"], [f"hawk/{number:08d}" for number in range(1, MANY + 1)])
    assert after["aliases"] == [{"alias": "best", "version": "7"}]
    assert many.latest("hawk") == {"Production": "7", "None": str(MANY)}
    moved = many.version(9, "hawk")["last_updated_timestamp"]
    assert moved == after["last_updated_timestamp"]
    assert many.add("hawk")["version"] == str(MANY + 1)


def test_large_versions_are_renamed_in_several_writes(kite: Registry) -> None:
    text = [{"key": f"text{number}", "value": "x" * 100_000} for number in range(3)]
    for _ in range(25):
        kite.add(tags=text)
    kite.rename("kite", "hawk")

    assert len(kite.kept()[1]) == 25
    kite.delete("hawk")
    assert kite.kept() == ([], [])


def test_many_versions_are_deleted_in_several_writes(many: Registry) -> None:
    many.delete()

    assert many.kept() == ([], [])
    assert many.create()["name"] == "kite"
    assert many.add()["version"] == "1"


def _break_off(registry: Registry, writes: int, move: Callable[[], object]) -> None:
    registry.documents.writes = writes
    with pytest.raises(Unavailable, match="broken off"):
        move()
    registry.documents.writes = 1_000_000


@pytest.mark.parametrize("writes", [1, 2, 3])
@pytest.mark.parametrize(
    "look",
    [
        lambda it: it.version(1, "hawk") if it.rename("kite", "hawk") else None,
        lambda it: it.ask("GET", "model-versions/search"),
        lambda it: it.ask("GET", "registered-models/search"),
        lambda it: it.create("kite"),
        lambda it: _missing(lambda: it.model("kite")),
        lambda it: _missing(lambda: it.version(3, "kite")),
        lambda it: _missing(lambda: it.version(130, "kite")),
        lambda it: _missing(lambda: it.add("kite")),
        lambda it: _missing(lambda: it.delete("kite")),
        lambda it: _missing(lambda: it.rename("kite", "eagle")),
    ],
)
def test_whoever_finds_a_model_half_renamed_finishes_that(
    many: Registry, writes: int, look: Callable[[Registry], object]
) -> None:
    _break_off(many, writes, lambda: many.rename("kite", "hawk"))
    look(many)

    assert [name for name in many.kept()[0] if name != "kite"] == ["hawk"]
    assert many.kept()[1] == [f"hawk/{number:08d}" for number in range(1, MANY + 1)]
    assert many.model("hawk")["aliases"] == [{"alias": "best", "version": "7"}]
    assert "latest_versions" in many.model("hawk")


def _missing(ask: Callable[[], object]) -> None:
    with pytest.raises(NotFound, match="not found"):
        ask()


def test_a_name_that_a_model_is_on_its_way_to_is_taken_and_shows_nothing_yet(many: Registry) -> None:
    many.create("eagle")
    _break_off(many, 2, lambda: many.rename("kite", "hawk"))

    _missing(lambda: many.model("hawk"))
    _missing(lambda: many.version(1, "hawk"))
    _missing(lambda: many.delete("hawk"))
    with pytest.raises(Conflict, match=r"Registered Model \(name=hawk\) already exists"):
        many.create("hawk")
    with pytest.raises(Conflict, match=r"Registered Model \(name=hawk\) already exists"):
        many.rename("eagle", "hawk")


@pytest.mark.parametrize("writes", [1, 2])
@pytest.mark.parametrize(
    "look",
    [
        lambda it: it.delete("kite"),
        lambda it: it.create("kite") and it.delete("kite"),
        lambda it: it.create("hawk") and it.rename("hawk", "kite") and it.delete("kite"),
        lambda it: it.ask("GET", "registered-models/search"),
        lambda it: _missing(lambda: it.model("kite")),
        lambda it: _missing(lambda: it.version(MANY, "kite")),
    ],
)
def test_whoever_finds_a_model_half_deleted_finishes_that(
    many: Registry, writes: int, look: Callable[[Registry], object]
) -> None:
    _break_off(many, writes, many.delete)
    look(many)

    assert many.kept() == ([], [])


def test_two_who_finish_at_once_do_not_hinder_each_other(many: Registry) -> None:
    many.documents.before = [lambda: None, lambda: many.rename("kite", "hawk")]
    many.rename("kite", "hawk")

    assert many.kept() == (["hawk"], [f"hawk/{number:08d}" for number in range(1, MANY + 1)])
