"""What really happened, told later: kept once, counted once, corrected by what became known later."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from heirloom.adapters.memory import MemoryLineage, MemoryRoutes
from heirloom.core.errors import Invalid, Unavailable
from heirloom.core.monitoring.observation import Outcome, Outcomes
from heirloom.core.prediction.labels import Taken, take_labels
from heirloom.core.prediction.outcomes import LONGEST_SLICE, most_outcomes
from heirloom.core.prediction.records import BATCH, CORRECTION, LABEL, OUTCOMES, Record
from heirloom.core.project.definition import Project
from heirloom.core.release.route import OPEN, Mark, Route, history_of
from heirloom.core.release.trial import Arm, Tally
from heirloom.handlers import take_labels as handler
from heirloom.handlers.edge import http_entrypoint
from tests.unit.prediction.routes import NOW
from tests.unit.prediction.test_recording import Stored
from tests.unit.prediction.watched import keep_project, project

AT = "2026-11-23T15:10:09.123Z"


def prediction(identity: str, arm: str | None = "canary", **data: Any) -> Record:
    release = "wine-1" if arm else None
    told = {"release": release, "arm": arm, "fallback": False, "answer": {"label": "red"}, **data}
    return Record(identity, "prediction", "wine", 4, AT, told)


@pytest.fixture
def stored() -> Stored:
    stored = Stored()
    stored.predictions.put([prediction("a"), prediction("b"), prediction("c", "champion"), prediction("d", None)])
    return stored


def take(stored: Stored, model: str = "wine", at: str | None = None, of: Project | None = None, **labels: Any) -> Taken:
    """Tell labels, all known ``at`` a moment, of a project."""
    dated = {} if at is None else {"at": at}
    document = {"labels": [{"id": identity, "label": label, **dated} for identity, label in labels.items()]}
    return take_labels(model, document, of, stored.predictions, stored.trials, stored.answers, NOW)


def told(stored: Stored) -> list[Outcomes]:
    """What the monitor is told, in the order in which it was written."""
    return [Outcomes.from_record(record) for record in stored.of_part(OUTCOMES)]


def outcomes(stored: Stored) -> list[Outcome]:
    return [outcome for each in told(stored) for outcome in each.outcomes]


def test_counts_labels_in_the_arm_of_their_predictions(stored: Stored) -> None:
    assert take(stored, a="red", b="white", c="white", d="white") == Taken(4, ())

    assert stored.tally == Tally(champion=Arm(labelled=1, wrong=1), canary=Arm(labelled=2, wrong=1))
    assert stored.predictions.records["b", LABEL].data["label"] == "white"


def test_the_first_label_counts(stored: Stored) -> None:
    take(stored, a="white")

    assert take(stored, a="white") == Taken(0, ())
    assert take(stored, a="red", at="2026-11-22T12:00:00Z") == Taken(0, ())

    assert stored.predictions.records["a", LABEL].data == {
        "label": "white",
        "batch": stored.of_part(BATCH)[0].id,
        "at": AT,
    }
    assert stored.of_part(CORRECTION) == []
    assert stored.tally == Tally(canary=Arm(labelled=1, wrong=1))


def test_a_later_label_that_says_otherwise_corrects_the_first_and_counts_in_no_trial(stored: Stored) -> None:
    take(stored, a="white", b="red", at="2026-11-22T12:00:00Z")

    assert take(stored, a="red", b="red", at="2026-11-23T12:00:00Z") == Taken(0, (), 1)

    assert stored.predictions.records["a", LABEL].data["label"] == "white"
    correction = stored.predictions.records["a", CORRECTION]
    assert correction.data == {"label": "red", "at": "2026-11-23T12:00:00.000Z"}
    assert (correction.model, correction.version, correction.at) == ("wine", 4, AT)
    assert stored.tally == Tally(canary=Arm(labelled=2, wrong=1))


def test_a_label_without_a_moment_corrects_what_came_before(stored: Stored) -> None:
    take(stored, a="white", at="2026-11-22T12:00:00Z")

    assert take(stored, a="red") == Taken(0, (), 1)

    assert stored.predictions.records["a", CORRECTION].data == {"label": "red", "at": AT}


def test_a_correction_may_be_corrected_also_back_to_the_first_label(stored: Stored) -> None:
    take(stored, a="red", at="2026-11-20T12:00:00Z")
    assert take(stored, a="white", at="2026-11-22T12:00:00Z").corrected == 1

    assert take(stored, a="rose", at="2026-11-21T12:00:00Z") == Taken(0, ())
    assert take(stored, a="red", at="2026-11-23T12:00:00Z") == Taken(0, (), 1)

    assert stored.predictions.records["a", CORRECTION].data["label"] == "red"
    assert [(each.corrected, each.correct) for each in outcomes(stored)] == [
        (None, True),
        ("2026-11-22T12:00:00.000Z", False),
        ("2026-11-23T12:00:00.000Z", True),
    ]


def test_that_it_was_still_so_later_is_kept_and_is_no_correction(stored: Stored) -> None:
    """Else a label of in between would be taken for the last word, if it came after this one."""
    take(stored, a="red", at="2026-11-20T12:00:00Z")

    assert take(stored, a="red", at="2026-11-22T12:00:00Z") == Taken(0, ())
    assert take(stored, a="white", at="2026-11-21T12:00:00Z") == Taken(0, ())

    assert len(told(stored)) == 1


def test_two_ways_to_write_a_label_are_one_label(stored: Stored) -> None:
    stored.predictions.put([prediction("e", answer={"label": True})])
    take(stored, e="true", at="2026-11-22T12:00:00Z")

    assert take(stored, e=1) == Taken(0, ())
    assert take(stored, e="False") == Taken(0, (), 1)

    assert stored.predictions.records["e", LABEL].data["label"] is True
    assert stored.predictions.records["e", CORRECTION].data["label"] is False


def test_a_label_that_was_kept_before_labels_had_a_moment_may_be_corrected(stored: Stored) -> None:
    stored.predictions.put(
        [
            Record("a", LABEL, "wine", 4, AT, {"label": "white", "batch": "old"}),
            Record("old", BATCH, "wine", 4, AT, {"labels": {"a": "white", "b": "red"}}),
        ]
    )

    assert take(stored, a="red", at="2026-11-23T15:10:10Z") == Taken(0, (), 1)

    assert stored.predictions.records["b", LABEL].data == {"label": "red", "batch": "old", "at": AT}
    assert [(each.id, each.correct, each.seconds) for each in outcomes(stored)] == [
        ("a", False, 0.0),
        ("b", True, 0.0),
        ("a", True, pytest.approx(0.877)),
    ]


def test_corrections_that_were_told_and_not_kept_are_kept_when_they_come_again(stored: Stored) -> None:
    take(stored, a="white", b="white", at="2026-11-22T12:00:00Z")
    supersede = stored.predictions.supersede
    stored.predictions.supersede = _raise  # type: ignore[method-assign,assignment]
    with pytest.raises(Unavailable):
        take(stored, a="red", b="red", at="2026-11-23T12:00:00Z")

    stored.predictions.supersede = supersede  # type: ignore[method-assign]
    assert take(stored, a="red", b="red", at="2026-11-23T12:00:00Z") == Taken(0, (), 2)
    assert take(stored, a="red", b="red", at="2026-11-23T12:00:00Z") == Taken(0, ())

    assert [len(each.outcomes) for each in told(stored)] == [2, 2]


def test_corrections_that_were_not_told_are_told_when_they_come_again(stored: Stored) -> None:
    take(stored, a="white", at="2026-11-22T12:00:00Z")
    add = stored.predictions.add
    stored.predictions.add = _raise  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        take(stored, a="red", at="2026-11-23T12:00:00Z")

    stored.predictions.add = add  # type: ignore[method-assign]
    assert take(stored, a="red", at="2026-11-23T12:00:00Z") == Taken(0, (), 1)

    assert [(each.correct, each.corrected) for each in outcomes(stored)] == [
        (False, None),
        (True, "2026-11-23T12:00:00.000Z"),
    ]


def test_who_is_overtaken_by_a_later_correction_has_corrected_nothing(stored: Stored) -> None:
    take(stored, a="white", at="2026-11-20T12:00:00Z")
    supersede = stored.predictions.supersede

    def after_the_other(corrections: Any) -> list[bool]:
        stored.predictions.supersede = supersede  # type: ignore[method-assign]
        assert take(stored, a="rose", at="2026-11-23T12:00:00Z").corrected == 1
        return supersede(corrections)

    stored.predictions.supersede = after_the_other  # type: ignore[method-assign]
    assert take(stored, a="red", at="2026-11-22T12:00:00Z") == Taken(0, ())

    assert stored.predictions.records["a", CORRECTION].data["label"] == "rose"


def test_of_two_who_are_the_first_at_once_the_later_one_corrects_the_other(stored: Stored) -> None:
    add = stored.predictions.add

    def add_after_the_other(record: Record) -> bool:
        if record.part == LABEL:
            stored.predictions.add = add  # type: ignore[method-assign]
            assert take(stored, a="white", at="2026-11-20T12:00:00Z") == Taken(1, ())
        return add(record)

    stored.predictions.add = add_after_the_other  # type: ignore[method-assign]
    assert take(stored, a="red", at="2026-11-22T12:00:00Z") == Taken(0, (), 1)

    assert stored.predictions.records["a", CORRECTION].data["label"] == "red"
    assert stored.tally == Tally(canary=Arm(labelled=1, wrong=1))


def test_a_label_that_can_not_be_compared_is_refused_and_nothing_of_its_request_is_kept(stored: Stored) -> None:
    stored.predictions.put([prediction("e", answer={"value": 3.5}), prediction("f", answer={"label": 2})])

    with pytest.raises(Invalid) as refused:
        take(stored, a="red", e="much", x=True, f=2.5)

    assert [problem.where for problem in refused.value.problems] == ["labels[1]", "labels[3]"]
    assert stored.of_part(LABEL) == stored.of_part(BATCH) == []


def test_tells_the_monitor_of_a_batch_once(stored: Stored) -> None:
    take(stored, a="red", b="white", d="red", at="2026-11-23T15:11:09.123Z")
    take(stored, b="white", a="red", d="red", at="2026-11-23T15:11:09.123Z")

    (batch,) = stored.of_part(BATCH)
    assert told(stored) == [
        Outcomes(
            batch.id,
            "wine",
            4,
            AT,
            (
                Outcome("a", True, seconds=60.0),
                Outcome("b", False, seconds=60.0),
                Outcome("d", True, seconds=60.0),
            ),
        )
    ]


def test_tells_the_monitor_of_the_labels_that_count_in_the_batch_and_of_no_other(stored: Stored) -> None:
    add = stored.predictions.add

    def add_after_the_other(record: Record) -> bool:
        if record.part == LABEL:
            stored.predictions.add = add  # type: ignore[method-assign]
            take(stored, b="white")
        return add(record)

    stored.predictions.add = add_after_the_other  # type: ignore[method-assign]
    take(stored, a="red", b="white", c="white")

    assert sorted(tuple(each.id for each in batch.outcomes) for batch in told(stored)) == [("a", "c"), ("b",)]


def test_labels_that_were_kept_and_not_told_are_told_when_one_of_them_comes_again(stored: Stored) -> None:
    add = stored.predictions.add
    stored.predictions.add = lambda each: _raise() if each.part == OUTCOMES else add(each)  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        take(stored, a="red", b="white")

    stored.predictions.add = add  # type: ignore[method-assign]
    take(stored, b="white")

    assert [(each.id, each.correct) for each in outcomes(stored)] == [("a", True), ("b", False)]
    assert stored.tally == Tally(canary=Arm(labelled=2, wrong=1))


def test_a_label_of_before_its_prediction_took_no_time(stored: Stored) -> None:
    """By a clock that is behind."""
    take(stored, a="red", at="2026-11-23T15:10:00Z")

    assert outcomes(stored)[0].seconds == 0


def test_an_outcome_says_of_whom_the_prediction_was(stored: Stored) -> None:
    rows: list[Any] = [{"grape": "Rülander", "year": 2019.0, "dry": True}, {"grape": "x" * 100, "year": None}]
    stored.predictions.put(
        [
            *(prediction(f"row-{place}", input=row) for place, row in enumerate(rows)),
            prediction("piece", text='{"'),
        ]
    )

    take(stored, of=project(slices=("grape", "year", "dry")), **{"row-0": "red", "row-1": "red", "piece": "red"})

    assert [dict(each.slices) for each in outcomes(stored)] == [
        {"grape": "", "year": "", "dry": ""},
        {"grape": "Rülander", "year": "2019", "dry": "true"},
        {"grape": "x" * LONGEST_SLICE, "year": "", "dry": ""},
    ]


def test_outcomes_fit_into_an_item_whatever_is_in_the_slices(stored: Stored) -> None:
    of = project(slices=tuple(f"🍷 {number}" for number in range(10)))
    row = dict.fromkeys(of.slices, "🍷" * 100)
    stored.predictions.put([prediction(f"p{n}", input=row) for n in range(250)])
    labels = {f"p{n}": "red" for n in range(250)}

    take(stored, of=of, at="2026-11-22T12:00:00Z", **labels)
    take(stored, of=of, **dict.fromkeys(labels, "white"))

    sizes = [len(json.dumps(record.data, separators=(",", ":"))) for record in stored.of_part(OUTCOMES)]
    assert max(sizes) < 390_000
    assert [len(each.outcomes) for each in told(stored)] == 2 * [42, 42, 42, 42, 42, 40]
    assert most_outcomes(of) == 42
    assert most_outcomes(project(slices=("x" * 100_000,))) == 1


def test_a_value_is_right_within_the_tolerance_and_counts_in_the_trial(stored: Stored) -> None:
    stored.predictions.put([prediction(each, answer={"value": 3.5}) for each in ("e", "f", "g")])

    assert take(stored, of=project(0.5), e=3.2, f="4", g=4.1).accepted == 3

    assert [(each.id, each.correct, each.error) for each in outcomes(stored)] == [
        ("e", True, pytest.approx(0.3)),
        ("f", True, -0.5),
        ("g", False, pytest.approx(-0.6)),
    ]
    assert stored.tally == Tally(canary=Arm(labelled=3, wrong=1))


def test_without_a_tolerance_the_label_of_a_value_is_kept_and_that_is_all(stored: Stored) -> None:
    stored.predictions.put([prediction("e", answer={"value": 3.5})])

    assert take(stored, of=project(), e=3, at="2026-11-22T12:00:00Z").accepted == 1
    assert take(stored, of=project(), e=4) == Taken(0, (), 1)

    assert told(stored) == []
    assert stored.tally == Tally()


def test_what_a_probe_asked_is_nobody_s_prediction(stored: Stored) -> None:
    stored.predictions.put([prediction("e", entity="heirloom-probe"), prediction("f", entity="passenger-13")])

    assert take(stored, e="red", f="red").accepted == 2

    assert [each.id for each in outcomes(stored)] == ["f"]


def test_corrections_of_two_versions_are_told_apart(stored: Stored) -> None:
    stored.predictions.put([replace(prediction("old"), version=3)])
    take(stored, a="white", old="white", at="2026-11-22T12:00:00Z")

    assert take(stored, a="red", old="red").corrected == 2

    corrected = [each for each in told(stored) if each.name.startswith("correction-")]
    assert sorted((each.version, *(one.id for one in each.outcomes)) for each in corrected) == [(3, "old"), (4, "a")]


def test_labels_that_overlap_count_once(stored: Stored) -> None:
    take(stored, a="red")
    take(stored, a="red", b="red")
    take(stored, b="red", a="red")

    assert stored.tally == Tally(canary=Arm(labelled=2))


def test_names_ids_of_no_prediction_of_this_model(stored: Stored) -> None:
    assert take(stored, a="red", nothing="red") == Taken(1, ("nothing",))
    assert take(stored, "beer", b="red") == Taken(0, ("b",))
    assert ("nothing", LABEL) not in stored.predictions.records


def test_what_the_champion_answered_in_the_canary_s_place_counts_for_neither(stored: Stored) -> None:
    """It is the champion's own, when it comes to the champion's accuracy."""
    stored.predictions.put([prediction("e", fallback=True)])

    assert take(stored, e="white").accepted == 1

    assert stored.tally == Tally()
    assert [(each.id, each.correct) for each in outcomes(stored)] == [("e", False)]


def test_a_row_in_pieces_may_be_labelled(stored: Stored) -> None:
    stored.predictions.put([Record("g", "prediction", "wine", 4, AT, {"release": None, "text": "{"})])

    assert take(stored, g="red") == Taken(1, ())
    assert told(stored) == []


def test_labels_that_were_kept_but_not_counted_are_counted_when_they_come_again(stored: Stored) -> None:
    count = stored.trials.count
    stored.trials.count = _raise  # type: ignore[method-assign,assignment]
    with pytest.raises(Unavailable):
        take(stored, a="red", b="white")

    stored.trials.count = count  # type: ignore[method-assign]
    take(stored, a="red", b="white")

    assert stored.tally == Tally(canary=Arm(labelled=2, wrong=1))


def test_two_requests_with_the_same_labels_at_once_count_each_label_once(stored: Stored) -> None:
    """Both have read that there is no label; then each is the first with one of them."""
    add = stored.predictions.add

    def add_after_the_other(record: Record) -> bool:
        if record.part == LABEL:
            stored.predictions.add = add  # type: ignore[method-assign]
            assert take(stored, b="white") == Taken(1, ())
        return add(record)

    stored.predictions.add = add_after_the_other  # type: ignore[method-assign]
    assert take(stored, a="red", b="white") == Taken(1, ())

    assert stored.tally == Tally(canary=Arm(labelled=2, wrong=1))


def test_who_meets_the_labels_of_a_request_that_is_at_work_counts_what_that_one_will_count(stored: Stored) -> None:
    """The other comes when `a` is kept and `b` is not yet: it keeps `b` as well, in the same batch."""
    add = stored.predictions.add

    def add_after_the_other(record: Record) -> bool:
        if record.key == ("b", LABEL):
            stored.predictions.add = add  # type: ignore[method-assign]
            assert take(stored, a="red") == Taken(0, ())
        return add(record)

    stored.predictions.add = add_after_the_other  # type: ignore[method-assign]
    take(stored, a="red", b="white")

    assert stored.tally == Tally(canary=Arm(labelled=2, wrong=1))


def test_labels_that_were_kept_but_not_counted_are_counted_when_they_come_again_in_parts(stored: Stored) -> None:
    stored.predictions.put([prediction("e"), prediction("f")])
    count = stored.trials.count
    stored.trials.count = _raise  # type: ignore[method-assign,assignment]
    with pytest.raises(Unavailable):
        take(stored, a="red", b="white", e="red", f="red")

    stored.trials.count = count  # type: ignore[method-assign]
    take(stored, a="red", b="white")
    take(stored, e="red", f="red")

    assert stored.tally == Tally(canary=Arm(labelled=4, wrong=1))


def test_labels_of_which_some_were_kept_are_all_kept_and_counted_when_one_comes_again(stored: Stored) -> None:
    add = stored.predictions.add
    stored.predictions.add = lambda record: _raise() if record.id == "b" else add(record)  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        take(stored, a="red", b="white", at="2026-11-22T12:00:00Z")

    stored.predictions.add = add  # type: ignore[method-assign]
    assert take(stored, a="red") == Taken(0, ())
    assert take(stored, b="red") == Taken(0, (), 1)

    assert stored.tally == Tally(canary=Arm(labelled=2, wrong=1))
    assert stored.predictions.records["b", LABEL].data["label"] == "white"


def test_a_batch_has_at_most_a_hundred_labels_of_one_version(stored: Stored) -> None:
    other = replace(prediction("old"), version=3)
    stored.predictions.put([other, *(prediction(f"p{n}", "champion") for n in range(250))])

    assert take(stored, old="red", **{f"p{n}": "red" for n in range(250)}).accepted == 251

    batches = [record for record in stored.predictions.records.values() if record.part == BATCH]
    assert sorted((batch.version, len(batch.data["labels"])) for batch in batches) == [
        (3, 1),
        (4, 50),
        (4, 100),
        (4, 100),
    ]
    assert stored.tally == Tally(champion=Arm(labelled=250), canary=Arm(labelled=1))


def test_a_label_whose_prediction_is_no_longer_kept_is_not_counted(stored: Stored) -> None:
    take(stored, a="red", c="red")
    del stored.predictions.records["c", "prediction"]

    assert take(stored, a="red", b="red") == Taken(1, ())

    assert stored.tally == Tally(champion=Arm(labelled=1), canary=Arm(labelled=2))


def _raise(*_: Any) -> bool:
    raise Unavailable("throttled")


def post(stored: Stored, model: str) -> tuple[int, dict[str, Any]]:
    """The status and the body of the answer to a label of a prediction and one of none."""
    route = Route("wine", 1, 0, {0: "heirloom-wine-v0"}, OPEN, Mark("deploy", AT, ""))
    routes = MemoryRoutes(MemoryLineage())
    routes.put(route, *history_of(route)[:1])
    call = http_entrypoint(
        handler.handle,
        routes=lambda: routes,
        predictions=lambda: stored.predictions,
        trials=lambda: stored.trials,
        answers=lambda: stored.answers,
        projects=lambda: stored.observer.projects,
        clock=lambda: lambda: NOW,
    )
    body = json.dumps({"labels": [{"id": "a", "label": "red"}, {"id": "x", "label": "red"}]})
    answer = call({"pathParameters": {"model": model}, "body": body}, None)
    return answer["statusCode"], json.loads(answer["body"])


def test_the_route_answers_how_many_it_took(stored: Stored) -> None:
    assert post(stored, "wine") == (200, {"accepted": 1, "unknown": ["x"], "corrected": 0})


def test_the_route_goes_by_the_project_as_it_is_deployed(stored: Stored) -> None:
    keep_project(stored.lineage, project(slices=("grape",)))

    post(stored, "wine")

    assert [dict(each.slices) for each in outcomes(stored)] == [{"grape": ""}]


def test_there_are_no_labels_of_a_model_that_is_none(stored: Stored) -> None:
    status, problem = post(stored, "wime")

    assert status == 404
    assert "there is no model 'wime'" in problem["detail"]
    assert ("a", LABEL) not in stored.predictions.records
