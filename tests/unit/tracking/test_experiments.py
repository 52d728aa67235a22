"""Experiments by the protocol."""

from __future__ import annotations

from typing import Any

import pytest

from heirloom.core.errors import Conflict, Invalid, NotFound
from tests.unit.tracking.server import ROOT, Server


def shown(server: Server, **asked: Any) -> list[str]:
    """The names that a search finds, in its order."""
    return [each["name"] for each in server.post("experiments/search", **asked).get("experiments", [])]


def test_the_default_one_is_always_there(server: Server) -> None:
    assert server.get("experiments/get", experiment_id="0")["experiment"]["name"] == "Default"
    assert server.get("experiments/get-by-name", experiment_name="Default")["experiment"]["experiment_id"] == "0"
    assert shown(server) == ["Default"]


def test_a_new_one_is_told_as_it_was_made(server: Server) -> None:
    made = server.post("experiments/create", name="kites", tags=[{"key": "team", "value": "wind"}])["experiment_id"]

    experiment = server.get("experiments/get", experiment_id=made)["experiment"]

    assert experiment["artifact_location"] == f"{ROOT}/{made}"
    assert (experiment["lifecycle_stage"], experiment["tags"]) == ("active", [{"key": "team", "value": "wind"}])
    assert experiment["creation_time"] == experiment["last_update_time"]


def test_its_artifacts_go_where_it_says(server: Server) -> None:
    made = server.post("experiments/create", name="kites", artifact_location="s3://other/place")["experiment_id"]

    experiment = server.get("experiments/get", experiment_id=made)["experiment"]

    assert experiment["artifact_location"] == "s3://other/place"


def test_a_name_is_taken_once_and_by_a_deleted_one_too(server: Server, experiment: str) -> None:
    with pytest.raises(Conflict, match=r"Experiment\(name=kites\) already exists"):
        server.post("experiments/create", name="kites")
    server.post("experiments/delete", experiment_id=experiment)
    with pytest.raises(Conflict):
        server.post("experiments/create", name="kites")


@pytest.mark.parametrize("name", ["", "n" * 501])
def test_a_name_has_to_be_one(server: Server, name: str) -> None:
    with pytest.raises(Invalid, match="name"):
        server.post("experiments/create", name=name)


def test_it_gets_another_name(server: Server, experiment: str) -> None:
    server.post("experiments/update", experiment_id=experiment, new_name="gliders")

    assert server.get("experiments/get-by-name", experiment_name="gliders")["experiment"]["experiment_id"] == experiment
    with pytest.raises(NotFound, match="kites"):
        server.get("experiments/get-by-name", experiment_name="kites")
    server.post("experiments/create", name="kites")


def test_its_own_name_again_changes_nothing(server: Server, experiment: str) -> None:
    server.post("experiments/update", experiment_id=experiment, new_name="kites")

    assert server.get("experiments/get", experiment_id=experiment)["experiment"]["name"] == "kites"


def test_it_can_not_take_another_s_name(server: Server, experiment: str) -> None:
    with pytest.raises(Conflict, match="Default"):
        server.post("experiments/update", experiment_id=experiment, new_name="Default")


def test_deleted_it_is_shown_to_those_who_ask_for_it_and_keeps_its_name(server: Server, experiment: str) -> None:
    server.post("experiments/delete", experiment_id=experiment)

    assert shown(server) == ["Default"]
    assert shown(server, view_type="DELETED_ONLY") == ["kites"]
    assert sorted(shown(server, view_type="ALL")) == ["Default", "kites"]
    with pytest.raises(Invalid, match="non-active"):
        server.post("experiments/update", experiment_id=experiment, new_name="gliders")
    with pytest.raises(Invalid, match="'active' state"):
        server.post("experiments/set-experiment-tag", experiment_id=experiment, key="a", value="b")


def test_it_is_deleted_and_restored_once(server: Server, experiment: str) -> None:
    server.post("experiments/delete", experiment_id=experiment)
    with pytest.raises(NotFound, match=experiment):
        server.post("experiments/delete", experiment_id=experiment)
    server.post("experiments/restore", experiment_id=experiment)
    with pytest.raises(NotFound, match=experiment):
        server.post("experiments/restore", experiment_id=experiment)

    assert "kites" in shown(server)


def test_tags_are_set_changed_and_deleted(server: Server, experiment: str) -> None:
    for value in ("wind", "rain"):
        server.post("experiments/set-experiment-tag", experiment_id=experiment, key="team", value=value)
    tags = server.get("experiments/get", experiment_id=experiment)["experiment"]["tags"]
    server.post("experiments/delete-experiment-tag", experiment_id=experiment, key="team")

    assert tags == [{"key": "team", "value": "rain"}]
    assert server.get("experiments/get", experiment_id=experiment)["experiment"]["tags"] == []
    with pytest.raises(NotFound, match="team"):
        server.post("experiments/delete-experiment-tag", experiment_id=experiment, key="team")


def test_who_is_not_there_is_not_found(server: Server) -> None:
    for path in ("delete", "restore", "set-experiment-tag"):
        with pytest.raises(NotFound, match="No Experiment with id=17 exists"):
            server.post(f"experiments/{path}", experiment_id="17", key="a", value="b")


def test_the_default_one_is_made_once_whoever_comes_first(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.get("experiments/get", experiment_id="0")
    read = server.documents.get
    monkeypatch.setattr(server.documents, "get", lambda *key: None if key == ("experiments", "0") else read(*key))

    assert shown(server) == ["Default"]


def test_they_are_numbered(server: Server) -> None:
    assert [server.post("experiments/create", name=name)["experiment_id"] for name in "abc"] == ["1", "2", "3"]


def test_an_id_has_to_be_a_number(server: Server) -> None:
    with pytest.raises(Invalid, match="Invalid experiment ID 'kites'"):
        server.get("experiments/get", experiment_id="kites")


def test_a_search_filters_orders_and_pages(server: Server) -> None:
    for name in ("a", "b", "c"):
        server.post("experiments/create", name=name, tags=[{"key": "kind", "value": "letter"}])
    asked = {"filter": "tags.kind = 'letter'", "order_by": ["name DESC"], "max_results": 2}

    first = server.post("experiments/search", **asked)
    rest = server.post("experiments/search", **asked, page_token=first["next_page_token"])

    assert [each["name"] for each in first["experiments"] + rest["experiments"]] == ["c", "b", "a"]
    assert "next_page_token" not in rest


def test_a_view_type_has_to_be_one(server: Server) -> None:
    with pytest.raises(Invalid, match="SOME"):
        server.post("experiments/search", view_type="SOME")
