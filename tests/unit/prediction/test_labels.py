"""What really happened, told later: kept once, counted once."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from heirloom.adapters.memory import MemoryLineage, MemoryRoutes
from heirloom.core.errors import Invalid, Unavailable
from heirloom.core.prediction.labels import LONGEST_ID, LONGEST_LABEL, MOST_LABELS, Taken, labels_of, take_labels
from heirloom.core.prediction.records import BATCH, LABEL, Record
from heirloom.core.release.route import OPEN, Mark, Route, history_of
from heirloom.core.release.trial import Arm, Tally
from heirloom.handlers import take_labels as handler
from heirloom.handlers.edge import http_entrypoint
from tests.unit.prediction.routes import NOW
from tests.unit.prediction.test_recording import Stored

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


def take(stored: Stored, model: str = "wine", **labels: Any) -> Taken:
    document = {"labels": [{"id": identity, "label": label} for identity, label in labels.items()]}
    return take_labels(model, document, stored.predictions, stored.trials, stored.answers, NOW)


def test_counts_labels_in_the_arm_of_their_predictions(stored: Stored) -> None:
    assert take(stored, a="red", b="white", c="white", d="white") == Taken(4, ())

    assert stored.tally == Tally(champion=Arm(labelled=1, wrong=1), canary=Arm(labelled=2, wrong=1))
    assert stored.predictions.records["b", LABEL].data["label"] == "white"


def test_the_first_label_counts(stored: Stored) -> None:
    take(stored, a="white")

    assert take(stored, a="red") == Taken(0, ())

    assert stored.predictions.records["a", LABEL].data["label"] == "white"
    assert stored.tally == Tally(canary=Arm(labelled=1, wrong=1))


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
    stored.predictions.put([prediction("e", fallback=True), prediction("f", answer={"value": 3.5})])

    assert take(stored, e="white", f=3.5).accepted == 2

    assert stored.tally == Tally()


def test_a_row_in_pieces_may_be_labelled(stored: Stored) -> None:
    stored.predictions.put([Record("g", "prediction", "wine", 4, AT, {"release": None, "text": "{"})])

    assert take(stored, g="red") == Taken(1, ())


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
    """The other comes when `b` is kept and `a` is not yet: it keeps `a` as well, in the same batch."""
    add = stored.predictions.add

    def add_after_the_other(record: Record) -> bool:
        if record.key == ("a", LABEL):
            stored.predictions.add = add  # type: ignore[method-assign]
            assert take(stored, b="red") == Taken(0, ())
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
    stored.predictions.add = lambda record: _raise() if record.id == "a" else add(record)  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        take(stored, a="red", b="white")

    stored.predictions.add = add  # type: ignore[method-assign]
    assert take(stored, b="red") == Taken(0, ())
    assert take(stored, a="white") == Taken(0, ())

    assert stored.tally == Tally(canary=Arm(labelled=2, wrong=1))
    assert stored.predictions.records["a", LABEL].data["label"] == "red"


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
        ({"labels": [{"id": "", "label": 1}]}, "labels[0]"),
        ({"labels": [{"id": 3, "label": 1}]}, "labels[0]"),
        ({"labels": [{"id": "a", "label": 1}, {"id": "a" * (LONGEST_ID + 1), "label": 1}]}, "labels[1]"),
        ({"labels": [{"id": "a", "label": None}]}, "labels[0]"),
        ({"labels": [{"id": "a", "label": "x" * (LONGEST_LABEL - 1)}]}, "labels[0]"),
        ({"labels": [{"id": "a", "label": 10**LONGEST_LABEL}]}, "labels[0]"),
        ({"labels": [{"id": "a", "label": 1, "at": 2}]}, "labels[0]"),
    ],
)
def test_names_what_is_wrong_with_a_request(document: object, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        labels_of(document)

    assert [problem.where for problem in refused.value.problems] == [field]


def test_takes_ids_and_labels_as_long_as_it_says() -> None:
    identity, label = "a" * LONGEST_ID, "x" * (LONGEST_LABEL - 2)

    assert labels_of({"labels": [{"id": identity, "label": label}]}) == {identity: label}


def test_of_two_labels_in_one_request_the_first_counts() -> None:
    assert labels_of({"labels": [{"id": "a", "label": 1}, {"id": "a", "label": 2}]}) == {"a": 1}


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
        clock=lambda: lambda: NOW,
    )
    body = json.dumps({"labels": [{"id": "a", "label": "red"}, {"id": "x", "label": "red"}]})
    answer = call({"pathParameters": {"model": model}, "body": body}, None)
    return answer["statusCode"], json.loads(answer["body"])


def test_the_route_answers_how_many_it_took(stored: Stored) -> None:
    assert post(stored, "wine") == (200, {"accepted": 1, "unknown": ["x"]})


def test_there_are_no_labels_of_a_model_that_is_none(stored: Stored) -> None:
    status, problem = post(stored, "wime")

    assert status == 404
    assert "there is no model 'wime'" in problem["detail"]
    assert ("a", LABEL) not in stored.predictions.records
