"""What is written to the log of a request, and read of it again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from heirloom.adapters.memory import MemoryEndpoints
from heirloom.core.embedded_metrics import version_line
from heirloom.core.errors import Invalid, Unavailable
from heirloom.core.prediction.answer import Served, predict
from heirloom.core.prediction.capture import LARGEST_LINE, Captured, Shadow, lines, read, write
from heirloom.core.prediction.records import records_of
from heirloom.core.prediction.request import LONGEST_ENTITY, Request
from heirloom.core.prediction.warmth import Warmth
from heirloom.core.release.route import Route
from tests.unit.prediction.routes import CHALLENGER, CHAMPION, NOW, ON_TRIAL, ROUTE, SHADOWED, canary, shadow

LABEL = {"label": "red", "probability": 0.9}


def served(
    route: Route = ROUTE, inputs: list[dict[str, Any]] | None = None, entity: str | None = None, **answers: Any
) -> Served:
    rows = inputs or [{"alcohol": 12}]
    told = {name: {"predictions": [LABEL] * len(rows)} for name in (CHAMPION, CHALLENGER)} | answers
    times = iter(n * 0.0125 for n in range(9))
    return predict(route, Request(rows, entity or "r", entity), MemoryEndpoints(told), Warmth(), NOW, times.__next__)


def documents(done: Served) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines(done)]


def captured(done: Served) -> list[Captured]:
    return [read(line) for line in lines(done) if "capture" in line]


def test_a_request_is_one_line_with_metrics_and_capture() -> None:
    done = served(entity="passenger-1")

    (document,) = documents(done)

    assert document["_aws"] == {
        "Timestamp": int(NOW.timestamp() * 1000),
        "CloudWatchMetrics": [
            {
                "Namespace": "Heirloom",
                "Dimensions": [["model", "version"]],
                "Metrics": [
                    {"Name": "Latency", "Unit": "Milliseconds"},
                    {"Name": "Errors", "Unit": "Count"},
                    {"Name": "Fallbacks", "Unit": "Count"},
                ],
            },
            {
                "Namespace": "Heirloom",
                "Dimensions": [["model"]],
                "Metrics": [{"Name": "Latency", "Unit": "Milliseconds"}],
            },
        ],
    }
    assert (document["model"], document["version"], document["Errors"], document["Fallbacks"]) == ("wine", "3", 0, 0)
    assert document["Latency"] == pytest.approx(12.5)
    assert document["capture"] == {
        "part": 0,
        "model": "wine",
        "version": 3,
        "at": "2026-11-23T15:10:09.123Z",
        "ms": 12.5,
        "entity": "passenger-1",
        "release": None,
        "arm": None,
        "failed": False,
        "timed": False,
        "slow": False,
        "fallback": False,
        "shadow": None,
        "rows": [{"id": done.ids[0], "input": {"alcohol": 12}, "answer": LABEL}],
    }


def test_what_is_read_is_what_was_written() -> None:
    done = served(
        replace(SHADOWED, canary=replace(canary(), version=0)),
        entity="p",
        **{"heirloom-wine-v0": {"predictions": [LABEL]}},
    )

    (read_again,) = captured(done)

    assert (read_again.model, read_again.version, read_again.arm, read_again.release) == ("wine", 0, "canary", "wine-1")
    assert read_again.shadow == Shadow(4, CHALLENGER)
    assert read_again.rows == ({"id": done.ids[0], "input": {"alcohol": 12}, "answer": LABEL},)


def test_after_a_fallback_each_version_has_its_metrics_and_the_request_counts_once() -> None:
    first, second = documents(served(ON_TRIAL, **{CHALLENGER: Unavailable("crashed")}))

    assert (first["version"], first["Errors"], first["Fallbacks"]) == ("4", 1, 1)
    assert (second["version"], second["Errors"], second["Fallbacks"]) == ("3", 0, 0)
    assert "capture" not in second
    told = first["capture"]
    assert (told["version"], told["arm"], told["failed"], told["slow"], told["fallback"]) == (
        3,
        "canary",
        True,
        False,
        True,
    )


def test_a_refused_request_counts_for_nobody() -> None:
    wrong = {CHAMPION: Invalid("no"), CHALLENGER: Invalid("no")}

    told = documents(served(ON_TRIAL, **wrong))

    assert [(each["version"], each["Errors"], each["Fallbacks"], "capture" in each) for each in told] == [
        ("4", 0, 0, False),
        ("3", 0, 0, False),
    ]


def test_a_request_without_an_answer_counts_in_a_trial() -> None:
    down = {CHAMPION: Unavailable("down"), CHALLENGER: Unavailable("down")}

    first, second = documents(served(ON_TRIAL, **down))

    assert (first["capture"]["failed"], first["capture"]["rows"]) == (True, [])
    assert (first["Errors"], second["Errors"]) == (1, 1)


def test_without_a_trial_a_request_without_an_answer_is_a_metric_only() -> None:
    (told,) = documents(served(ROUTE, **{CHAMPION: Unavailable("down")}))

    assert (told["Errors"], "capture" in told) == (1, False)


@pytest.mark.parametrize(
    ("route", "asked"),
    [
        (ROUTE, None),
        (SHADOWED, Shadow(4, CHALLENGER)),
        (replace(SHADOWED, shadow=shadow(share=1e-9)), None),
        (replace(SHADOWED, canary=canary()), None),
    ],
    ids=["no shadow", "in its share", "not in its share", "it has answered itself"],
)
def test_names_the_shadow_that_is_to_be_asked(route: Route, asked: Shadow | None) -> None:
    (told,) = captured(served(route))

    assert told.shadow == asked


def test_a_large_request_comes_in_parts_that_fit() -> None:
    done = served(SHADOWED, [{"text": str(n) * 700} for n in range(1000)], "\U0001f377" * LONGEST_ENTITY)

    written = list(lines(done))

    assert 20 < len(written) < 50
    assert max(len(line.encode()) for line in written) <= LARGEST_LINE
    assert [read(line).part for line in written] == list(range(len(written)))
    assert [row["id"] for line in written for row in read(line).rows] == list(done.ids)
    assert all(read(line).shadow for line in written)
    assert ["_aws" in json.loads(line) for line in written] == [True] + [False] * (len(written) - 1)


def test_a_row_that_is_larger_than_a_line_comes_in_pieces() -> None:
    huge = {"text": '"\\é\n' * 60_000}
    done = served(SHADOWED, [{"n": 1}, huge, {"n": 2}])

    written = list(lines(done))

    assert max(len(line.encode()) for line in written) <= LARGEST_LINE
    records = [record for line in written for record in records_of(read(line))]
    whole = {record.id: record for record in records if "answer" in record.data}
    assert set(whole) == {done.ids[0], done.ids[2]}
    pieces = [record for record in records if record.id == done.ids[1]]
    assert [record.part for record in pieces] == ["prediction", *(f"prediction#{n}" for n in range(1, len(pieces)))]
    joined = json.loads("".join(record.data["text"] for record in pieces))
    assert joined == {"id": done.ids[1], "input": huge, "answer": LABEL}
    assert [bool(read(line).shadow) for line in written] == [True] + [False] * len(pieces) + [True]


def test_a_request_may_be_one_row_that_is_larger_than_a_line() -> None:
    written = list(lines(served(inputs=[{"text": "x" * 300_000}])))

    assert [read(line).rows[0]["piece"] for line in written] == list(range(13))


def test_no_line_is_cut_on_its_way_to_the_log() -> None:
    """64 KB is where one may be."""
    rows: list[dict[str, Any]] = [{"text": "\\" * size} for size in (10_000, 20_000, 30_000, 60_000, 500_000)]

    written = list(lines(served(SHADOWED, rows, "\U0001f377" * LONGEST_ENTITY)))

    assert max(map(len, written)) < 64_000


def test_half_of_a_surrogate_pair_can_be_written() -> None:
    (line,) = lines(served(entity="\udfff", **{CHAMPION: {"predictions": [{"label": "\ud800"}]}}))

    assert line.isascii()
    assert (read(line).entity, read(line).rows[0]["answer"]) == ("\udfff", {"label": "\ud800"})


def test_writes_each_line_at_once() -> None:
    log: list[str] = []

    write(served(ON_TRIAL, **{CHALLENGER: Unavailable("crashed")}), log.append)

    assert len(log) == 2
    assert not any("\n" in line for line in log)


def test_a_line_may_publish_metrics_only() -> None:
    document = json.loads(version_line("wine", 4, NOW, {"Agreement": 0.5}))

    assert (document["version"], document["Agreement"]) == ("4", 0.5)
    assert document["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [{"Name": "Agreement", "Unit": "None"}]


MALFORMED: dict[str, Any] = {
    "more than is known": {"more": 1},
    "no moment": {"at": "yesterday"},
    "a moment that is null": {"at": None},
    "a part that is a text": {"part": "0"},
    "no version": {"version": None},
    "an empty model": {"model": ""},
    "a model that is a number": {"model": 3},
    "half a shadow": {"shadow": {"version": 4}},
    "no rows": {"rows": None},
    "an empty id": {"rows": [{"id": "", "answer": {}}]},
    "an id that is a number": {"rows": [{"id": 3, "answer": {}}]},
    "no id": {"rows": [{"answer": {}}]},
    "no answer": {"rows": [{"id": "a"}]},
    "a row that is a text": {"rows": ["a"]},
}


@pytest.mark.parametrize("changes", MALFORMED.values(), ids=MALFORMED)
def test_a_capture_that_no_table_would_take_is_invalid(changes: dict[str, Any]) -> None:
    (document,) = documents(served())
    message = json.dumps({"capture": {**document["capture"], **changes}})

    with pytest.raises(Invalid, match="expected a line that predict wrote"):
        read(message)


@pytest.mark.parametrize("message", ["START RequestId: 1", "[]", "{}", '{"capture": null}', '{"capture": {"part": 0}}'])
def test_a_line_of_another_kind_is_invalid(message: str) -> None:
    with pytest.raises(Invalid, match="expected a line that predict wrote"):
        read(message)
