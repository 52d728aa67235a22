"""Which columns have drifted: both surely and by enough, ranked by what they matter."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heirloom.core.drift.histogram import ZERO, Counts, Profile, count, merge
from heirloom.core.drift.verdict import DriftReport, Finding, holm, judge, looks_by
from heirloom.core.project.definition import Drift
from tests.unit.drift.profiles import in_kilometres, like_training, profile, row

DRIFT = Drift()
PREDICTION = "prediction of late"


def named(report: DriftReport, name: str) -> Finding:
    return next(finding for finding in report.findings if finding.name == name)


def drifted(counts: Counts, known: Profile | None = None, drift: Drift = DRIFT, look: int = 1) -> list[str]:
    return [finding.name for finding in judge(counts, known or profile(), drift, look).drifted]


def test_rows_like_those_of_training_have_not_drifted() -> None:
    report = judge(like_training(1000), profile(), DRIFT, 1)

    assert (report.drifted, report.rows, report.training_rows) == ((), 1000, 1000)
    assert {finding.name for finding in report.findings} == {"miles", "carrier", "note", PREDICTION}
    assert report.psi < 0.05


def test_kilometres_for_miles_have() -> None:
    report = judge(in_kilometres(400), profile(), DRIFT, 1)
    first = report.findings[0]

    assert [finding.name for finding in report.drifted] == ["miles"]
    assert first.name == "miles"
    assert report.psi == first.divergence.psi.excess > 0.2
    assert first.compared.share("above") == (0.0, 0.25)


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"carrier": None}, "carrier"),
        ({"carrier": "ZZ"}, "carrier"),
        ({"miles": None}, "miles"),
        ({"note": "a text of more than twenty characters"}, "note"),
    ],
)
def test_what_is_missing_unseen_or_longer_has_drifted(changed: dict[str, object], name: str) -> None:
    rows = [row(place, **(changed if place % 3 else {})) for place in range(600)]

    assert drifted(count(profile(), rows)) == [name]


def test_the_shares_of_missing_and_unseen_are_told() -> None:
    rows = [
        row(place, **({"carrier": None} if place < 30 else {"carrier": "ZZ"} if place < 50 else {}))
        for place in range(200)
    ]

    told = named(judge(count(profile(), rows), profile(), DRIFT, 1), "carrier").to_document()["shares"]

    assert told["missing"] == {"training": 0.01, "now": 0.15}
    assert told["unseen"] == {"training": 0.0, "now": 0.1}


def test_answers_are_held_against_the_models_own_and_named_so() -> None:
    """Of the labels 30% were true, of the answers to the held-out rows 20%."""
    all_true = count(profile(), ((row(place)[0], {"label": place % 5 < 3}) for place in range(500)))

    assert drifted(all_true) == [PREDICTION]
    assert drifted(all_true, replace(profile(), answers=None)) == []
    assert named(judge(all_true, profile(), DRIFT, 1), PREDICTION).compared.prediction


def test_a_small_change_is_sure_with_many_rows_and_yet_no_drift() -> None:
    """A row in twenty flies 100 miles and not what it flew in training."""
    slightly = count(profile(), (row(place, **({"miles": 100} if place % 20 == 1 else {})) for place in range(20_000)))

    report = judge(slightly, profile(miles={"counts": [250_000] * 4}), DRIFT, 1)

    assert named(report, "miles").adjusted < 1e-9
    assert 0 < named(report, "miles").divergence.psi.low < 0.2
    assert report.drifted == ()


def test_a_large_change_of_few_rows_is_not_sure() -> None:
    few = count(profile(), [row(place, miles=5000) for place in range(9)])

    assert judge(few, profile(), DRIFT, 1).drifted == ()
    assert judge(few, profile(), DRIFT, 1).psi > 0.2


def test_a_later_look_may_spend_less() -> None:
    levels = [judge(like_training(100), profile(), DRIFT, look).level for look in range(1, 30)]

    assert levels[0] == DRIFT.level / 2
    assert sum(levels) == pytest.approx(DRIFT.level * (1 - 1 / 30))


def test_before_the_first_look_nothing_has_drifted() -> None:
    assert judge(in_kilometres(800), profile(), DRIFT, 0).drifted == ()
    assert judge(ZERO, profile(), DRIFT, 0).drifted == ()


def test_what_days_of_training_differ_by_is_no_drift() -> None:
    shift = in_kilometres(400)
    excess = named(judge(shift, profile(), DRIFT, 1), "miles").divergence.psi.excess

    assert drifted(shift, profile(miles={"usual": excess - 0.2})) == ["miles"]
    assert drifted(shift, profile(miles={"usual": excess - 0.19})) == []


def test_a_column_counts_by_how_much_it_matters_to_the_model() -> None:
    both = count(profile(), (row(place, miles=5000, carrier="ZZ") for place in range(300)))
    light = profile(miles={"importance": 0.01}, carrier={"importance": 0.99})

    by_importance = judge(both, light, DRIFT, 1).findings

    assert [finding.name for finding in by_importance[:2]] == ["carrier", "miles"]
    assert named(judge(both, light, DRIFT, 1), PREDICTION).weight == 1.0
    assert named(judge(both, profile(), DRIFT, 1), "note").weight == pytest.approx(1 / 3)


def test_a_profile_without_features_and_counts_without_anything_are_judged() -> None:
    bare = replace(profile(), features={}, answers=None)

    assert judge({}, bare, DRIFT, 1) == DriftReport(0, 1000, 1, DRIFT.level / 2, ())
    assert judge({}, bare, DRIFT, 1).psi == 0.0


def test_a_report_is_plain_json() -> None:
    document = judge(in_kilometres(400), profile(), DRIFT, 1).to_document()

    assert json.loads(json.dumps(document)) == document
    assert document["drifted"] == ["miles"]
    assert document["columns"][0]["psi"].keys() == {"measured", "floor", "low"}
    assert document["columns"][0]["threshold"] == 0.2


def test_twice_the_rows_of_the_same_change_are_no_less_sure() -> None:
    once, twice = in_kilometres(200), merge(in_kilometres(200), in_kilometres(200))

    first, second = (named(judge(counts, profile(), DRIFT, 1), "miles") for counts in (once, twice))

    assert second.adjusted < first.adjusted
    assert second.divergence.psi.low > first.divergence.psi.low


@pytest.mark.parametrize(
    ("rows", "looks"), [(0, 0), (99, 0), (100, 1), (199, 1), (200, 2), (399, 2), (400, 3), (1_000_000, 14)]
)
def test_there_is_a_look_at_each_doubling(rows: int, looks: int) -> None:
    assert looks_by(rows) == looks


def test_holm_is_as_in_his_paper() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=30), st.floats(0, 1))
def test_holm_rejects_no_more_than_the_p_values_alone_and_all_that_bonferroni_does(
    ps: list[float], level: float
) -> None:
    for p, adjusted in zip(ps, holm(ps), strict=True):
        assert p <= adjusted <= 1
        assert adjusted <= min(1, len(ps) * p)
