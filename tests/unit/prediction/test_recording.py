"""From batches of log lines to records and to a trial's counts: each once, however often they come."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from heirloom.adapters.memory import (
    MemoryAnswers,
    MemoryEndpoints,
    MemoryLineage,
    MemoryObjects,
    MemoryPredictions,
    MemoryTrials,
)
from heirloom.core.errors import Unavailable
from heirloom.core.prediction.answer import predict
from heirloom.core.prediction.capture import lines
from heirloom.core.prediction.delivery import Line, batch_name, lines_of, report
from heirloom.core.prediction.recording import Recorded, record
from heirloom.core.prediction.records import PREDICTION, REQUESTS, Record
from heirloom.core.prediction.request import Request
from heirloom.core.prediction.warmth import Warmth
from heirloom.core.release.route import Route
from heirloom.core.release.trial import Arm, Rules, Tally, Trial
from heirloom.handlers import record_predictions
from tests.unit.prediction.routes import CHALLENGER, CHAMPION, NOW, ON_TRIAL, ROUTE, canary
from tests.unit.prediction.watched import observer


class Stored:
    """The ports, and a trial that runs."""

    def __init__(self) -> None:
        self.predictions, self.trials, self.answers = MemoryPredictions(), MemoryTrials(), MemoryAnswers()
        self.lineage, self.objects = MemoryLineage(), MemoryObjects()
        self.observer = observer(self.lineage, self.objects)
        self.trials.open(Trial("wine-1", "wine", 3, 4, Rules(), "token", "2026-11-23T15:00:00.000Z"))

    def record(self, *given: Line) -> Recorded:
        return record(given, self.predictions, self.trials, self.answers, self.observer, NOW)

    def of_part(self, part: str) -> list[Record]:
        """The records of this part, in the order in which they came."""
        return [record for record in self.predictions.records.values() if record.part == part]

    @property
    def tally(self) -> Tally:
        trial = self.trials.get("wine-1")
        assert trial is not None
        return trial.tally


@pytest.fixture
def stored() -> Stored:
    return Stored()


def logged(route: Route, rows: int = 1, *, large: bool = False, **answers: Any) -> list[Line]:
    """The lines of one request."""
    told = {name: {"predictions": [{"label": "red"}] * rows} for name in (CHAMPION, CHALLENGER)} | answers
    inputs = [{"n": n, "text": "x" * (40_000 if large else 1)} for n in range(rows)]
    served = predict(route, Request(inputs, "caller"), MemoryEndpoints(told), Warmth(), NOW)
    return [
        Line(f"{served.turns[0].version}-{number}-{served.at}-{id(served)}", line)
        for number, line in enumerate(lines(served))
        if "capture" in line
    ]


CHAMPIONS = replace(ON_TRIAL, canary=canary(share=1e-9))


def test_keeps_a_record_a_row(stored: Stored) -> None:
    (line,) = logged(ROUTE, 2)

    assert stored.record(line) == Recorded(2, {})

    first, _ = stored.of_part(PREDICTION)
    assert (first.part, first.model, first.version, first.at) == ("prediction", "wine", 3, "2026-11-23T15:10:09.123Z")
    assert first.data["input"] == {"n": 0, "text": "x"}
    assert (first.data["answer"], first.data["release"], first.data["arm"]) == ({"label": "red"}, None, None)


def test_counts_each_request_in_its_arm(stored: Stored) -> None:
    failing = {CHALLENGER: Unavailable("crashed")}

    stored.record(
        *logged(ON_TRIAL), *logged(ON_TRIAL, **failing), *logged(CHAMPIONS), *logged(CHAMPIONS), *logged(ROUTE)
    )

    assert stored.tally == Tally(champion=Arm(requests=2), canary=Arm(requests=2, errors=1))


def test_a_request_of_many_rows_and_parts_counts_once(stored: Stored) -> None:
    given = logged(ON_TRIAL, 7, large=True)

    stored.record(*given)

    assert len(given) > 1
    assert len(stored.of_part(PREDICTION)) == 7
    assert stored.tally == Tally(canary=Arm(requests=1))


def test_a_batch_that_comes_again_changes_nothing(stored: Stored) -> None:
    given = [*logged(ON_TRIAL, 2), *logged(CHAMPIONS)]
    stored.record(*given)
    before = dict(stored.predictions.records)

    stored.record(*reversed(given))

    assert stored.predictions.records == before
    assert stored.tally == Tally(champion=Arm(requests=1), canary=Arm(requests=1))


def test_tells_the_monitor_of_each_version_what_it_answered(stored: Stored) -> None:
    stored.record(*logged(ON_TRIAL, 2), *logged(CHAMPIONS), *logged(CHAMPIONS, 3))

    told = sorted((each.version, each.data["rows"], each.data["slow"]) for each in stored.of_part(REQUESTS))
    assert told == [(3, 4, "00"), (4, 2, "0")]


def test_a_batch_that_breaks_off_before_the_monitor_was_told_tells_it_when_it_comes_again(stored: Stored) -> None:
    given, add = logged(ROUTE), stored.predictions.add
    stored.predictions.add = _raise  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        stored.record(*given)

    stored.predictions.add = add  # type: ignore[method-assign]
    stored.record(*given)
    stored.record(*given)

    assert [each.data["rows"] for each in stored.of_part(REQUESTS)] == [1]


def _raise(_: Record) -> bool:
    raise Unavailable("throttled")


def test_a_batch_that_comes_again_later_counts_nothing(stored: Stored) -> None:
    """As Lambda does: the same lines, a minute later. Their ids are the batch's name, the time is not in it."""
    given = logged(ON_TRIAL)
    stored.record(*given)

    record(given, stored.predictions, stored.trials, stored.answers, stored.observer, NOW + timedelta(minutes=1))

    assert stored.tally == Tally(canary=Arm(requests=1))


def test_a_line_too_deep_to_be_read_keeps_no_other_from_being_stored(stored: Stored) -> None:
    recorded = stored.record(Line("a", f'{{"capture": {"[" * 100_000}'), *logged(ROUTE))

    assert (recorded.records, list(recorded.unreadable)) == (1, ["a"])


def test_a_line_that_is_not_understood_keeps_no_other_from_being_stored(stored: Stored) -> None:
    recorded = stored.record(Line("a", "{"), *logged(ROUTE), Line("b", "{}"))

    assert recorded.records == 1
    assert sorted(recorded.unreadable) == ["a", "b"]


def test_a_release_without_a_trial_counts_nowhere(stored: Stored) -> None:
    stored.record(*logged(replace(ON_TRIAL, canary=canary(release="another"))))

    assert len(stored.of_part(PREDICTION)) == 1
    assert stored.tally == Tally()


def test_the_name_of_a_batch_is_that_of_its_ids_in_any_order() -> None:
    assert batch_name(["a", "b"]) == batch_name(["b", "a"])
    assert batch_name(["a", "b"]) != batch_name(["ab"])


def event(*given: Line, kind: str = "DATA_MESSAGE") -> dict[str, Any]:
    document = {"messageType": kind, "logEvents": [vars(line) | {"timestamp": 1} for line in given]}
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(document).encode())).decode()}}


def test_reads_what_a_subscription_filter_delivers() -> None:
    assert lines_of(event(Line("a", "x"), Line("b", "é"))) == [Line("a", "x"), Line("b", "é")]


def test_a_message_that_only_checks_the_connection_has_no_lines() -> None:
    told = Line("", "CWL CONTROL MESSAGE: Checking health of destination")

    assert lines_of(event(told, kind="CONTROL_MESSAGE")) == []


def test_the_function_says_how_much_it_stored_and_counts_what_it_did_not_understand(stored: Stored) -> None:
    log: list[str] = []
    given = event(Line("a", "{"), *logged(ROUTE))

    ports = (stored.predictions, stored.trials, stored.answers, stored.observer)
    answer = record_predictions.handle(given, *ports, log.append, lambda: NOW)

    assert answer == {"records": 1, "unreadable": 1}
    (line,) = map(json.loads, log)
    assert (line["reader"], line["Unreadable"], list(line["lines"])) == ("record_predictions", 1, ["a"])
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["reader"]]


def test_names_no_more_than_twenty_lines_that_were_not_understood() -> None:
    log: list[str] = []

    report({f"line-{n}": "no JSON" for n in range(1000)}, "record_predictions", log.append, NOW)
    report({}, "record_predictions", log.append, NOW)

    (line,) = map(json.loads, log)
    assert (line["Unreadable"], len(line["lines"])) == (1000, 20)
