"""The labels in a request: what is taken, what is refused, and what they are taken for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from heirloom.core.clock import stamp
from heirloom.core.errors import Invalid
from heirloom.core.prediction.told import (
    AHEAD,
    LONGEST_ID,
    LONGEST_LABEL,
    MOST_LABELS,
    Told,
    fit,
    labels_of,
)
from tests.unit.prediction.routes import NOW

ARRIVAL = stamp(NOW)


def read(*labels: Any) -> list[Told]:
    return labels_of({"labels": list(labels)}, NOW)


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (None, "labels"),
        ({}, "labels"),
        ({"labels": []}, "labels"),
        ({"labels": [{"id": "a", "label": 1}], "model": "wine"}, "model"),
        ({"labels": [{"id": "a", "label": 1}] * (MOST_LABELS + 1)}, "labels"),
        ({"labels": [{"id": "a", "label": 1}, 3]}, "labels[1]"),
        ({"labels": [{"id": "a"}]}, "labels[0]"),
        ({"labels": [{"id": "a", "at": "2026-11-23T12:00:00Z"}]}, "labels[0]"),
        ({"labels": [{"id": "", "label": 1}]}, "labels[0]"),
        ({"labels": [{"id": 3, "label": 1}]}, "labels[0]"),
        ({"labels": [{"id": "a", "label": 1}, {"id": "a" * (LONGEST_ID + 1), "label": 1}]}, "labels[1]"),
        ({"labels": [{"id": "a", "label": None}]}, "labels[0]"),
        ({"labels": [{"id": "a", "label": float("nan")}]}, "labels[0]"),
        ({"labels": [{"id": "a", "label": float("-inf")}]}, "labels[0]"),
        ({"labels": [{"id": "a", "label": "x" * (LONGEST_LABEL - 1)}]}, "labels[0]"),
        ({"labels": [{"id": "a", "label": 10**LONGEST_LABEL}]}, "labels[0]"),
        ({"labels": [{"id": "a", "label": 1, "when": 2}]}, "labels[0]"),
        ({"labels": [{"id": "a", "label": 1, "at": 2}]}, "labels[0].at"),
        ({"labels": [{"id": "a", "label": 1, "at": None}]}, "labels[0].at"),
        ({"labels": [{"id": "a", "label": 1, "at": "yesterday"}]}, "labels[0].at"),
        ({"labels": [{"id": "a", "label": 1, "at": "2026-11-23"}]}, "labels[0].at"),
        ({"labels": [{"id": "a", "label": 1, "at": "2026-11-23T12:00:00"}]}, "labels[0].at"),
        ({"labels": [{"id": "a", "label": 1, "at": "0001-01-01T00:00:00+05:00"}]}, "labels[0].at"),
        ({"labels": [{"id": "a", "label": 1, "at": stamp(NOW + AHEAD + timedelta(seconds=1))}]}, "labels[0].at"),
    ],
)
def test_names_what_is_wrong_with_a_request(document: object, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        labels_of(document, NOW)

    assert [problem.where for problem in refused.value.problems] == [field]


def test_names_every_label_that_is_wrong() -> None:
    with pytest.raises(Invalid) as refused:
        read({"id": "a", "label": 1}, {"id": "b"}, {"id": "c", "label": 1, "at": "x"}, 4)

    assert [problem.where for problem in refused.value.problems] == ["labels[1]", "labels[2].at", "labels[3]"]


def test_takes_ids_and_labels_as_long_as_it_says() -> None:
    identity, label = "a" * LONGEST_ID, "x" * (LONGEST_LABEL - 2)

    assert read({"id": identity, "label": label}) == [Told(0, identity, label, ARRIVAL, dated=False)]


@pytest.mark.parametrize(
    ("at", "stamped"),
    [
        ("2026-11-23T12:00:00Z", "2026-11-23T12:00:00.000Z"),
        ("2026-11-23T14:00:00.123456+02:00", "2026-11-23T12:00:00.123Z"),
        ("0900-01-01T00:00:00Z", "0900-01-01T00:00:00.000Z"),
        (stamp(NOW + AHEAD), stamp(NOW + AHEAD)),
    ],
)
def test_a_label_says_when_it_became_known(at: str, stamped: str) -> None:
    """A caller's clock may be a minute ahead."""
    assert read({"id": "a", "label": 1, "at": at}) == [Told(0, "a", 1, stamped, dated=True)]


def test_of_several_labels_for_one_prediction_the_one_that_stands_is_taken() -> None:
    told = read(
        {"id": "a", "label": "1", "at": "2026-11-22T12:00:00Z"},
        {"id": "a", "label": 2, "at": "2026-11-23T12:00:00Z"},
        {"id": "a", "label": 3, "at": "2026-11-21T12:00:00Z"},
        {"id": "b", "label": "7"},
        {"id": "b", "label": 5},
    )

    for given in (told, told[::-1]):
        said = fit(given, lambda _: {"label": 9})
        assert {identity: each.label for identity, each in said.items()} == {"a": 2, "b": 7}


def test_refuses_each_label_that_can_not_be_compared_and_shows_it() -> None:
    answers: dict[str, Any] = {"a": {"label": True}, "b": {"value": 1.5}, "c": {"label": "red"}}
    told = read(
        {"id": "a", "label": "maybe"},
        {"id": "b", "label": "much" * 100},
        {"id": "c", "label": "white"},
        {"id": "c", "label": True},
    )

    with pytest.raises(Invalid) as refused:
        fit(told, answers.__getitem__)

    assert [str(problem) for problem in refused.value.problems] == [
        'labels[0]: expected true or false, as the model answers, got "maybe"',
        f'labels[1]: expected a finite number, as the model answers, got "{"much" * 14}muc',
        "labels[3]: expected a text, as the model answers, got true",
    ]
