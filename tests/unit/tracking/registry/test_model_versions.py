"""Versions: their numbers, what is told of them, their stages and their aliases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from heirloom.core.errors import Invalid, NotFound, Unavailable
from tests.unit.tracking.registry.registry import SOURCE, Registry


def test_tells_a_new_version_with_its_number_as_a_text(kite: Registry) -> None:
    made = kite.add(run_id="run_1", run_link="https://a/b", description="First.", tags=[{"key": "size", "value": "m"}])

    assert made == {
        "name": "kite",
        "version": "1",
        "creation_timestamp": 1795910400002,
        "last_updated_timestamp": 1795910400002,
        "current_stage": "None",
        "description": "First.",
        "source": SOURCE,
        "run_id": "run_1",
        "run_link": "https://a/b",
        "status": "READY",
        "tags": [{"key": "size", "value": "m"}],
    }
    assert kite.version() == made
    assert kite.model()["last_updated_timestamp"] == made["creation_timestamp"]
    assert kite.ask("GET", "model-versions/get-download-uri", name="kite", version="1") == {"artifact_uri": SOURCE}


def test_texts_that_a_client_leaves_out_are_told_as_empty_ones(kite: Registry) -> None:
    made = kite.add()

    assert (made["description"], made["run_id"], made["run_link"]) == ("", "", "")


def test_a_number_is_never_given_again(kite: Registry) -> None:
    for _ in range(3):
        kite.add()
    for number in ("1", "3"):
        kite.ask("DELETE", "model-versions/delete", name="kite", version=number)

    assert kite.add()["version"] == "4"
    assert kite.kept()[1] == ["kite/00000002", "kite/00000004"]


def test_eight_who_create_versions_at_once_lose_none_and_get_each_number_once(kite: Registry) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: int(kite.add()["version"]), range(80)))

    assert sorted(numbers) == list(range(1, 81))
    assert len(kite.kept()[1]) == 80
    assert kite.latest() == {"None": "80"}


def test_who_never_gets_through_is_told_to_try_again(kite: Registry) -> None:
    kite.documents.before = [each for _ in range(60) for each in (kite.add, lambda: None)]

    with pytest.raises(Unavailable, match="by too many at once"):
        kite.add()


@pytest.mark.parametrize(
    ("method", "path", "values"),
    [
        ("GET", "model-versions/get", {}),
        ("PATCH", "model-versions/update", {"description": "x"}),
        ("DELETE", "model-versions/delete", {}),
        ("POST", "model-versions/set-tag", {"key": "a", "value": "b"}),
        ("DELETE", "model-versions/delete-tag", {"key": "a"}),
        ("POST", "model-versions/transition-stage", {"stage": "Staging", "archive_existing_versions": True}),
        ("GET", "model-versions/get-download-uri", {}),
        ("POST", "registered-models/alias", {"alias": "best"}),
    ],
)
def test_there_is_nothing_of_a_version_that_is_not_there(kite: Registry, method: str, path: str, values: Any) -> None:
    for name, number in (("kite", "1"), ("kite", "-1"), ("kite", "100000000"), ("other", "1")):
        with pytest.raises(NotFound, match=rf"Model Version \(name={name}, version={number}\) not found"):
            kite.ask(method, path, name=name, version=number, **values)

    with pytest.raises(Invalid, match="Parameter 'version' must be an integer, got 'one'"):
        kite.ask(method, path, name="kite", version="one", **values)


def test_describes_a_version_anew_or_no_more_and_leaves_its_model_as_it_is(kite: Registry) -> None:
    kite.add()
    model = kite.model()
    update = ("PATCH", "model-versions/update")
    described = kite.ask(*update, name="kite", version="1", description="It flies.")["model_version"]

    assert described == kite.version()
    assert described["description"] == "It flies."
    assert described["last_updated_timestamp"] > described["creation_timestamp"]
    assert kite.model()["last_updated_timestamp"] == model["last_updated_timestamp"]
    assert "description" not in kite.ask(*update, name="kite", version="1")["model_version"]


def test_sets_and_deletes_tags_of_a_version(kite: Registry) -> None:
    before = kite.add()
    kite.ask("POST", "model-versions/set-tag", name="kite", version="1", key="size", value="m")
    kite.ask("POST", "model-versions/set-tag", name="kite", version="1", key="note", value="")
    assert kite.version()["tags"] == [{"key": "size", "value": "m"}, {"key": "note", "value": ""}]

    for key in ("size", "note", "never"):
        kite.ask("DELETE", "model-versions/delete-tag", name="kite", version="1", key=key)

    assert kite.version() == before


@pytest.mark.parametrize("stage", ["Staging", "staging", "StAgInG"])
def test_moves_a_version_to_a_stage_whatever_its_capitals(kite: Registry, stage: str) -> None:
    kite.add()
    moved = kite.stage(1, stage)

    assert moved == kite.version()
    assert moved["current_stage"] == "Staging"
    assert kite.model()["last_updated_timestamp"] == moved["last_updated_timestamp"] > moved["creation_timestamp"]
    assert kite.latest() == {"Staging": "1"}


def test_leaves_the_others_in_their_stage_unless_told_otherwise(kite: Registry) -> None:
    for number in (1, 2):
        kite.add()
        kite.stage(number, "Production")

    assert kite.version(1)["current_stage"] == "Production"


def test_archives_the_others_of_the_stage_in_the_same_moment(kite: Registry) -> None:
    for number, stage in enumerate(("Production", "Staging", "Production", "None"), 1):
        kite.add()
        kite.stage(number, stage)
    moved = kite.stage(4, "production", archive=True)

    stages = [kite.version(number)["current_stage"] for number in range(1, 5)]
    assert stages == ["Archived", "Staging", "Archived", "Production"]
    assert kite.version(1)["last_updated_timestamp"] == moved["last_updated_timestamp"]
    assert kite.latest() == {"Archived": "3", "Staging": "2", "Production": "4"}


def test_archives_more_than_one_write_takes_and_goes_on_when_that_was_broken_off(kite: Registry) -> None:
    for number in range(1, 206):
        kite.add()
        kite.stage(number, "Production")
    kite.add()
    kite.documents.writes = 1
    with pytest.raises(Unavailable, match="broken off"):
        kite.stage(206, "Production", archive=True)
    assert kite.latest() == {"Archived": "98", "Production": "205", "None": "206"}

    kite.documents.writes = 2
    kite.stage(206, "Production", archive=True)

    assert kite.latest() == {"Archived": "205", "Production": "206"}
    assert all(kite.version(number)["current_stage"] == "Archived" for number in range(1, 206))


@pytest.mark.parametrize("stage", ["Archived", "none"])
def test_archives_nothing_for_a_stage_in_which_nothing_serves(kite: Registry, stage: str) -> None:
    kite.add()

    why = rf"cannot archive existing model versions because '{stage}' is not an Active stage. Valid stages are \["
    with pytest.raises(Invalid, match=why):
        kite.stage(1, stage, archive=True)
    with pytest.raises(Invalid, match="Invalid Model Version stage: unknown"):
        kite.stage(1, "unknown")


def test_a_deleted_version_takes_its_aliases_with_it_and_leaves_its_stage_to_the_one_before(kite: Registry) -> None:
    for _ in range(3):
        kite.add()
    kite.alias("best", 3)
    kite.alias("good", 2)
    kite.ask("DELETE", "model-versions/delete", name="kite", version="3")

    assert kite.model()["aliases"] == [{"alias": "good", "version": "2"}]
    assert kite.latest() == {"None": "2"}
    with pytest.raises(Invalid, match="Registered model alias best not found"):
        kite.ask("GET", "registered-models/alias", name="kite", alias="best")


def test_a_version_that_comes_while_another_is_deleted_stays_the_newest(kite: Registry) -> None:
    kite.add()
    kite.documents.before.append(kite.add)
    kite.ask("DELETE", "model-versions/delete", name="kite", version="1")

    assert kite.latest() == {"None": "2"}


def test_an_alias_is_of_one_version_at_a_time(kite: Registry) -> None:
    for _ in range(2):
        kite.add()
    kite.alias("best", 1)
    kite.alias("best", "02")
    kite.alias("tried", 2)

    assert kite.model()["aliases"] == [{"alias": "best", "version": "2"}, {"alias": "tried", "version": "2"}]
    assert "aliases" not in kite.version(1)
    assert kite.version(2)["aliases"] == ["best", "tried"]
    assert kite.ask("GET", "registered-models/alias", name="kite", alias="best")["model_version"] == kite.version(2)
    assert kite.model()["latest_versions"] == [kite.version(2)]


def test_an_alias_that_is_deleted_is_no_more_and_may_be_deleted_again(kite: Registry) -> None:
    kite.add()
    kite.alias("best", 1)
    for _ in range(2):
        kite.ask("DELETE", "registered-models/alias", name="kite", alias="best")

    assert "aliases" not in kite.model()
    assert "aliases" not in kite.version()


def test_the_newest_version_is_latest_whatever_its_stage(kite: Registry) -> None:
    with pytest.raises(NotFound, match="Latest version not found for model kite"):
        kite.ask("GET", "registered-models/alias", name="kite", alias="latest")
    for number, stage in ((1, "Production"), (2, "Archived")):
        kite.add()
        kite.stage(number, stage)

    assert kite.ask("GET", "registered-models/alias", name="kite", alias="Latest")["model_version"]["version"] == "2"


@pytest.mark.parametrize(
    ("alias", "why"),
    [
        ("", "Missing value for required parameter 'alias'"),
        ("a b", r"Invalid alias name: 'a b'\. Names may only contain alphanumerics, underscores"),
        ("best\n", "Invalid alias name"),
        ("a" * 256, "'Registered model alias name' exceeds the maximum length of 255 characters"),
        ("LATEST", r"'latest' alias name \(case insensitive\) is reserved"),
        ("v12", "Version alias name 'v12' is reserved"),
        ("V1", "Version alias name 'V1' is reserved"),
    ],
)
def test_refuses_an_alias_that_means_something_already(kite: Registry, alias: str, why: str) -> None:
    kite.add()

    with pytest.raises(Invalid, match=why):
        kite.alias(alias, 1)


def test_a_model_that_was_deleted_begins_anew_when_it_is_created_again(kite: Registry) -> None:
    kite.add()
    kite.alias("best", 1)
    kite.delete()
    assert kite.kept() == ([], [])
    kite.create()

    assert kite.add()["version"] == "1"
    assert "aliases" not in kite.model()
