"""The port Routes, which writes a route and its line of the history together."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest

from heirloom.adapters.dynamodb.lineage import DynamoLineage
from heirloom.adapters.dynamodb.routes import DynamoRoutes
from heirloom.adapters.memory import MemoryRoutes
from heirloom.core.errors import Conflict, Denied, NotFound
from heirloom.core.lineage.graph import SERVES, TRIES, Lineage
from heirloom.core.release import moves
from heirloom.core.release.change import ATTEMPTS, change, write
from heirloom.core.release.route import OPEN, Canary, Mark, Route, Routes, Shadow
from local.connection import Connection
from tests.embedded import unique

MARK = Mark("deploy", "2026-11-23T15:00:00.000Z", "the baseline")
FIRST = Route("wine", 1, 0, {0: "heirloom-wine-v0"}, OPEN, MARK)
SECOND = Route(
    model="wine",
    revision=2,
    champion=2,
    ready={0: "heirloom-wine-v0", 2: "heirloom-wine-v2", 10: "heirloom-wine-v10"},
    action="canary",
    change=replace(MARK, by="arn:aws:iam::111122223333:user/ana", reason="März"),
    previous=0,
    canary=Canary(10, 0.1, 2000, "wine-1a2b3c"),
    shadow=Shadow(0, 0.25),
    frozen=MARK,
    quarantined={1: MARK},
    retired=("heirloom-wine-v1",),
)
WRITERS = 6


@dataclass
class Tables:
    """The port under test, and the lineage that it writes its history to."""

    routes: Routes
    lineage: Lineage


def in_memory() -> Tables:
    routes = MemoryRoutes()
    return Tables(routes, routes.lineage)


def on_dynamodb(aws: Connection) -> Tables:
    client, names = aws.client("dynamodb"), (unique("routes"), unique("lineage"))
    for name, keys in zip(names, (["model"], ["pk", "sk"]), strict=True):
        client.create_table(
            TableName=name,
            KeySchema=[
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )
    return Tables(DynamoRoutes(client, *names), DynamoLineage(client, names[1]))


@pytest.fixture(params=["memory", "aws"])
def tables(request: pytest.FixtureRequest) -> Tables:
    return in_memory() if request.param == "memory" else on_dynamodb(request.getfixturevalue("aws"))


def revisions(tables: Tables, model: str = "wine") -> list[int]:
    return [entry.summary["revision"] for entry in tables.lineage.changes(model, 200).entries][::-1]


def test_gives_back_what_was_put(tables: Tables) -> None:
    assert tables.routes.get("wine") is None

    write(FIRST, tables.routes)
    assert tables.routes.get("wine") == FIRST

    write(SECOND, tables.routes)
    assert tables.routes.get("wine") == SECOND


def test_each_change_is_in_the_lineage_of_the_versions_it_names(tables: Tables) -> None:
    write(FIRST, tables.routes)
    write(SECOND, tables.routes)

    node = tables.lineage.node("change", "wine/2")
    assert node is not None
    assert Route.from_document(node.data) == SECOND
    assert node.summary["by"] == "arn:aws:iam::111122223333:user/ana"
    assert tables.lineage.targets("version#wine/2", SERVES) == ("change#wine/2",)
    assert tables.lineage.sources("change#wine/2", TRIES) == ("version#wine/10",)
    assert revisions(tables) == [1, 2]


@pytest.mark.parametrize("revision", [1, 2, 4])
def test_refuses_a_revision_that_is_not_the_next_and_records_nothing(tables: Tables, revision: int) -> None:
    write(FIRST, tables.routes)
    write(SECOND, tables.routes)

    with pytest.raises(Conflict):
        write(replace(SECOND, revision=revision, champion=10), tables.routes)

    assert tables.routes.get("wine") == SECOND
    assert revisions(tables) == [1, 2]
    assert tables.lineage.targets("version#wine/10", SERVES) == ()


def test_refuses_a_change_of_no_route(tables: Tables) -> None:
    with pytest.raises(Conflict):
        write(SECOND, tables.routes)

    assert revisions(tables) == []


def test_refuses_to_open_what_is_open(tables: Tables) -> None:
    write(FIRST, tables.routes)

    with pytest.raises(Conflict):
        write(replace(FIRST, revision=2), tables.routes)

    assert tables.routes.get("wine") == FIRST
    assert revisions(tables) == [1]


def test_refuses_a_revision_that_the_history_has_already(tables: Tables) -> None:
    write(FIRST, tables.routes)
    tables.routes.delete("wine")

    with pytest.raises(Conflict):
        write(FIRST, tables.routes)

    assert tables.routes.get("wine") is None


def test_a_route_that_was_deleted_is_opened_at_a_later_revision(tables: Tables) -> None:
    write(FIRST, tables.routes)

    tables.routes.delete("wine")
    tables.routes.delete("wine")

    assert tables.routes.get("wine") is None
    write(replace(FIRST, revision=2), tables.routes)
    assert revisions(tables) == [1, 2]


def test_gives_many_at_once(tables: Tables) -> None:
    models = [f"model-{n}" for n in range(130)]
    for model in models[::2]:
        write(replace(FIRST, model=model), tables.routes)

    found = tables.routes.get_many(models)

    assert sorted(found) == sorted(models[::2])
    assert found["model-0"] == replace(FIRST, model="model-0")
    assert tables.routes.get_many([]) == {}


def at_once(work: Callable[[int], bool]) -> list[bool]:
    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(work, range(WRITERS)))


def test_of_writers_at_once_one_wins_and_the_others_are_told(tables: Tables) -> None:
    write(FIRST, tables.routes)

    def freeze(number: int) -> bool:
        mark = replace(MARK, by=f"writer {number}")
        try:
            write(replace(FIRST, revision=2, action="freeze", frozen=mark, change=mark), tables.routes)
        except Conflict:
            return False
        return True

    won = at_once(freeze)

    assert won.count(True) == 1
    route = tables.routes.get("wine")
    assert route is not None
    assert route.change.by == f"writer {won.index(True)}"
    assert revisions(tables) == [1, 2]


def test_writers_who_try_again_leave_a_history_with_every_revision_once(tables: Tables) -> None:
    write(FIRST, tables.routes)

    def add(number: int) -> bool:
        for version in range(10 * number + 1, 10 * number + 4):
            change("wine", lambda route, v=version: moves.ready(route, v, f"e{v}", MARK), tables.routes, 20 * ATTEMPTS)
        return True

    at_once(add)

    route = tables.routes.get("wine")
    assert route is not None
    assert len(route.ready) == 1 + 3 * WRITERS
    assert revisions(tables) == list(range(1, 2 + 3 * WRITERS))
    assert route.revision == 1 + 3 * WRITERS


def test_says_so_when_there_is_no_table(aws: Connection) -> None:
    nowhere = DynamoRoutes(aws.client("dynamodb"), "nowhere", "nowhere-either")

    with pytest.raises(NotFound, match="reading the route of wine"):
        nowhere.get("wine")
    with pytest.raises(NotFound, match="writing revision 1 of the route of wine"):
        write(FIRST, nowhere)


def test_says_so_when_the_role_may_not(aws: Connection) -> None:
    iam, name = aws.client("iam"), unique("nobody")
    iam.create_user(UserName=name)
    keys = iam.create_access_key(UserName=name)["AccessKey"]
    nobody = replace(aws, access_key_id=keys["AccessKeyId"], secret_access_key=keys["SecretAccessKey"])

    with pytest.raises(Denied, match="writing revision 1 of the route of wine"):
        write(FIRST, DynamoRoutes(nobody.client("dynamodb"), "nowhere", "nowhere-either"))
