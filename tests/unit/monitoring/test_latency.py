"""The promise of latency: when it is broken, by either rule, how long, and what people are shown."""

from __future__ import annotations

import json
import random

import pytest

from heirloom.core.monitoring.breach import Severity
from heirloom.core.monitoring.latency import Latency

HEALTHY, _, ROLLBACK = Severity


def served(latency: Latency, count: int, slow: float, seed: int = 1) -> list[Severity]:
    """The severity after each of so many requests, of which this share is slow."""
    rng, seen = random.Random(seed), []
    for _ in range(count):
        latency.take(rng.random() < slow)
        seen.append(latency.severity)
    return seen


def test_the_naive_rule_allows_fifty_slow_ones_of_the_last_thousand() -> None:
    latency = Latency("naive")
    for number in range(1000):
        latency.take(number < 50)
    assert latency.severity == HEALTHY

    for _ in range(50):
        latency.take(True)  # in place of a slow one
    assert latency.severity == HEALTHY

    latency.take(True)

    assert latency.severity == ROLLBACK


def test_the_naive_rule_waits_for_a_thousand_requests() -> None:
    assert set(served(Latency("naive"), 999, 1.0)) == {HEALTHY}


def test_the_naive_rule_ends_when_forty_are_slow() -> None:
    latency = Latency("naive")
    served(latency, 1000, 1.0)

    seen = served(latency, 1000, 0.0)

    assert seen.index(HEALTHY) == 959


def test_the_confident_rule_leaves_a_version_alone_that_is_slow_as_often_as_it_may_be() -> None:
    assert set(served(Latency("confident"), 20_000, 0.05)) == {HEALTHY}


@pytest.mark.parametrize(("slow", "requests"), [(0.1, 800), (0.2, 150), (0.5, 30)])
def test_the_confident_rule_is_quick(slow: float, requests: int) -> None:
    latency = Latency("confident")
    served(latency, 2000, 0.02)

    assert served(latency, requests, slow).index(ROLLBACK) < requests


def test_ends_when_the_version_is_fast_again_and_is_judged_from_scratch() -> None:
    latency = Latency("confident")
    served(latency, 300, 0.5)

    seen = served(latency, 3000, 0.02)

    end = seen.index(HEALTHY)
    assert 250 <= end < 1500
    assert set(seen[end:]) == {HEALTHY}
    assert ROLLBACK in served(latency, 100, 0.5)


@pytest.mark.parametrize("rule", ["confident", "naive"])
def test_goes_on_where_it_was_kept(rule: str) -> None:
    expected, latency = Latency(rule), Latency(rule)
    served(expected, 1500, 0.1)

    rng = random.Random(1)
    for number in range(1500):
        latency.take(rng.random() < 0.1)
        if number % 400 == 0:
            latency = Latency.from_document(json.loads(json.dumps(latency.to_document())), rule)

    assert latency.to_document() == expected.to_document()
    assert latency.severity == ROLLBACK


def test_shows_how_many_were_slow() -> None:
    latency = Latency("confident")
    for number in range(200):
        latency.take(number % 2 == 0)

    evidence = latency.evidence()

    assert json.loads(json.dumps(evidence)) == evidence
    assert {name: evidence[name] for name in ("value", "threshold", "reference", "samples", "rule")} == {
        "value": 0.5,
        "threshold": 0.05,
        "reference": None,
        "samples": 200,
        "rule": "confident",
    }
    assert 0.42 < evidence["low"] < 0.5 < evidence["high"] < 0.58
    assert evidence["reason"] == "100 of the newest 200 requests were slow: surely above the 5% that are allowed"


def test_shows_nothing_before_the_first_request() -> None:
    evidence = Latency("naive").evidence()

    assert (evidence["value"], evidence["low"], evidence["high"]) == (None, 0.0, 1.0)
    assert evidence["reason"] == "no requests yet"
