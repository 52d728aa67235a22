"""Registered models: what is told of them, what they may be called, and how they change."""

from __future__ import annotations

import re
from typing import Any

import pytest

from heirloom.core.errors import Conflict, Invalid, NotFound
from heirloom.core.tracking.registry import ENDPOINTS
from heirloom.core.tracking.roles import flat
from tests.unit.tracking.registry.registry import Registry

PROMPT = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]


def test_tells_a_new_model_and_leaves_out_what_is_empty(registry: Registry) -> None:
    made = registry.create()

    assert made == {"name": "kite", "creation_timestamp": 1795910400001, "last_updated_timestamp": 1795910400001}
    assert registry.model() == made


def test_keeps_the_description_and_the_last_value_of_each_tag(registry: Registry) -> None:
    tags = [{"key": "size", "value": "s"}, {"key": "size", "value": "m"}, {"key": "none", "value": ""}]
    made = registry.create(description="It flies.", tags=tags)

    assert made["description"] == "It flies."
    assert made["tags"] == [{"key": "size", "value": "m"}, {"key": "none", "value": ""}]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", r"Missing value for required parameter 'name'\."),
        ("  ", r"Missing value for required parameter 'name'\."),
        (None, r"Missing value for required parameter 'name'\."),
        (3, "Invalid value 3 for parameter 'name' supplied"),
        ("a/b", r"Invalid model name 'a/b'\. Names cannot contain '/' or ':'\."),
        ("a:b", r"Invalid model name 'a:b'\. Names cannot contain '/' or ':'\."),
        (".", r"This name would resolve to '\.'"),
        ("..a", r"This name would resolve to '\.\.a'"),
        ("x" * 251, "'name' exceeds the maximum length of 250 characters"),
    ],
)
def test_refuses_a_name_that_means_something_else(registry: Registry, name: Any, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        registry.create(name)


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("", "x", "Missing value for required parameter 'key'"),
        ("a" * 251, "x", "'key' exceeds the maximum length of 250 characters"),
        ("../a", "x", "Names may be treated as files"),
        ("a", "x" * 100_001, "'value' exceeds the maximum length of 100000 characters"),
        ("mlflow.prompt.text", "x" * 100_001, "Prompt text exceeds max length of 100000 characters"),
    ],
)
def test_refuses_a_tag_that_is_too_long_or_has_no_key(kite: Registry, key: str, value: str, why: str) -> None:
    tag = {"key": key, "value": value}
    kite.add()

    with pytest.raises(Invalid, match=why):
        kite.create("other", tags=[tag])
    with pytest.raises(Invalid, match=why):
        kite.add(tags=[tag])
    with pytest.raises(Invalid, match=why):
        kite.ask("POST", "registered-models/set-tag", name="kite", **tag)
    with pytest.raises(Invalid, match=why):
        kite.ask("POST", "model-versions/set-tag", name="kite", version="1", **tag)


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ([], [], "Registered Model (name=kite) already exists."),
        (PROMPT, PROMPT, "Prompt (name=kite) already exists."),
        ([], PROMPT, "Tried to create a prompt with name 'kite', but the name is already taken by a registered model."),
        (PROMPT, [], "Tried to create a registered model with name 'kite', but the name is already taken by a prompt."),
    ],
)
def test_refuses_a_name_that_is_taken_and_says_by_what(registry: Registry, first: Any, second: Any, why: str) -> None:
    registry.create(tags=first)

    with pytest.raises(Conflict, match=re.escape(why)):
        registry.create(tags=second)


def test_of_two_who_create_a_model_at_once_one_is_told_that_it_exists(registry: Registry) -> None:
    registry.documents.before.append(lambda: registry.create(description="the first"))

    with pytest.raises(Conflict, match="already exists"):
        registry.create()

    assert registry.model()["description"] == "the first"


def test_describes_a_model_anew_or_no_more(kite: Registry) -> None:
    update = ("PATCH", "registered-models/update")
    described = kite.ask(*update, name="kite", description="It flies.")["registered_model"]

    assert described == kite.model()
    assert described["description"] == "It flies."
    assert described["last_updated_timestamp"] > described["creation_timestamp"]
    assert "description" not in kite.ask(*update, name="kite")["registered_model"]


def test_sets_and_deletes_tags_without_touching_the_time_of_the_last_update(kite: Registry) -> None:
    before = kite.model()
    kite.ask("POST", "registered-models/set-tag", name="kite", key="size", value="m")
    kite.ask("POST", "registered-models/set-tag", name="kite", key="note")
    assert kite.model()["tags"] == [{"key": "size", "value": "m"}, {"key": "note", "value": ""}]

    for key in ("size", "note", "note", "never"):
        assert kite.ask("DELETE", "registered-models/delete-tag", name="kite", key=key) == {}

    assert kite.model() == before


def test_a_tag_that_cannot_be_is_not_deleted(kite: Registry) -> None:
    with pytest.raises(Invalid, match="Missing value for required parameter 'key'"):
        kite.ask("DELETE", "registered-models/delete-tag", name="kite", key="")
    with pytest.raises(Invalid, match="Names may only contain"):
        kite.ask("DELETE", "registered-models/delete-tag", name="kite", key="a$")


@pytest.mark.parametrize(
    ("method", "path", "values"),
    [
        ("GET", "registered-models/get", {}),
        ("PATCH", "registered-models/update", {"description": "x"}),
        ("POST", "registered-models/rename", {"new_name": "y"}),
        ("DELETE", "registered-models/delete", {}),
        ("POST", "registered-models/set-tag", {"key": "a", "value": "b"}),
        ("DELETE", "registered-models/delete-tag", {"key": "a"}),
        ("GET", "registered-models/get-latest-versions", {}),
        ("GET", "registered-models/alias", {"alias": "best"}),
        ("GET", "registered-models/alias", {"alias": "latest"}),
        ("DELETE", "registered-models/alias", {"alias": "best"}),
        ("POST", "model-versions/create", {"source": "s3://bucket/model"}),
    ],
)
def test_there_is_nothing_of_a_model_that_is_not_there(registry: Registry, method: str, path: str, values: Any) -> None:
    with pytest.raises(NotFound, match="Registered Model with name=kite not found"):
        registry.ask(method, path, name="kite", **values)


def test_tells_the_newest_version_of_each_stage(kite: Registry) -> None:
    for stage in ("Archived", "Production", "Archived", "Production", "Staging", "Staging", "None"):
        number = int(kite.add()["version"])
        kite.stage(number, stage)

    everything = {"Archived": "3", "Production": "4", "Staging": "6", "None": "7"}
    assert kite.latest() == everything
    assert {each["current_stage"]: each["version"] for each in kite.model()["latest_versions"]} == everything
    assert kite.latest("kite", "none", "STAGING") == {"Staging": "6", "None": "7"}
    posted = kite.ask("POST", "registered-models/get-latest-versions", name="kite", stages=["None"])
    assert posted == {"model_versions": [kite.version(7)]}


def test_a_stage_without_versions_has_no_newest_one(kite: Registry) -> None:
    assert kite.ask("GET", "registered-models/get-latest-versions", name="kite") == {}

    with pytest.raises(Invalid, match=r"Invalid Model Version stage: Best\. Value must be one of None, Staging"):
        kite.latest("kite", "Best")


def test_a_version_that_is_deleted_while_the_newest_ones_are_read_is_left_out(kite: Registry) -> None:
    kite.add()
    model = kite.documents.get("registered-models", "kite")
    kite.ask("DELETE", "model-versions/delete", name="kite", version="1")
    assert model
    kite.documents.put(model)

    assert kite.latest() == {}


def test_every_endpoint_of_the_protocol_is_there() -> None:
    models = "create rename update delete get search get-latest-versions set-tag delete-tag alias"
    versions = "create update transition-stage delete get search get-download-uri set-tag delete-tag"

    paths = [f"registered-models/{name}" for name in models.split()]
    paths += [f"model-versions/{name}" for name in versions.split()]
    assert {path for _, path in flat(ENDPOINTS)} == set(paths)
    assert len(flat(ENDPOINTS)) == 22
