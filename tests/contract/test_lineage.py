"""The port Lineage."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heirloom.adapters.dynamodb.lineage import DynamoLineage
from heirloom.adapters.memory import MemoryLineage
from heirloom.core.errors import Denied, Invalid, NotFound
from heirloom.core.lineage.graph import BREACHES, CAUSES, FEEDS, MAKES, Edge, Entry, Event, Lineage, Node
from local.connection import Connection
from tests.embedded import unique

DATA = {"score": 0.1 + 0.2, "whole": 1.0, "count": 3, "none": None, "list": [1, {"deep": "März"}], "empty": ""}


@pytest.fixture(params=["memory", "aws"])
def lineage(request: pytest.FixtureRequest) -> Lineage:
    if request.param == "memory":
        return MemoryLineage()
    client, table = request.getfixturevalue("aws").client("dynamodb"), unique("lineage")
    client.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    return DynamoLineage(client, table)


def run(number: int, model: str = "wine") -> Node:
    return Node(
        "run", f"{model}-{number}", model, f"2026-11-23T15:{number:02d}:00.000Z", DATA, {"key": f"{number}.csv"}
    )


def version(number: int, model: str = "wine") -> Node:
    return Node("version", f"{model}/{number}", model, "2026-11-23T15:00:00.000Z", DATA, {"number": number})


def changed(revision: int, model: str = "wine") -> Node:
    return Node("change", f"{model}/{revision}", model, "2026-11-23T15:00:00.000Z", DATA, {"revision": revision})


def test_gives_back_what_was_added(lineage: Lineage) -> None:
    node = run(1)

    assert lineage.add(node)

    assert lineage.node("run", "wine-1") == node
    assert lineage.node("run", "wine-2") is None


def test_adds_a_node_once_and_leaves_the_first_as_it_is(lineage: Lineage) -> None:
    lineage.add(run(1))

    again = lineage.add(replace(run(1), data={"other": True}), Edge("dataset#wine/a", FEEDS, "run#wine-1"))

    assert not again
    assert lineage.node("run", "wine-1") == run(1)
    assert lineage.sources("run#wine-1", FEEDS) == ()


def test_an_incident_is_found_from_its_version_and_from_what_came_of_it(lineage: Lineage) -> None:
    """It is in no list."""
    incident = Node("incident", "wine.accuracy.v1.2026-11-23T15:10:00.000Z", "wine", "2026-11-23T15:10:01.000Z", DATA)
    lineage.add(version(1))
    lineage.add(changed(2))

    lineage.add(incident, Edge("version#wine/1", BREACHES, incident.key))
    lineage.link(Edge(incident.key, CAUSES, "change#wine/2"))

    assert lineage.targets("version#wine/1", BREACHES) == (incident.key,)
    assert lineage.sources("change#wine/2", CAUSES) == (incident.key,)
    assert lineage.node("incident", incident.id) == incident
    assert len(lineage.versions("wine", 9).entries) == len(lineage.changes("wine", 9).entries) == 1


def test_finds_an_edge_from_both_of_its_ends(lineage: Lineage) -> None:
    lineage.add(version(1), Edge("run#wine-1", MAKES, "version#wine/1"))
    lineage.link(Edge("dataset#wine/b", FEEDS, "run#wine-1"), Edge("dataset#wine/a", FEEDS, "run#wine-1"))
    lineage.link(Edge("dataset#wine/a", FEEDS, "run#wine-1"))

    assert lineage.targets("run#wine-1", MAKES) == ("version#wine/1",)
    assert lineage.sources("version#wine/1", MAKES) == ("run#wine-1",)
    assert lineage.sources("run#wine-1", FEEDS) == ("dataset#wine/a", "dataset#wine/b")
    assert lineage.targets("run#wine-1", FEEDS) == ()


def test_tells_a_run_s_history_in_its_order(lineage: Lineage) -> None:
    lineage.add(run(1))
    events = tuple(Event(f"2026-11-23T15:00:{n:02d}.000Z", stage, "done", DATA) for n, stage in enumerate("zyx"))

    for event in events:
        lineage.record(run(1), event)

    assert lineage.history("wine-1") == events
    (entry,) = lineage.runs("wine", 10).entries
    assert entry == Entry("wine-1", "wine", run(1).created_at, {"key": "1.csv"}, events[-1])


def test_an_event_recorded_again_is_one_event(lineage: Lineage) -> None:
    lineage.add(run(1))
    event = Event("2026-11-23T15:00:00.000Z", "dataset", "done")

    lineage.record(run(1), event)
    lineage.record(run(1), event)

    assert lineage.history("wine-1") == (event,)
    assert lineage.history("wine-2") == ()


def test_pages_through_runs_newest_first(lineage: Lineage) -> None:
    for number in (3, 1, 5, 2, 4):
        lineage.add(run(number))
    lineage.add(run(9, "beer"))

    first = lineage.runs("wine", 2)
    second = lineage.runs("wine", 2, first.cursor)
    third = lineage.runs("wine", 2, second.cursor)

    pages = (first, second, third)
    assert [[entry.id for entry in page.entries] for page in pages] == [
        ["wine-5", "wine-4"],
        ["wine-3", "wine-2"],
        ["wine-1"],
    ]
    assert third.cursor is None


def test_has_no_next_page_when_the_last_one_is_full(lineage: Lineage) -> None:
    for number in (1, 2):
        lineage.add(run(number))

    assert lineage.runs("wine", 2).cursor is None


def test_lists_versions_by_number_and_not_by_text(lineage: Lineage) -> None:
    for number in (9, 10, 0, 100):
        lineage.add(version(number))

    assert [entry.summary["number"] for entry in lineage.versions("wine", 10).entries] == [100, 10, 9, 0]
    assert lineage.versions("beer", 10).entries == ()


def test_pages_through_changes_by_revision_newest_first(lineage: Lineage) -> None:
    for revision in (9, 10, 1, 100):
        lineage.add(changed(revision))
    lineage.add(changed(7, "beer"))
    lineage.add(version(200))

    first = lineage.changes("wine", 3)
    second = lineage.changes("wine", 3, first.cursor)

    pages = [[entry.summary["revision"] for entry in page.entries] for page in (first, second)]
    assert pages == [[100, 10, 9], [1]]
    assert (first.cursor, second.cursor) == ("change#00000009", None)
    with pytest.raises(Invalid, match="cursor"):
        lineage.changes("wine", 3, "version#00000001")


@pytest.mark.parametrize("cursor", ["", "version#00000001", "nonsense"])
def test_refuses_a_cursor_that_no_page_gave(lineage: Lineage, cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        lineage.runs("wine", 2, cursor)


def test_lists_the_projects_by_name_as_they_are_now(lineage: Lineage) -> None:
    for name in ("wine", "beer"):
        lineage.put_project(Node("project", name, name, "2026-11-23T15:00:00.000Z", DATA, {"owner": "old"}))
    lineage.put_project(Node("project", "wine", "wine", "2026-11-24T15:00:00.000Z", DATA, {"owner": "new"}))

    assert [(entry.id, entry.summary) for entry in lineage.projects()] == [
        ("beer", {"owner": "old"}),
        ("wine", {"owner": "new"}),
    ]


def test_a_project_that_is_withdrawn_keeps_its_node(lineage: Lineage) -> None:
    lineage.put_project(Node("project", "wine", "wine", "2026-11-23T15:00:00.000Z", DATA))

    lineage.withdraw_project("wine")
    lineage.withdraw_project("wine")

    assert lineage.projects() == ()
    assert lineage.node("project", "wine") is not None


def test_reads_more_than_dynamodb_gives_in_one_answer(lineage: Lineage) -> None:
    lineage.add(run(1))
    events = [Event(f"2026-11-23T15:00:00.{n:03d}Z", "test", "done", {"padding": "x" * 200_000}) for n in range(8)]

    for event in events:
        lineage.record(run(1), event)

    assert lineage.history("wine-1") == tuple(events)


def test_says_so_when_there_is_no_table(aws: Connection) -> None:
    nowhere = DynamoLineage(aws.client("dynamodb"), "nowhere")

    with pytest.raises(NotFound, match="adding run#wine-1"):
        nowhere.add(run(1))
    with pytest.raises(NotFound, match="reading run#wine-1"):
        nowhere.node("run", "wine-1")


def test_says_so_when_the_role_may_not(aws: Connection) -> None:
    iam, name = aws.client("iam"), unique("nobody")
    iam.create_user(UserName=name)
    keys = iam.create_access_key(UserName=name)["AccessKey"]
    nobody = replace(aws, access_key_id=keys["AccessKeyId"], secret_access_key=keys["SecretAccessKey"])

    with pytest.raises(Denied, match="reading run#wine-1"):
        DynamoLineage(nobody.client("dynamodb"), "nowhere").node("run", "wine-1")
