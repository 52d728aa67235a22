"""Whether a promise can be both quick and sure, said beforehand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heirloom.core.monitoring.accuracy import Reference
from heirloom.core.monitoring.check import DROPS, check
from heirloom.core.project.definition import RollingAccuracy

NAIVE = RollingAccuracy(rule="naive")
CONFIDENT = RollingAccuracy()


@pytest.mark.parametrize(
    ("accuracy", "page", "rollback"), [(0.8, 6945, 2500), (0.9, 3087, 1112), (0.95, 1462, 527), (0.99, 281, 102)]
)
def test_says_which_windows_are_large_enough(accuracy: float, page: int, rollback: int) -> None:
    found = check(NAIVE, Reference(accuracy, 2000))

    assert (found.page, found.rollback) == (page, rollback)
    assert len(found.warnings) == (page > 1000) + (rollback > 1000)


def test_says_in_a_sentence_that_a_window_is_too_small() -> None:
    found = check(replace(NAIVE, window=5000), Reference(0.8, 2000))

    assert found.warnings == (
        "at accuracy 0.80 a 97% rule on 5,000 labels cannot be both quick and sure under the naive rule: "
        "6,945 would be",
    )


def test_says_how_many_labels_the_naive_rule_needs() -> None:
    needed = check(NAIVE, Reference(0.8, 2000)).needed

    assert tuple(each.drop for each in needed) == DROPS
    assert [(each.page, each.rollback) for each in needed] == [(601, None), (301, 501), (151, 251), (76, 126)]


def test_says_how_many_labels_the_confident_rule_needs() -> None:
    """The medians that tests/bench/monitor measures, within a third."""
    needed = {each.drop: each for each in check(CONFIDENT, Reference(0.9, 2000)).needed}

    assert needed[0.4].rollback == pytest.approx(33, rel=0.33)
    assert needed[0.2].rollback == pytest.approx(110, rel=0.33)
    assert needed[0.1].rollback == pytest.approx(450, rel=0.33)
    assert needed[0.1].page is not None
    assert needed[0.1].page <= (needed[0.1].rollback or 0)


def test_is_the_same_each_time() -> None:
    slo = replace(CONFIDENT, alert_below=0.7, rollback_below=0.7)

    assert check(slo, Reference(0.9, 2000)) == check(slo, Reference(0.9, 2000))


def test_says_that_a_test_set_is_too_small() -> None:
    found = check(CONFIDENT, Reference(0.9, 500))

    assert found.rows == 669
    assert found.warnings == (
        "500 test rows say of an accuracy of 0.90 no more than that it is at least 0.864: people are paged when it is "
        "surely below 0.838, which is 93% of it; with 669 rows it would be closer",
    )
    assert check(CONFIDENT, Reference(0.9, 669)).warnings == ()


def test_says_that_a_drop_within_the_limits_is_never_seen() -> None:
    slo = replace(CONFIDENT, alert_below=0.7, rollback_below=0.5)

    never, *_, seen = check(slo, Reference(0.99, 2000)).needed

    assert (never.page, never.rollback) == (None, None)
    assert seen.page is not None
    assert seen.rollback is None


@pytest.mark.parametrize("accuracy", [0.0, 1.0])
@pytest.mark.parametrize("rule", ["naive", "confident"])
def test_can_be_asked_of_every_version(accuracy: float, rule: str) -> None:
    slo = RollingAccuracy(rule=rule, alert_below=1.0, rollback_below=1.0)

    assert len(check(slo, Reference(accuracy, 10_000)).needed) == len(DROPS)


def test_gives_up_where_a_drop_is_not_seen_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heirloom.core.monitoring.check.MOST", 50)

    needed = {each.drop: each for each in check(CONFIDENT, Reference(0.9, 2000)).needed}

    assert (needed[0.2].page, needed[0.2].rollback) == (None, None)
    assert needed[0.4].rollback is not None
