"""The rows of a part, answered or failed, never lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from heirloom.core.batch import asking
from heirloom.core.batch.asking import LARGEST_REQUEST, PAUSES, next_size
from heirloom.core.batch.part import cell_of
from heirloom.core.errors import Conflict, Invalid, ModelFailed, Problem, Unavailable
from heirloom.core.storage import Location
from tests.unit.batch.world import ENDPOINT, SOURCE, TARGET, BatchWorld, coats

HEADER = "id,thickness,colour\n"


def only_part(batch: BatchWorld, text: str | bytes) -> dict[str, Any]:
    batch.upload(text)
    (item,) = batch.items(batch.split())
    return item


def written(batch: BatchWorld, item: dict[str, Any], name: str) -> list[list[str]]:
    return batch.table(item["plan"].replace("plan.json", name))[1:]


def reasons(batch: BatchWorld, item: dict[str, Any]) -> dict[str, str]:
    return {row[0]: row[-1] for row in written(batch, item, "failed-00000.csv")}


def test_writes_the_prediction_beside_the_columns_of_the_row(batch: BatchWorld) -> None:
    item = only_part(batch, HEADER + 'one,0.2,red\n"two\nlines",0.9,"a ""b"", c"\n')

    batch.predict(item)

    assert written(batch, item, "part-00000.csv") == [
        ["one", "0.2", "red", "yes", "0.75", "3"],
        ["two\nlines", "0.9", 'a "b", c', "no", "0.75", "3"],
    ]
    assert batch.painter.headers == {("thickness", "colour")}


def test_asks_in_requests_that_the_server_takes(batch: BatchWorld) -> None:
    receipt = batch.predict(only_part(batch, coats(12_000)))

    assert batch.painter.rows == [1024, 4096, 4096, 2784]
    assert (receipt["rows"], receipt["answered"], receipt["requests"]) == (12_000, 12_000, 4)


def test_asks_a_slow_model_about_fewer_rows(batch: BatchWorld) -> None:
    batch.painter.seconds_a_row = 0.02

    batch.predict(only_part(batch, coats(2000)))

    assert batch.painter.rows == [1024, 250, 250, 250, 226]


@pytest.mark.parametrize(("size", "seconds", "expected"), [(1024, 0, 4096), (10, 0.1, 40), (1024, 50, 102), (1, 60, 1)])
def test_the_next_request_takes_about_five_seconds(size: int, seconds: float, expected: int) -> None:
    assert next_size(size, seconds) == expected


def test_a_request_stays_below_what_an_endpoint_takes(batch: BatchWorld) -> None:
    batch.upload(HEADER + "".join(f"{n},0.2,{'r' * 100_000}\n" for n in range(60)))

    for item in batch.items(batch.split()):
        batch.predict(item)

    assert sum(batch.painter.rows) == 60
    assert max(len(body) for _, body in batch.endpoints.asked) <= LARGEST_REQUEST


def test_a_row_that_is_too_large_fails(batch: BatchWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "LARGEST_REQUEST", 100)
    item = only_part(batch, HEADER + f"1,0.2,red\n2,0.2,{'r' * 100}\n3,0.9,red\n")

    batch.predict(item)

    assert reasons(batch, item) == {"2": "expected at most 100 bytes, got 122"}
    assert [row[0] for row in written(batch, item, "part-00000.csv")] == ["1", "3"]


def test_a_row_that_is_refused_fails_with_the_field_and_the_others_are_asked_again(batch: BatchWorld) -> None:
    item = only_part(batch, HEADER + "1,0.2,red\n2,thick,red\n3,0.9,red\n")

    receipt = batch.predict(item)

    assert written(batch, item, "failed-00000.csv") == [
        ["2", "2", "thick", "red", 'thickness: expected a number or null, got "thick"']
    ]
    assert [row[0] for row in written(batch, item, "part-00000.csv")] == ["1", "3"]
    assert (receipt["rows"], receipt["answered"], receipt["failed"], receipt["requests"]) == (3, 2, 1, 2)


def test_finds_all_bad_rows_where_a_refusal_names_but_twenty(batch: BatchWorld) -> None:
    text = HEADER + "".join(f"{n},{'thick' if n % 3 == 0 else 0.2},red\n" for n in range(1, 1001))
    item = only_part(batch, text)

    receipt = batch.predict(item)

    assert [row[1] for row in written(batch, item, "failed-00000.csv")] == [str(n) for n in range(3, 1001, 3)]
    assert (receipt["answered"], receipt["failed"]) == (667, 333)
    assert receipt["requests"] < 100


@pytest.mark.parametrize("rows", [1, 20, 21, 50])
def test_rows_may_be_bad_all_of_them(batch: BatchWorld, rows: int) -> None:
    receipt = batch.predict(only_part(batch, HEADER + "1,thick,red\n" * rows))

    assert (receipt["answered"], receipt["failed"]) == (0, rows)


def test_rows_that_are_bad_all_of_them_are_not_sent_again_and_again(batch: BatchWorld) -> None:
    """Where a refusal names as many as it can, halves are asked: 4860 rows are sent. Asked together, the rows that are
    left after each twenty would be 25500, and the square of that for more."""
    batch.predict(only_part(batch, HEADER + "1,thick,red\n" * 1000))

    assert sum(batch.painter.rows) < 5000


def test_tells_every_reason_of_a_row(batch: BatchWorld) -> None:
    fields = (
        Problem("inputs[0].a", "a number"),
        Problem("inputs[0].b", "a text"),
        Problem("inputs[1]", "a record"),
        Problem("inputs[7].c", "no such row"),
    )
    batch.endpoints.answers[ENDPOINT] = Invalid("wrong", fields)
    item = only_part(batch, HEADER + "1,0.2,red\n2,0.2,red\n")

    batch.predict(item)

    assert reasons(batch, item) == {"1": "a: expected a number; b: expected a text", "2": "expected a record"}


def test_a_row_of_another_width_fails_and_is_kept_whole(batch: BatchWorld) -> None:
    item = only_part(batch, HEADER + '1,0.2\n2,0.2,red,"more, and more"\n3,0.2,red\n')

    batch.predict(item)

    assert written(batch, item, "failed-00000.csv") == [
        ["1", "1", "0.2", "", "expected 3 values as in the header, got 2: 1,0.2"],
        ["2", "2", "0.2", "red", 'expected 3 values as in the header, got 4: 2,0.2,red,"more, and more"'],
    ]
    assert batch.painter.rows == [1]


def test_finds_the_row_that_makes_the_model_fail(batch: BatchWorld) -> None:
    text = coats(1000).replace("c700,0.0,red", "c700,0.0,explosive")
    item = only_part(batch, text)

    receipt = batch.predict(item)

    assert reasons(batch, item) == {"700": "the model at heirloom-paint-v3 failed: it exploded"}
    assert (receipt["answered"], receipt["failed"]) == (999, 1)
    assert receipt["requests"] < 30


def test_finds_the_row_that_a_refusal_does_not_name(batch: BatchWorld) -> None:
    item = only_part(batch, HEADER + "1,0.2,red\n2,0.2,unspeakable\n3,0.2,red\n")

    batch.predict(item)

    assert reasons(batch, item) == {"2": "the model refuses the input: unspeakable"}


def test_a_model_that_fails_at_many_rows_ends_the_part(batch: BatchWorld) -> None:
    item = only_part(batch, HEADER + "1,0.2,explosive\n" * 101)

    with pytest.raises(ModelFailed, match="it exploded"):
        batch.predict(item)


def test_waits_ever_longer_for_an_endpoint_that_is_busy(batch: BatchWorld) -> None:
    busy = iter([Unavailable("throttled"), Unavailable("throttled")])
    batch.endpoints.answers[ENDPOINT] = lambda body: next(busy, None) or batch.painter(body)
    item = only_part(batch, coats(3))

    receipt = batch.predict(item)

    assert batch.watch.slept == list(PAUSES[:2])
    assert (receipt["answered"], receipt["requests"]) == (3, 3)


def test_an_endpoint_that_is_gone_ends_the_part_and_leaves_nothing(batch: BatchWorld) -> None:
    batch.endpoints.answers.pop(ENDPOINT)
    item = only_part(batch, coats(3))

    with pytest.raises(Unavailable):
        batch.predict(item)

    assert batch.watch.slept == list(PAUSES)
    assert not [key for key in batch.objects.keys("artifacts") if "part-" in key]


def test_a_part_that_is_done_is_not_asked_again(batch: BatchWorld) -> None:
    item = only_part(batch, coats(3))
    first = batch.predict(item)

    assert batch.predict(item) == first
    assert len(batch.endpoints.asked) == 1


def test_a_part_without_its_receipt_is_not_done(batch: BatchWorld) -> None:
    """The receipt is written last: who finds it finds the other two."""
    item = only_part(batch, coats(3))
    batch.predict(item)
    folder = item["plan"].removesuffix("plan.json")
    receipt = Location.from_uri(f"{folder}part-00000.json")
    batch.objects.hide(batch.objects.describe(receipt).location)

    batch.predict(item)

    assert len(batch.endpoints.asked) == 2


def test_a_file_that_was_replaced_meanwhile_is_no_longer_read(batch: BatchWorld) -> None:
    """In a bucket that keeps no versions; in others the version that was cut is read."""
    item = only_part(batch, coats(3))
    plan_uri = Location.from_uri(item["plan"])
    document = json.loads(b"".join(batch.objects.read(plan_uri)))
    document["source"]["location"]["version_id"] = None
    batch.objects.write(plan_uri, json.dumps(document).encode(), "application/json")
    batch.upload(coats(4))

    with pytest.raises(Conflict, match="replaced"):
        batch.predict(item)


def test_a_part_that_is_not_where_it_was_cut_is_not_answered(batch: BatchWorld) -> None:
    item = only_part(batch, coats(3))

    with pytest.raises(Conflict, match=f"part 0 of {SOURCE} has 3 rows, not 2"):
        batch.predict({**item, "part": {**item["part"], "rows": 2}})


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, ""), ("yes", "yes"), (True, "true"), (1998, "1998"), (0.1, "0.1"), (1e-9, "1e-09")],
)
def test_a_prediction_s_values_are_texts_as_they_are_or_json(value: Any, expected: str) -> None:
    assert cell_of(value) == expected


def test_an_answer_without_a_probability_leaves_its_cell_empty(batch: BatchWorld) -> None:
    batch.endpoints.answers[ENDPOINT] = {"predictions": [{"label": True, "probability": None}]}
    item = only_part(batch, coats(1))

    batch.predict(item)

    assert written(batch, item, "part-00000.csv") == [["c1", "0.1", "red", "true", "", "3"]]


def test_an_answer_of_too_few_rows_is_none(batch: BatchWorld) -> None:
    batch.endpoints.answers[ENDPOINT] = {"predictions": []}

    with pytest.raises(Unavailable, match="did not answer one prediction a row"):
        batch.predict(only_part(batch, coats(1)))


def test_a_part_s_files_are_beside_the_plan(batch: BatchWorld) -> None:
    item = only_part(batch, coats(3))
    batch.predict(item)

    folder = item["plan"].removeprefix("s3://artifacts/").removesuffix("plan.json")
    assert folder.startswith(TARGET.removeprefix("s3://artifacts/"))
    assert {key.removeprefix(folder) for key in batch.objects.keys("artifacts") if key.startswith(folder)} == {
        *("plan.json", "manifest.json", "part-00000.csv", "failed-00000.csv", "part-00000.json")
    }
