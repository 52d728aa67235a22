"""The port Ledger: what is written to lineage and tracking is written to both, or to neither."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from heirloom.adapters.dynamodb.documents import DynamoDocuments
from heirloom.adapters.dynamodb.ledger import DynamoLedger
from heirloom.adapters.dynamodb.lineage import DynamoLineage
from heirloom.adapters.memory import MemoryLedger, MemoryLineage
from heirloom.adapters.memory.documents import MemoryDocuments
from heirloom.core.errors import Conflict, NotFound
from heirloom.core.lineage.graph import MAKES, Edge, Event, Lineage, Node
from heirloom.core.run.journal import Ledger
from heirloom.core.tracking.documents import Document, Documents
from local.connection import Connection
from tests.embedded import unique

AT = "2026-11-29T15:10:09.123Z"
RUN = Node("run", "wine-1a2b3c", "wine", AT, {"input": {}}, {"key": "wine/2026.csv"})
BEGUN = Event(AT, "upload", "done", {"size": 3})
DONE = Event("2026-11-29T15:11:00.000Z", "version", "done", {"version": 1})
VERSION = Node("version", "wine/1", "wine", DONE.at, {"score": 0.7}, {"number": 1})
MADE = Edge(RUN.key, MAKES, VERSION.key)
TRACKED = Document("runs#1", "run", {"status": "RUNNING"})
REGISTERED = Document("model-versions", "wine/00000001", {"version": 1})
WRITERS = 6


@dataclass
class Tables:
    """The port under test, and what it writes to."""

    ledger: Ledger
    lineage: Lineage
    documents: Documents

    def begin(self) -> Document:
        """A run; its document as it is stored."""
        assert self.ledger.add(RUN, run=RUN, event=BEGUN, documents=[TRACKED])
        found = self.documents.get(*TRACKED.key)
        assert found is not None
        return found


def on_dynamodb(aws: Connection) -> Tables:
    client, names = aws.client("dynamodb"), (unique("lineage"), unique("tracking"))
    for name, keys in zip(names, (("pk", "sk"), ("partition", "id")), strict=True):
        client.create_table(
            TableName=name,
            KeySchema=[
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=True)
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )
    lineage, tracking = names
    return Tables(
        DynamoLedger(client, lineage, tracking), DynamoLineage(client, lineage), DynamoDocuments(client, tracking)
    )


@pytest.fixture(params=["memory", "aws"])
def tables(request: pytest.FixtureRequest) -> Tables:
    if request.param == "aws":
        return on_dynamodb(request.getfixturevalue("aws"))
    lineage, documents = MemoryLineage(), MemoryDocuments()
    return Tables(MemoryLedger(lineage, documents), lineage, documents)


def test_a_run_begins_in_both(tables: Tables) -> None:
    tables.begin()

    assert tables.lineage.node("run", RUN.id) == RUN
    (entry,) = tables.lineage.runs("wine", 5).entries
    assert (entry.id, entry.last) == (RUN.id, BEGUN)
    assert tables.lineage.history(RUN.id) == (BEGUN,)


def test_a_version_its_run_and_its_entry_come_together(tables: Tables) -> None:
    run = tables.begin()

    added = tables.ledger.add(
        VERSION, MADE, run=RUN, event=DONE, documents=[run.with_data({"status": "FINISHED"}), REGISTERED]
    )

    assert added
    assert tables.lineage.node("version", "wine/1") == VERSION
    assert tables.lineage.targets(RUN.key, MAKES) == (VERSION.key,)
    assert tables.lineage.runs("wine", 5).entries[0].last == DONE
    assert [each.id for each in tables.documents.of("model-versions")] == [REGISTERED.id]
    finished = tables.documents.get(*TRACKED.key)
    assert finished is not None
    assert (finished.data, finished.revision) == ({"status": "FINISHED"}, 2)


def test_a_node_that_is_there_is_not_added_and_nothing_is_written_with_it(tables: Tables) -> None:
    tables.begin()

    assert not tables.ledger.add(RUN, run=RUN, event=DONE, documents=[TRACKED])
    assert not tables.ledger.add(RUN, run=RUN, event=DONE, documents=[REGISTERED])

    assert tables.documents.get(*REGISTERED.key) is None
    assert tables.lineage.history(RUN.id) == (BEGUN,)


def test_where_a_document_was_changed_nothing_is_in_the_lineage(tables: Tables) -> None:
    run = tables.begin()
    tables.documents.write(run.with_data({"status": "RUNNING", "note": "by a person"}))

    with pytest.raises(Conflict):
        tables.ledger.add(VERSION, MADE, run=RUN, event=DONE, documents=[REGISTERED, run])
    with pytest.raises(Conflict):
        tables.ledger.record(RUN, DONE, [run])

    assert tables.lineage.node("version", "wine/1") is None
    assert tables.documents.get(*REGISTERED.key) is None
    assert tables.lineage.history(RUN.id) == (BEGUN,)


def test_what_happens_is_recorded_in_both(tables: Tables) -> None:
    run = tables.begin()

    tables.ledger.record(RUN, DONE, [run.with_data({"status": "FAILED"})])
    tables.ledger.record(RUN, Event(DONE.at, "route", "done"), [])

    assert [event.stage for event in tables.lineage.history(RUN.id)] == ["upload", "route", "version"]
    failed = tables.documents.get(*TRACKED.key)
    assert failed is not None
    assert failed.data == {"status": "FAILED"}


def test_of_those_who_register_at_once_one_does(tables: Tables) -> None:
    run = tables.begin()

    def register(number: int) -> bool | None:
        finished = run.with_data({"status": "FINISHED", "by": number})
        try:
            return tables.ledger.add(VERSION, MADE, run=RUN, event=DONE, documents=[finished, REGISTERED])
        except Conflict:
            return None

    with ThreadPoolExecutor(WRITERS) as pool:
        answers = list(pool.map(register, range(WRITERS)))

    assert answers.count(True) == 1
    assert tables.lineage.history(RUN.id) == (BEGUN, DONE)


def test_a_table_that_is_not_there_is_no_conflict(aws: Connection) -> None:
    client = aws.client("dynamodb")
    ledger = DynamoLedger(client, unique("none"), unique("none"))

    with pytest.raises(NotFound):
        ledger.record(RUN, DONE, [])
