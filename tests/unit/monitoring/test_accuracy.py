"""The promise of rolling accuracy: when it is broken, by either rule, how long, and what people are shown."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heirloom.core.monitoring.accuracy import Accuracy, Reference
from heirloom.core.monitoring.breach import Severity
from heirloom.core.monitoring.observation import Outcome
from heirloom.core.project.definition import RollingAccuracy
from tests.unit.monitoring.labels import drawn, exactly, prediction, take

TESTED = Reference(0.9, 2000)
CONFIDENT = RollingAccuracy()
NAIVE = RollingAccuracy(rule="naive")
HEALTHY, PAGE, ROLLBACK = Severity


def severities(accuracy: Accuracy, labels: list[Outcome]) -> list[Severity]:
    """After each label."""
    return [take(accuracy, [label]).severity for label in labels]


@pytest.mark.parametrize(
    ("share", "severity"), [(1.0, HEALTHY), (0.97, HEALTHY), (0.969, PAGE), (0.95, PAGE), (0.949, ROLLBACK)]
)
def test_the_naive_rule_compares_the_last_thousand_with_97_and_95_percent_of_the_test(
    share: float, severity: Severity
) -> None:
    accuracy = take(Accuracy(Reference(1.0, 2000), NAIVE), exactly(1000, round(1000 * share)))

    assert accuracy.severity == severity


def test_the_naive_rule_waits_for_a_full_window() -> None:
    accuracy = take(Accuracy(TESTED, NAIVE), exactly(999, 0))
    assert accuracy.severity == HEALTHY

    assert take(accuracy, exactly(1, 0, start=999)).severity == ROLLBACK


def test_the_naive_rule_ends_a_page_halfway_back() -> None:
    """From below 97% of the test to 98.5%: one that is paged between them stays so."""
    accuracy = take(Accuracy(Reference(1.0, 2000), NAIVE), exactly(1000, 960))
    assert accuracy.severity == PAGE

    seen = [(take(accuracy, [label]).window.correct, accuracy.severity) for label in exactly(999, 999, start=1000)]

    assert {right for right, severity in seen if severity == PAGE} == set(range(961, 985))
    assert {right for right, severity in seen if severity == HEALTHY} == set(range(985, 1001))


def test_the_naive_rule_sees_a_correction() -> None:
    accuracy = take(Accuracy(Reference(1.0, 2000), NAIVE), exactly(1000, 970))
    assert accuracy.severity == HEALTHY

    accuracy.take(Outcome(prediction(999), False, corrected="2026-11-28T10:00:00.000Z"))

    assert accuracy.severity == PAGE


def test_the_confident_rule_needs_no_full_window() -> None:
    seen = severities(Accuracy(TESTED, CONFIDENT), drawn(200, 0.5))

    assert seen.index(ROLLBACK) < 60


def test_the_confident_rule_leaves_a_healthy_version_alone() -> None:
    accuracy = Accuracy(TESTED, CONFIDENT)

    assert set(severities(accuracy, drawn(20_000, 0.9))) == {HEALTHY}


def test_a_version_that_is_worse_than_tested_but_within_the_limits_is_not_paged() -> None:
    """Surely 2% worse, which is promised not to matter."""
    accuracy = take(Accuracy(Reference(0.99, 100_000), CONFIDENT), drawn(20_000, 0.99 * 0.985))

    assert accuracy.severity == HEALTHY


def test_a_small_drop_pages_before_it_rolls_back() -> None:
    slo = replace(CONFIDENT, labels_between_false_alarms=1000)

    seen = severities(Accuracy(Reference(0.9, 20_000), slo), drawn(5000, 0.9 * 0.93))

    assert 100 < seen.index(PAGE) < seen.index(ROLLBACK)


def test_the_test_set_counts_a_small_one_is_known_less_well() -> None:
    labels = drawn(3000, 0.81)

    seen = [severities(Accuracy(Reference(0.9, rows), CONFIDENT), labels) for rows in (20_000, 500)]

    quick, slow = (each.count(HEALTHY) for each in seen)
    assert quick < slow / 2


def test_a_correction_is_no_evidence() -> None:
    accuracy = take(Accuracy(TESTED, CONFIDENT), drawn(100, 0.9))
    before = accuracy.to_document()["promise"]

    for number in range(100):
        accuracy.take(Outcome(prediction(number), False, corrected="2026-11-28T10:00:00.000Z"))

    assert accuracy.to_document()["promise"] == before
    assert accuracy.gauge().accuracy == 0


def test_a_label_too_late_for_the_window_still_is_evidence() -> None:
    accuracy = take(Accuracy(TESTED, replace(CONFIDENT, window=100)), drawn(100, 0.9, start=1000))
    before = accuracy.gauge()

    take(accuracy, exactly(100, 0))

    assert accuracy.severity == ROLLBACK
    assert accuracy.gauge() == before


@pytest.mark.parametrize("slo", [CONFIDENT, NAIVE], ids=["confident", "naive"])
def test_ends_when_the_version_is_as_good_as_promised_again(slo: RollingAccuracy) -> None:
    accuracy = take(Accuracy(TESTED, slo), [*drawn(1000, 0.9), *drawn(500, 0.6, start=1000)])
    assert accuracy.severity == ROLLBACK

    seen = severities(accuracy, drawn(3000, 0.9, start=1500, seed=2))

    end = seen.index(HEALTHY)
    assert 250 <= end < 1500
    assert set(seen[:end]) == {ROLLBACK}


def test_is_judged_from_scratch_once_it_has_ended() -> None:
    accuracy = take(Accuracy(TESTED, CONFIDENT), drawn(300, 0.5))
    while accuracy.severity:
        accuracy.take(Outcome(prediction(accuracy.window.labelled), True))

    assert accuracy.to_document()["promise"] == Accuracy(TESTED, CONFIDENT).to_document()["promise"]
    seen = severities(accuracy, drawn(200, 0.5, start=5000, seed=3))
    assert seen.index(ROLLBACK) < 60


def test_does_not_end_before_a_hundred_labels_even_of_a_small_window() -> None:
    accuracy = take(Accuracy(TESTED, replace(CONFIDENT, window=50)), exactly(30, 0))
    assert accuracy.severity == ROLLBACK

    seen = severities(accuracy, exactly(200, 200, start=30))

    assert 80 <= seen.index(HEALTHY) < 200


@settings(max_examples=10, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0.3, 0.8, 0.87, 0.9, 1.0]), st.integers(1, 400)), min_size=1, max_size=6),
    st.sampled_from([CONFIDENT, NAIVE]),
    st.integers(0, 10**6),
)
def test_a_severity_only_rises_until_it_ends(phases: list[tuple[float, int]], slo: RollingAccuracy, seed: int) -> None:
    labels: list[Outcome] = []
    for share, count in phases:
        labels += drawn(count, share, start=len(labels), seed=seed)

    seen = severities(Accuracy(TESTED, replace(slo, window=100)), labels)

    falls = [(before, after) for before, after in pairwise(seen) if after < before]
    assert all(after == HEALTHY for _, after in falls)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 700), max_size=3).map(sorted), st.sampled_from([CONFIDENT, NAIVE]))
def test_goes_on_where_it_was_kept(cuts: list[int], slo: RollingAccuracy) -> None:
    slo = replace(slo, window=100)
    labels = [*drawn(300, 0.9), *drawn(400, 0.6, start=300)]
    expected = take(Accuracy(TESTED, slo), labels)

    accuracy = Accuracy(TESTED, slo)
    for start, end in pairwise([0, *cuts, 700]):
        take(accuracy, labels[start:end])
        accuracy = Accuracy.from_document(json.loads(json.dumps(accuracy.to_document())), TESTED, slo)

    assert accuracy.to_document() == expected.to_document()
    assert accuracy.severity == ROLLBACK


def test_what_was_seen_counts_when_the_promise_has_changed() -> None:
    known = take(Accuracy(TESTED, CONFIDENT), [*drawn(1000, 0.9), *drawn(300, 0.6, start=1000)])

    changed = Accuracy.from_document(known.to_document(), Reference(0.8, 500), replace(NAIVE, window=200))

    assert changed.severity == known.severity == ROLLBACK
    assert (changed.gauge().labelled, changed.gauge().reference) == (200, 0.8)


def test_where_both_limits_are_one_it_is_rolled_back_at_once() -> None:
    slo = replace(CONFIDENT, alert_below=1.0, rollback_below=1.0)

    accuracy = take(Accuracy(TESTED, slo), drawn(2000, 0.8))

    assert accuracy.severity == ROLLBACK
    assert len(accuracy.to_document()["promise"]["detectors"]) == 1


def test_a_version_that_nobody_has_scored_has_a_gauge_and_is_healthy() -> None:
    for slo in (CONFIDENT, NAIVE):
        accuracy = take(Accuracy(None, slo), exactly(1000, 100))

        assert accuracy.severity == HEALTHY
        assert (accuracy.gauge().accuracy, accuracy.gauge().ratio, accuracy.gauge().reference) == (0.1, None, None)
        assert accuracy.evidence()["threshold"] is None
        assert accuracy.evidence()["reason"] == (
            "100 of the newest 1,000 labelled predictions were right; the version has no test accuracy to compare with"
        )


def test_a_version_that_was_never_right_has_no_ratio() -> None:
    assert take(Accuracy(Reference(0.0, 500), CONFIDENT), exactly(10, 5)).gauge().ratio is None


def test_publishes_what_the_contract_words() -> None:
    gauge = take(Accuracy(TESTED, CONFIDENT), exactly(1000, 873)).gauge()

    assert (gauge.labelled, gauge.accuracy, gauge.reference, gauge.rmse) == (1000, 0.873, 0.9, None)
    assert gauge.ratio == pytest.approx(0.97)
    assert (gauge.low, gauge.high) == pytest.approx((0.8509, 0.8922), abs=1e-4)


def test_shows_the_naive_rules_evidence() -> None:
    accuracy = take(Accuracy(TESTED, NAIVE), exactly(1000, 860))

    evidence = accuracy.evidence()

    assert json.loads(json.dumps(evidence)) == evidence
    assert (evidence["value"], evidence["reference"], evidence["samples"], evidence["rule"]) == (
        0.86,
        0.9,
        1000,
        "naive",
    )
    assert evidence["threshold"] == pytest.approx(0.873)
    assert evidence["low"] < 0.86 < evidence["high"]
    assert evidence["reason"] == (
        "860 of the newest 1,000 labelled predictions were right: "
        "is below 97% of the test accuracy, which was 90.0% of 2,000 rows"
    )


def test_shows_what_has_begun_in_a_window_that_still_looks_well() -> None:
    """60 labels after a drop to a half the window is above the limit, and the rule is sure."""
    accuracy = take(Accuracy(TESTED, CONFIDENT), [*exactly(940, 850), *exactly(60, 30, start=940)])

    evidence = accuracy.evidence()

    assert accuracy.severity == ROLLBACK
    assert evidence["value"] == 0.88
    assert evidence["threshold"] == pytest.approx(0.855)
    assert "surely below 95% of the test accuracy, which was 90.0% of 2,000 rows" in evidence["reason"]
    assert 50 <= int(evidence["reason"].split("newest ")[1].split()[0]) <= 70


def test_shows_that_nothing_is_wrong() -> None:
    assert Accuracy(TESTED, CONFIDENT).evidence()["reason"].startswith("no labels yet: not proven to be below 97%")
