"""The registered model of a pipeline: who may change what of it, and which version is champion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from heirloom.core.errors import Denied, Invalid, NotFound
from heirloom.core.release.route import Canary, Route, Shadow
from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.registry import ENDPOINTS
from heirloom.core.tracking.registry.roles import roles_of
from heirloom.core.tracking.roles import flat
from tests.unit.world import World, payload, released

MODEL = "flight-delay"


class Client:
    """The endpoints of the registry over a world's tracking."""

    def __init__(self, world: World) -> None:
        self.world = world

    def ask(self, method: str, path: str, **values: Any) -> Any:
        return flat(ENDPOINTS)[method, path](Asked(values), self.world.tracking)

    def aliases(self) -> dict[str, int]:
        """Of the model, as it is told."""
        model = self.ask("GET", "registered-models/get", name=MODEL)["registered_model"]
        return {each["alias"]: int(each["version"]) for each in model.get("aliases", [])}


@pytest.fixture
def client(deployed: World) -> Client:
    """With one version, which is the champion."""
    deployed.carry(deployed.upload())
    return Client(deployed)


def test_a_deploy_takes_the_name(deployed: World) -> None:
    model = Client(deployed).ask("GET", "registered-models/get", name=MODEL)["registered_model"]

    assert model["description"] == "Warn passengers whose flight will arrive more than 15 minutes late."
    assert model["tags"] == [{"key": "heirloom.pipeline", "value": "true"}]
    assert "aliases" not in model


def test_deployed_again_it_stays_as_people_have_described_it(client: Client) -> None:
    client.ask("PATCH", "registered-models/update", name=MODEL, description="ours")

    client.world.project(payload("register_project.update"))

    assert client.ask("GET", "registered-models/get", name=MODEL)["registered_model"]["description"] == "ours"


def test_a_model_without_versions_that_people_made_is_taken_over(world: World) -> None:
    tags = [{"key": "team", "value": "ops"}]
    Client(world).ask("POST", "registered-models/create", name=MODEL, description="ours", tags=tags)

    world.deploy()

    model = Client(world).ask("GET", "registered-models/get", name=MODEL)["registered_model"]
    assert model["description"] == "ours"
    assert [tag["key"] for tag in model["tags"]] == ["team", "heirloom.pipeline"]


def test_a_model_with_versions_that_people_made_stops_the_deploy(world: World) -> None:
    client = Client(world)
    client.ask("POST", "registered-models/create", name=MODEL)
    client.ask("POST", "model-versions/create", name=MODEL, source="s3://bucket/folder")

    with pytest.raises(Invalid, match=r"made by hand.*rename_registered_model"):
        world.deploy()

    client.ask("POST", "registered-models/rename", name=MODEL, new_name=f"{MODEL}-by-hand")
    world.deploy()
    assert client.ask("GET", "model-versions/get", name=f"{MODEL}-by-hand", version="1")


WISHES: dict[str, Callable[[Client], Any]] = {
    "create": lambda client: client.ask("POST", "model-versions/create", name=MODEL, source="s3://bucket/folder"),
    "delete version": lambda client: client.ask("DELETE", "model-versions/delete", name=MODEL, version="1"),
    "delete": lambda client: client.ask("DELETE", "registered-models/delete", name=MODEL),
    "rename": lambda client: client.ask("POST", "registered-models/rename", name=MODEL, new_name="other"),
    "stage": lambda client: client.ask(
        "POST", "model-versions/transition-stage", name=MODEL, version="1", stage="Production"
    ),
    "alias": lambda client: client.ask("POST", "registered-models/alias", name=MODEL, alias="canary", version="1"),
    "no alias": lambda client: client.ask("DELETE", "registered-models/alias", name=MODEL, alias="champion"),
    "tag": lambda client: client.ask("POST", "registered-models/set-tag", name=MODEL, key="heirloom.x", value=""),
    "tag of version": lambda client: client.ask(
        "DELETE", "model-versions/delete-tag", name=MODEL, version="1", key="heirloom.score"
    ),
}


@pytest.mark.parametrize("wish", WISHES)
def test_what_would_part_it_from_the_lineage_is_refused(client: Client, wish: str) -> None:
    before = dict(client.world.documents.stored)

    with pytest.raises(Denied, match=MODEL):
        WISHES[wish](client)

    assert client.world.documents.stored == before


def test_descriptions_tags_and_other_aliases_are_everybody_s(client: Client) -> None:
    client.ask("PATCH", "model-versions/update", name=MODEL, version="1", description="the first")
    client.ask("POST", "model-versions/set-tag", name=MODEL, version="1", key="seen", value="yes")
    client.ask("POST", "registered-models/alias", name=MODEL, alias="liked", version="1")

    version = client.ask("GET", "registered-models/alias", name=MODEL, alias="liked")["model_version"]

    assert (version["description"], sorted(version["aliases"])) == ("the first", ["champion", "liked"])


def test_the_champion_is_the_route_s_wherever_it_is_asked_for(client: Client) -> None:
    by_alias = client.ask("GET", "registered-models/alias", name=MODEL, alias="champion")["model_version"]
    (found,) = client.ask("GET", "model-versions/search", filter=f"name = '{MODEL}'")["model_versions"]
    (model,) = client.ask("GET", "registered-models/search")["registered_models"]
    (latest,) = client.ask("GET", "registered-models/get-latest-versions", name=MODEL)["model_versions"]
    got = client.ask("GET", "model-versions/get", name=MODEL, version="1")["model_version"]
    updated = client.ask("PATCH", "model-versions/update", name=MODEL, version="1")["model_version"]

    assert by_alias["version"] == "1"
    assert [each["aliases"] for each in (by_alias, found, latest, got, updated)] == [["champion"]] * 5
    assert model["aliases"] == [{"alias": "champion", "version": "1"}]


def test_it_follows_the_route_at_once(client: Client) -> None:
    client.world.carry(client.world.upload("v2"))
    assert client.aliases() == {"champion": 2}

    client.world.ask(payload("change_release.rollback"))

    route = client.world.routes.get(MODEL)
    assert route is not None
    assert client.aliases() == ({"champion": route.champion} if route.champion else {})
    assert route.champion != 2


def test_a_canary_has_its_alias(client: Client) -> None:
    state = client.world.carry(client.world.upload("v2"), 6)

    client.world.try_out(released(state))

    assert client.aliases() == {"champion": 1, "canary": 2}


def test_the_rule_of_thumb_is_no_version(deployed: World) -> None:
    route = deployed.routes.get(MODEL)
    assert isinstance(route, Route)

    assert roles_of(route) == {}
    assert Client(deployed).aliases() == {}
    tried = replace(route, canary=Canary(3, 0.1, 2000, "r"), shadow=Shadow(2, 0.5))
    assert roles_of(tried) == {"canary": 3, "shadow": 2}
    with pytest.raises(Invalid, match="alias champion not found"):
        Client(deployed).ask("GET", "registered-models/alias", name=MODEL, alias="champion")


def test_a_model_whose_project_was_removed_has_no_champion(client: Client) -> None:
    client.world.project(payload("register_project.delete"))

    assert client.aliases() == {}
    with pytest.raises(NotFound):
        client.ask("GET", "model-versions/get", name=MODEL, version="9")
