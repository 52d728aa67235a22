"""The port Routes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heirloom.adapters.dynamodb.routes import DynamoRoutes
from heirloom.adapters.memory import MemoryRoutes
from heirloom.core.errors import Conflict
from heirloom.core.release.route import Route, Routes
from tests.embedded import unique

FIRST = Route("wine", 1, 0, "heirloom-wine-v0", None, "deploy", "2026-11-23T15:00:00.000Z", "the baseline")
SECOND = replace(
    FIRST, revision=2, champion=1, endpoint="heirloom-wine-v1", previous=0, changed_by="pipeline", reason=""
)


@pytest.fixture(params=["memory", "aws"])
def routes(request: pytest.FixtureRequest) -> Routes:
    if request.param == "memory":
        return MemoryRoutes()
    client, table = request.getfixturevalue("aws").client("dynamodb"), unique("routes")
    client.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "model", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "model", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return DynamoRoutes(client, table)


def test_gives_back_what_was_put(routes: Routes) -> None:
    assert routes.get("wine") is None

    routes.put(FIRST)
    assert routes.get("wine") == FIRST

    routes.put(SECOND)
    assert routes.get("wine") == SECOND


@pytest.mark.parametrize("revision", [1, 2, 4])
def test_refuses_a_revision_that_is_not_the_next(routes: Routes, revision: int) -> None:
    routes.put(FIRST)
    routes.put(SECOND)

    with pytest.raises(Conflict):
        routes.put(replace(SECOND, revision=revision, champion=9))

    assert routes.get("wine") == SECOND


def test_refuses_a_later_revision_of_no_route(routes: Routes) -> None:
    with pytest.raises(Conflict):
        routes.put(SECOND)


def test_a_route_that_was_deleted_starts_again(routes: Routes) -> None:
    routes.put(FIRST)

    routes.delete("wine")
    routes.delete("wine")

    assert routes.get("wine") is None
    routes.put(FIRST)


def test_gives_many_at_once(routes: Routes) -> None:
    models = [f"model-{n}" for n in range(130)]
    for model in models[::2]:
        routes.put(replace(FIRST, model=model))

    found = routes.get_many(models)

    assert sorted(found) == sorted(models[::2])
    assert found["model-0"] == replace(FIRST, model="model-0")
    assert routes.get_many([]) == {}
