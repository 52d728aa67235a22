"""The port Probe, and the port Recent, which reads what predict has logged."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from heirloom.adapters.logs import CloudWatchRecent
from heirloom.adapters.memory import MemoryProbe, MemoryRecent
from heirloom.adapters.predict_function import LambdaProbe
from heirloom.core.clock import stamp
from heirloom.core.errors import Invalid, NotFound, Unavailable
from heirloom.core.prediction.capture import Captured
from heirloom.core.rollback.answering import ENTITY, Probe, Reply
from heirloom.core.rollback.replay import Recent
from local.connection import Connection
from tests.embedded import unique
from tests.local.functions import Functions

ROWS = [{"grape": "größer", "alcohol": 13.2}, {"grape": None, "alcohol": 12}]
PREDICTIONS = [{"id": "a", "label": "red", "probability": 0.75}, {"id": "b", "label": "white", "probability": 0.5}]
# As the predict function takes and gives it: handlers/predict.py.
PREDICT = f"""
import json

def handler(event, context):
    model, asked = event["pathParameters"]["model"], json.loads(event["body"])
    if model == "broken":
        raise RuntimeError("out of memory")
    if model == "mute":
        return None
    status, body = {{
        "wine": (200, {{"model": "wine", "version": 3, "predictions": {PREDICTIONS!r}}}),
        "picky": (422, {{"detail": "inputs[0].x: expected a number"}}),
        "asleep": (503, {{"detail": "it is starting"}}),
        "echo": (200, {{"version": 0, "predictions": [asked, event["requestContext"]["requestId"] != ""]}}),
    }}.get(model, (404, {{"detail": "there is no model"}}))
    return {{"statusCode": status, "body": json.dumps(body)}}
"""


def in_memory(model: str, rows: Sequence[Any]) -> Reply:
    if model == "wine":
        return Reply(3, PREDICTIONS)
    if model == "echo":
        return Reply(0, [{"inputs": rows, "entity": ENTITY}, True])  # type: ignore[list-item]
    raise {"picky": Invalid, "asleep": Unavailable, "broken": Unavailable, "mute": Unavailable}.get(model, NotFound)(
        f"predict does not answer for {model}"
    )


@pytest.fixture(scope="module")
def function(aws: Connection) -> str:
    return Functions.on(aws).make(PREDICT)


@pytest.fixture(params=["memory", "aws"])
def probe(request: pytest.FixtureRequest) -> Probe:
    if request.param == "memory":
        return MemoryProbe(in_memory)
    aws: Connection = request.getfixturevalue("aws")
    return LambdaProbe(aws.client("lambda"), request.getfixturevalue("function"))


def test_gives_the_function_s_own_answer(probe: Probe) -> None:
    assert probe.ask("wine", ROWS) == Reply(3, PREDICTIONS)


def test_asks_for_the_entity_of_the_probes(probe: Probe) -> None:
    assert probe.ask("echo", ROWS).predictions == [{"inputs": ROWS, "entity": "heirloom-probe"}, True]


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("picky", Invalid),
        ("nowhere", NotFound),
        ("asleep", Unavailable),
        ("broken", Unavailable),
        ("mute", Unavailable),
    ],
)
def test_says_why_there_is_no_answer(probe: Probe, model: str, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=r"predict|failed"):
        probe.ask(model, ROWS)


def test_says_so_when_there_is_no_function(aws: Connection) -> None:
    with pytest.raises(NotFound, match="asking nowhere"):
        LambdaProbe(aws.client("lambda"), "nowhere").ask("wine", ROWS)


NOW = datetime.now(UTC).replace(microsecond=0)
SINCE = NOW - timedelta(minutes=10)
Log = Callable[..., None]


def captured(seconds: float, **changes: Any) -> Captured:
    """A line of a request so many seconds ago."""
    line = Captured(
        part=0,
        model="wine",
        version=3,
        at=stamp(NOW - timedelta(seconds=seconds)),
        ms=12.5 + seconds,
        entity=None,
        release=None,
        arm=None,
        failed=False,
        timed=True,
        slow=False,
        fallback=False,
        shadow=None,
        rows=({"id": "r", "input": {"grape": "größer"}, "answer": {"label": "red"}},),
    )
    return replace(line, **changes)


def on_logs(aws: Connection) -> tuple[Recent, Log]:
    client, group = aws.client("logs"), unique("/aws/lambda/predict")
    client.create_log_group(logGroupName=group)
    client.create_log_stream(logGroupName=group, logStreamName="one")

    def log(*lines: Captured) -> None:
        written = [
            (line, json.dumps({"_aws": {}, "capture": {**vars(line), "rows": list(line.rows)}})) for line in lines
        ]
        events = [
            {"timestamp": int(datetime.fromisoformat(line.at).timestamp() * 1000), "message": text}
            for line, text in written
        ]
        noise = {"timestamp": events[-1]["timestamp"], "message": "START RequestId: 1"}
        odd = {"timestamp": events[-1]["timestamp"], "message": '{"capture": {"model": "wine", "version": 3}}'}
        client.put_log_events(logGroupName=group, logStreamName="one", logEvents=[*events, noise, odd])

    return CloudWatchRecent(client, group, lambda: NOW), log


def in_a_list() -> tuple[Recent, Log]:
    recent = MemoryRecent()
    return recent, lambda *lines: recent.log.extend(lines)


@pytest.fixture(params=["memory", "aws"])
def logged(request: pytest.FixtureRequest) -> tuple[Recent, Log]:
    return in_a_list() if request.param == "memory" else on_logs(request.getfixturevalue("aws"))


def test_the_newest_lines_of_a_version_are_there_oldest_first(logged: tuple[Recent, Log]) -> None:
    recent, log = logged
    lines = [captured(500 - 5 * place) for place in range(100)]
    others = [captured(3, model="wines"), captured(2, version=30), captured(1, version=2)]
    log(*lines, *others)

    assert list(recent.lines("wine", 3, SINCE, 1000)) == lines
    newest = list(recent.lines("wine", 3, SINCE, 10))
    assert newest == lines[-len(newest) :]
    assert len(newest) >= 10


def test_what_is_older_is_left_out(logged: tuple[Recent, Log]) -> None:
    recent, log = logged
    log(captured(601), captured(599))

    assert [line.at for line in recent.lines("wine", 3, SINCE, 10)] == [captured(599).at]


def test_the_lines_of_a_request_are_together(logged: tuple[Recent, Log]) -> None:
    recent, log = logged
    log(captured(9), captured(8), captured(8, part=1), captured(7))

    assert [(line.at, line.part) for line in recent.lines("wine", 3, SINCE, 10)] == [
        *((captured(9).at, 0), (captured(8).at, 0), (captured(8).at, 1), (captured(7).at, 0))
    ]


def test_a_version_that_nobody_asked_has_none(logged: tuple[Recent, Log]) -> None:
    recent, log = logged
    log(captured(9))

    assert list(recent.lines("wine", 4, SINCE, 10)) == []


def test_says_so_when_there_is_no_log(aws: Connection) -> None:
    with pytest.raises(NotFound, match="reading the log nowhere"):
        CloudWatchRecent(aws.client("logs"), "nowhere", lambda: NOW).lines("wine", 3, SINCE, 10)
