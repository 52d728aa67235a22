"""`heirloom incidents`, over every port in memory."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from heirloom.adapters.pagerduty import NoPager
from heirloom.core.errors import Unavailable
from tests.cli.conftest import Run
from tests.unit.incident.world import BEGAN, MODEL, World, alarm_text
from tests.unit.world import World as Deployed

ID = f"{MODEL}/accuracy/v3/{BEGAN}"
ANA = "arn:aws:iam::111122223333:user/ana"


@dataclass
class Queue:
    """The calls of SQS that are made, and what is in the queue."""

    bodies: dict[str, Any] = field(default_factory=dict)

    def receive_message(self, **asked: Any) -> dict[str, Any]:
        found = list(self.bodies.items())[: asked["MaxNumberOfMessages"]]
        return {"Messages": [{"MessageId": key, "ReceiptHandle": key, "Body": json.dumps(body)} for key, body in found]}

    def delete_message(self, **asked: str) -> None:
        del self.bodies[asked["ReceiptHandle"]]


@dataclass
class Caller:
    """A session of somebody, without an AWS."""

    outputs: dict[str, str]
    queue: Queue = field(default_factory=Queue)
    caller: str = ANA
    api_url: str = "http://127.0.0.1:4566/_aws/execute-api/a1b2c3/$default"

    def output(self, name: str) -> str:
        return self.outputs[name]

    def client(self, service: str) -> Any:
        assert service == "sqs"
        return self.queue


class Ports(World):
    """What the commands look for."""

    @property
    def watches(self) -> Any:
        return self.book

    @property
    def lineage(self) -> Any:
        deployed = Deployed()
        deployed.deploy()
        return deployed.lineage


@pytest.fixture
def session() -> Caller:
    return Caller({"Prefix": "heirloom", "DeadPages": "http://127.0.0.1:4566/queue"})


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch, session: Caller) -> Ports:
    scene = Ports()
    monkeypatch.setattr("cli.options.open_session", lambda out, *, local: session)
    monkeypatch.setattr("cli.incidents.Ports", lambda session: scene)
    monkeypatch.setattr("cli.incidents.pager", lambda session: scene.pager)
    return scene


def test_lists_incidents_newest_first(cli: Run, scene: Ports) -> None:
    scene.breach()
    scene.alarm("accuracy-page")
    scene.alarm("drift", at="2026-11-23T15:12:00.000Z")

    ran = cli("incidents", "list", MODEL)
    heading, newest, oldest = (line.split() for line in ran.out.splitlines())

    assert ran.code == 0
    assert heading == ["opened", "model", "of", "version", "severity", "status", "paged", "incident"]
    assert newest[2:7] == [MODEL, "drift", "-", "warning", "open"]
    assert oldest[2:7] == [MODEL, "accuracy", "3", "error", "open"]
    assert oldest[-1] == ID
    assert [each["id"] for each in cli("incidents", "list", "--json").document["incidents"]][1] == ID


def test_says_that_there_are_none(cli: Run, scene: Ports) -> None:
    assert cli("incidents", "list").out == "no incidents\n"
    assert cli("incidents", "list", "wine").code == 2


def test_a_page_ends_with_where_the_next_begins(cli: Run, scene: Ports) -> None:
    for minute in range(3):
        scene.alarm("drift", at=f"2026-11-23T15:1{minute}:00.000Z")

    ran = cli("incidents", "list", MODEL, "--limit", "2")
    rest = cli("incidents", "list", MODEL, "--limit", "2", "--cursor", ran.err.split()[-1])

    assert len(ran.out.splitlines()) == 3
    assert "drift/2026-11-23T15:10:00.000Z" in rest.out


def test_shows_what_was_said_of_one(cli: Run, scene: Ports) -> None:
    breach = scene.breach()
    scene.alarm("accuracy-page")
    scene.end(breach)
    scene.alarm("accuracy-page", "OK", "2026-11-23T15:21:00.000Z")

    out = cli("incidents", "show", ID).out

    assert "status:     resolved, error" in out
    assert "threshold:  0.873" in out
    assert [line.split()[2] for line in out.splitlines() if line.startswith("2026-11-23 1")] == ["trigger", "resolve"]
    assert cli("incidents", "show", ID, "--json").document["evidence"]["samples"] == 1000


def test_where_there_is_no_pager_that_is_said(cli: Run, scene: Ports) -> None:
    scene.pager = NoPager(lambda _: None)
    scene.breach()
    scene.alarm("accuracy-page")

    assert "no pager is set up" in cli("incidents", "list").out
    assert "no pager is set up" in cli("incidents", "show", ID).out


def test_a_person_acknowledges_and_resolves_in_their_own_name(cli: Run, scene: Ports) -> None:
    scene.breach()
    scene.alarm("accuracy-page")

    taken = cli("incidents", "ack", ID)
    closed = cli("incidents", "resolve", ID, "--reason", "the feed is mended")

    assert "acknowledge  error" in taken.out
    assert "ana" in taken.out
    assert "the feed is mended" in closed.out
    assert scene.told(ID) == [[("trigger", "error"), ("acknowledge", None), ("resolve", None)]]
    assert scene.one().history[-1].by == ANA
    again = cli("incidents", "ack", ID)
    assert (again.code, again.err.count("resolved already")) == (1, 1)
    assert cli("incidents", "resolve", ID).code == 2
    assert cli("incidents", "ack", "nothing").code == 2


def test_what_could_not_be_told_is_told_once(cli: Run, scene: Ports, session: Caller) -> None:
    """Of two dead letters of one breach, one as the function got it and one as the topic had it."""
    scene.breach()
    message = {"Message": alarm_text("accuracy-page"), "Timestamp": "2026-11-23T15:11:00.100Z"}
    session.queue.bodies = {"one": {"Records": [{"Sns": message}]}, "two": {"Type": "Notification", **message}}

    ran = cli("incidents", "resend")

    assert ran.out.startswith("2 dead letters were handled\n")
    assert scene.told(ID) == [[("trigger", "error")]]
    assert session.queue.bodies == {}
    assert cli("incidents", "resend").out == "there are no dead letters\n"


def test_a_letter_stays_where_nobody_could_be_told(
    cli: Run, scene: Ports, session: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Deaf:
        def send(self, event: Any) -> bool:
            raise Unavailable("PagerDuty answered 500")

    scene.pager = Deaf()
    monkeypatch.setattr("cli.incidents.PATIENCE", 0)
    scene.breach()
    message = {"Message": alarm_text("accuracy-page"), "Timestamp": "2026-11-23T15:11:00.100Z"}
    session.queue.bodies = {"one": {"Records": [{"Sns": message}]}}

    ran = cli("incidents", "resend")

    assert (ran.code, ran.err) == (1, "error: PagerDuty answered 500\n")
    assert list(session.queue.bodies) == ["one"]
