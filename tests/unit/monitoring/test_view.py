"""How a version stands to its promises: core/monitoring/view.py."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heirloom.adapters.memory import MemoryLineage, MemoryRoutes, MemoryWatches
from heirloom.core.errors import NotFound
from heirloom.core.monitoring.accuracy import Accuracy, Reference
from heirloom.core.monitoring.breach import ACCURACY, LATENCY, Breach, Severity
from heirloom.core.monitoring.latency import Latency
from heirloom.core.monitoring.observation import Outcome, Outcomes, Requests
from heirloom.core.monitoring.standard import Standard
from heirloom.core.monitoring.view import show_slo, slo_view
from heirloom.core.monitoring.watch import LABELS, REQUESTS, LabelWatch, RequestWatch, Subject, Watch, Writing
from heirloom.core.prediction.answer import new_ids
from heirloom.core.project.definition import Data, Objective, Project, RollingAccuracy, Slo
from heirloom.core.release.change import open_route
from heirloom.core.release.route import Mark

AT = "2026-11-28T15:00:00.000Z"
NOW = datetime(2026, 11, 28, 15, tzinfo=UTC)
RULE = RollingAccuracy(window=100, rule="naive")
PROJECT = Project(
    "wine",
    "Made for tests.",
    "tests",
    Data("colour", "classification"),
    Objective("Better than a coin.", "accuracy", 0.5),
    slo=Slo(rolling_accuracy=RULE),
    slices=("grape", "year"),
)
REFERENCE = Reference(0.9, 2000)


def watched(answers: list[tuple[bool, dict[str, str]]], slow: str = "", rows: int = 0) -> Watch:
    """A watch that has seen these answers, right or wrong, and requests."""
    labels = LabelWatch(Accuracy(REFERENCE, RULE))
    ids = new_ids(len(answers), NOW)
    found = [
        Outcome(identity, right, seconds=30.0, slices=slices)
        for identity, (right, slices) in zip(ids, answers, strict=True)
    ]
    labels.take(Outcomes("a", "wine", 1, AT, tuple(found)))
    requests = RequestWatch(Latency("naive"))
    requests.take(Requests("r", "wine", 1, AT, rows, slow))
    return Watch(labels, requests)


def right_and_wrong(right: int, wrong: int) -> list[tuple[bool, dict[str, str]]]:
    return [(place < right, {}) for place in range(right + wrong)]


def promise(document: dict[str, Any], alarm: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in document["promises"] if each["alarm"] == alarm)
    return found


def test_tells_target_value_interval_and_what_is_left_of_the_budget() -> None:
    document = slo_view(watched(right_and_wrong(90, 10)), PROJECT, REFERENCE)

    page, rollback = promise(document, "accuracy-page"), promise(document, "accuracy-rollback")
    assert (page["target"], page["value"], page["samples"], page["window"]) == (pytest.approx(0.873), 0.9, 100, 100)
    assert page["low"] == pytest.approx(0.8256, abs=1e-4)
    assert page["high"] == pytest.approx(0.9448, abs=1e-4)
    assert (page["allowed"], page["bad"], page["left"]) == (12, 10, 2)
    assert (rollback["target"], rollback["allowed"], rollback["left"]) == (pytest.approx(0.855), 14, 4)
    assert document["reference"] == {"accuracy": 0.9, "rows": 2000}


@given(st.integers(0, 100), st.sampled_from([0.6, 0.75, 0.9, 1.0]), st.sampled_from([0.5, 0.95, 0.97, 1.0]))
def test_the_naive_rule_breaks_a_promise_when_its_budget_is_overdrawn(wrong: int, test: float, share: float) -> None:
    rule = replace(RULE, alert_below=share, rollback_below=0.01)
    labels = LabelWatch(Accuracy(Reference(test, 1000), rule))
    for place, identity in enumerate(new_ids(100, NOW)):
        labels.accuracy.take(Outcome(identity, place >= wrong))

    project = replace(PROJECT, slo=Slo(rolling_accuracy=rule))
    document = slo_view(Watch(labels, RequestWatch(Latency("naive"))), project, Reference(test, 1000))

    found = promise(document, "accuracy-page")
    assert (found["left"] < 0) == (found["severity"] >= Severity.PAGE)


def test_a_budget_is_of_the_whole_window_while_that_fills() -> None:
    found = promise(slo_view(watched(right_and_wrong(3, 2)), PROJECT, REFERENCE), "accuracy-page")

    assert (found["samples"], found["bad"], found["left"]) == (5, 2, 10)


def test_the_budget_of_the_latency_is_a_twentieth_of_the_newest_requests() -> None:
    document = slo_view(watched([], "1" * 51 + "0" * 949, 3000), PROJECT, REFERENCE)

    found = promise(document, "latency-rollback")
    assert (found["target"], found["limit_ms"], found["value"]) == (0.95, 2000, pytest.approx(0.949))
    assert found["low"] < 0.949 < found["high"]
    assert (found["samples"], found["allowed"], found["bad"], found["left"]) == (1000, 50, 51, -1)
    assert found["severity"] == Severity.ROLLBACK


def test_nothing_is_known_of_a_version_that_has_seen_nothing() -> None:
    document = slo_view(watched([]), PROJECT, REFERENCE)

    for each in document["promises"]:
        assert (each["value"], each["samples"], each["bad"], each["severity"]) == (None, 0, 0, Severity.HEALTHY)
        assert (each["low"], each["high"]) == (0.0, 1.0)
        assert each["left"] == each["allowed"]
    assert document["labels"]["coverage"] is None
    assert (document["slices"], document["breaches"], document["rmse"]) == ([], [], None)


def test_a_version_without_a_test_accuracy_has_no_target() -> None:
    document = slo_view(watched(right_and_wrong(3, 2)), PROJECT, None)

    found = promise(document, "accuracy-page")
    assert (found["target"], found["allowed"], found["left"], found["value"]) == (None, None, None, 0.6)
    assert document["reference"] is None


def test_a_regression_without_a_tolerance_promises_no_accuracy() -> None:
    project = replace(PROJECT, data=Data("year", "regression"))

    assert [each["alarm"] for each in slo_view(watched([]), project, None)["promises"]] == ["latency-rollback"]


def test_labels_are_told_with_their_coverage_and_delay() -> None:
    document = slo_view(watched(right_and_wrong(10, 0), "000", 40), PROJECT, REFERENCE)

    assert document["labels"] == {
        "predicted": 40,
        "labelled": 10,
        "coverage": 0.25,
        "delay_seconds": 30.0,
        "last_at": AT,
        "last_request_at": AT,
    }


def test_labels_that_come_before_their_requests_cover_no_more_than_all() -> None:
    assert slo_view(watched(right_and_wrong(10, 0), "000", 3), PROJECT, REFERENCE)["labels"]["coverage"] == 1.0


def test_the_worst_slice_is_first_and_one_wrong_answer_makes_none_the_worst() -> None:
    bad = [(place < 30, {"grape": "nero", "year": "2020"}) for place in range(80)]
    good = [(place < 78, {"grape": "gamay", "year": "2020"}) for place in range(80)]
    rare = [(False, {"grape": "furmint", "year": "2021"})]

    slices = slo_view(watched([*bad, *good, *rare]), PROJECT, REFERENCE)["slices"]

    assert [(each["column"], each["value"], each["wrong"], each["labelled"]) for each in slices] == [
        ("grape", "nero", 50, 80),
        ("year", "2020", 52, 160),
        ("grape", "furmint", 1, 1),
        ("year", "2021", 1, 1),
        ("grape", "gamay", 2, 80),
    ]
    assert (slices[0]["error_rate"], slices[2]["error_rate"]) == (0.625, 1.0)


def test_only_breaches_that_last_are_told() -> None:
    over = Breach("wine", 1, ACCURACY, Severity.PAGE, AT, {}, ended_at=AT)
    lasting = Breach("wine", 1, LATENCY, Severity.ROLLBACK, AT, {"samples": 7})

    document = slo_view(replace(watched([]), breaches=(over, lasting)), PROJECT, REFERENCE)

    (told,) = document["breaches"]
    assert (told["id"], told["severity"], told["evidence"]) == (lasting.id, 2, {"samples": 7})


@dataclass
class Deployed:
    """What versions are held to; None for those of which nothing is promised any more."""

    standard: Standard | None = None

    def of(self, model: str, version: int) -> Standard | None:
        return self.standard


class TestShowing:
    """Of what is kept."""

    @pytest.fixture
    def routes(self) -> MemoryRoutes:
        lineage = MemoryLineage()
        routes = MemoryRoutes(lineage)
        open_route("wine", "heirloom-wine-v0", Mark("deploy", AT, "a test"), routes, lineage)
        return routes

    def test_shows_the_version_that_answers(self, routes: MemoryRoutes) -> None:
        watches, breach = MemoryWatches(), Breach("wine", 0, ACCURACY, Severity.PAGE, AT, {})
        seen = watched(right_and_wrong(6, 2), "01", 2)
        subject = Subject("wine", 0)
        watches.put(Writing(subject, LABELS, 1, seen.labels.to_document(), ("a",), breach=breach))
        watches.put(Writing(subject, REQUESTS, 1, seen.requests.to_document(), ("r",)))

        document = show_slo("wine", None, routes, Deployed(Standard(PROJECT, REFERENCE, None)), watches)

        assert (document["model"], document["version"]) == ("wine", 0)
        assert promise(document, "accuracy-page")["value"] == 0.75
        assert promise(document, "latency-rollback")["bad"] == 1
        assert [each["id"] for each in document["breaches"]] == [breach.id]
        assert json.loads(json.dumps(document)) == document

    def test_shows_another_version_without_the_breaches_of_the_first(self, routes: MemoryRoutes) -> None:
        watches, breach = MemoryWatches(), Breach("wine", 0, ACCURACY, Severity.PAGE, AT, {})
        watches.put(Writing(Subject("wine", 0), LABELS, 1, watched([]).labels.to_document(), ("a",), breach=breach))

        document = show_slo("wine", 3, routes, Deployed(Standard(PROJECT, REFERENCE, None)), watches)

        assert (document["version"], document["breaches"]) == (3, [])
        assert promise(document, "accuracy-page")["samples"] == 0

    def test_knows_no_model_without_a_route(self, routes: MemoryRoutes) -> None:
        with pytest.raises(NotFound, match="there is no model 'beer'"):
            show_slo("beer", None, routes, Deployed(), MemoryWatches())

    def test_promises_nothing_of_what_is_not_deployed_any_more(self, routes: MemoryRoutes) -> None:
        with pytest.raises(NotFound, match="is not deployed any more"):
            show_slo("wine", None, routes, Deployed(), MemoryWatches())
