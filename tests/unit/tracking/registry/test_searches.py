"""Searches of models and versions, as MLflow's own tests ask for them."""

from __future__ import annotations

from typing import Any

import pytest

from heirloom.core.errors import Invalid
from tests.unit.tracking.registry.registry import Registry

PROMPT = {"key": "mlflow.prompt.is_prompt", "value": "true"}
APPLE = {"key": "fruit", "value": "apple"}
IS_PROMPT = "tags.`mlflow.prompt.is_prompt`"


def _names(registry: Registry, **query: Any) -> list[str]:
    answer = registry.ask("GET", "registered-models/search", **query)
    return [model["name"] for model in answer.get("registered_models", [])]


def _versions(registry: Registry, **query: Any) -> list[str]:
    answer = registry.ask("GET", "model-versions/search", **query)
    return [f"{version['name']} {version['version']}" for version in answer.get("model_versions", [])]


def _all_pages(registry: Registry, path: str, **query: Any) -> list[Any]:
    shown, token = [], ""
    while True:
        answer = registry.ask("GET", path, page_token=token, **query)
        shown += answer[next(key for key in answer if key != "next_page_token")]
        token = answer.get("next_page_token", "")
        if not token:
            return shown


@pytest.fixture
def flock(registry: Registry) -> Registry:
    """Two models with two and one versions, and a prompt with one."""
    registry.create("kite")
    registry.create("Hawk", tags=[APPLE])
    registry.create("greeting", tags=[PROMPT, APPLE])
    registry.add("kite", run_id="run_1")
    registry.add("Hawk", source="runs:/run_2/model", run_id="run_2", tags=[APPLE])
    registry.add("kite", run_id="run_2")
    registry.add("greeting", source="dummy", tags=[PROMPT, APPLE])
    registry.alias("best", 1)
    return registry


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["Hawk", "kite"]),
        ("name = 'kite'", ["kite"]),
        ("name = 'kit'", []),
        ("name LIKE 'h%'", []),
        ("name ILIKE 'h%'", ["Hawk"]),
        ("tags.fruit = 'apple'", ["Hawk"]),
        ("name = 'greeting'", []),
        (f"{IS_PROMPT} != 'true'", ["Hawk", "kite"]),
        (f"{IS_PROMPT} = 'false'", ["Hawk", "kite"]),
        (f"{IS_PROMPT} = 'true'", ["greeting"]),
        (f"name = 'greeting' AND {IS_PROMPT} = 'true' AND tags.fruit = 'apple'", ["greeting"]),
    ],
)
def test_finds_models_and_no_prompts_unless_they_are_asked_for(flock: Registry, text: str, names: list[str]) -> None:
    assert _names(flock, filter=text) == names


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["kite 2", "Hawk 1", "kite 1"]),
        ("name = 'kite'", ["kite 2", "kite 1"]),
        (f"name = '{'x' * 2000}'", []),
        ("run_id = 'run_2'", ["kite 2", "Hawk 1"]),
        ("run_id IN ('run_1')", ["kite 1"]),
        ("source_path = 'runs:/run_2/model'", ["Hawk 1"]),
        ("version_number >= 2 AND name = 'kite'", ["kite 2"]),
        ("tags.fruit = 'apple'", ["Hawk 1"]),
        (f"{IS_PROMPT} = 'true'", ["greeting 1"]),
        (f"{IS_PROMPT} != 'true' AND tags.fruit = 'apple'", ["Hawk 1"]),
    ],
)
def test_finds_versions_and_none_of_prompts_unless_they_are_asked_for(
    flock: Registry, text: str, found: list[str]
) -> None:
    assert _versions(flock, filter=text) == found


def test_what_is_found_is_told_as_it_is_told_alone(flock: Registry) -> None:
    [hawk, kite] = flock.ask("GET", "registered-models/search")["registered_models"]
    assert (hawk, kite) == (flock.model("Hawk"), flock.model("kite"))
    [version] = flock.ask("GET", "model-versions/search", filter="run_id = 'run_1'")["model_versions"]
    assert version == flock.version(1)
    assert version["aliases"] == ["best"]


def test_nothing_is_found_where_nothing_is(registry: Registry) -> None:
    assert registry.ask("GET", "registered-models/search") == {}
    assert registry.ask("GET", "model-versions/search") == {}


def test_sorts_by_what_is_asked_for(flock: Registry) -> None:
    assert _names(flock, order_by=["name DESC"]) == ["kite", "Hawk"]
    assert _names(flock, order_by=["last_updated_timestamp ASC"]) == ["Hawk", "kite"]
    assert _versions(flock, order_by=["version_number DESC"]) == ["kite 2", "Hawk 1", "kite 1"]
    assert _versions(flock, order_by=["creation_timestamp ASC"]) == ["kite 1", "Hawk 1", "kite 2"]


@pytest.mark.parametrize("most", [1, 4, 100])
def test_gives_every_result_once_page_by_page(registry: Registry, most: int) -> None:
    for number in range(9):
        registry.create(f"kite{number}")
        registry.add(f"kite{number}")

    models = _all_pages(registry, "registered-models/search", max_results=str(most))
    versions = _all_pages(registry, "model-versions/search", max_results=str(most))

    assert [model["name"] for model in models] == [f"kite{number}" for number in range(9)]
    assert [version["name"] for version in versions] == [f"kite{number}" for number in range(8, -1, -1)]


@pytest.mark.parametrize(
    ("path", "query", "why"),
    [
        ("registered-models", {"max_results": "1001"}, "Invalid value for request parameter max_results"),
        ("model-versions", {"max_results": "200001"}, "Invalid value for request parameter max_results"),
        ("model-versions", {"max_results": "0"}, "Invalid value for max_results"),
        ("registered-models", {"page_token": "evilhax"}, "Invalid page token, could not base64-decode"),
        ("registered-models", {"filter": "run_id = 'x'"}, "Invalid attribute key 'run_id' specified"),
        ("model-versions", {"order_by": ["wings"]}, "Invalid attribute key 'wings' specified"),
    ],
)
def test_refuses_what_cannot_be_searched_for(flock: Registry, path: str, query: Any, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        flock.ask("GET", f"{path}/search", **query)
