"""From an order to a plan."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from heirloom.core.batch import split
from heirloom.core.batch.plan import Order, read_plan
from heirloom.core.batch.split import LARGEST, Cut, cut
from heirloom.core.errors import Invalid, InvalidData, NotFound
from heirloom.core.storage import Stored
from tests.unit.batch.world import ENDPOINT, OUT, PROJECT, SOURCE, TARGET, BatchWorld, coats


def ranges(found: Cut) -> list[tuple[int, int, int, int]]:
    return [(part.first_byte, part.last_byte, part.first_row, part.rows) for part in found.parts]


def test_cuts_after_so_many_bytes() -> None:
    assert ranges(cut([b"a,b\n1,2\n3,4\n\n5,6\n"], part_bytes=5)) == [(4, 11, 1, 2), (12, 16, 3, 1)]


def test_cuts_after_so_many_rows() -> None:
    assert ranges(cut([b"a\n1\n2\n3\n"], part_rows=2)) == [(2, 5, 1, 2), (6, 7, 3, 1)]


def test_s3_itself_copies_what_the_parts_leave_though_a_tenth_of_the_rows_failed(batch: BatchWorld) -> None:
    rows = (f"{n},{'x' * 980},0.2{',red' if n % 10 else ''}\n" for n in range(14_000))
    batch.upload("id,note,thickness,colour\n" + "".join(rows))

    *full, _ = [batch.predict(item) for item in batch.items(batch.split())]

    assert len(full) == 2
    assert all(receipt["failed"] * 9 >= receipt["answered"] for receipt in full)
    assert min(receipt["answered_bytes"] for receipt in full) >= 5 * 2**20  # the least part of a multipart upload


def test_the_parts_have_every_byte_below_the_header_once() -> None:
    body = coats(1000).encode()

    found = cut([body], part_bytes=1000)

    assert found.rows == 1000
    assert found.parts[0].first_byte == len(b"id,thickness,colour\n")
    assert found.parts[-1].last_byte == len(body) - 1
    assert all(one.last_byte + 1 == next_.first_byte for one, next_ in zip(found.parts, found.parts[1:], strict=False))


def test_a_header_alone_is_one_part_without_rows() -> None:
    found = cut([b"a,b\n"])

    assert (found.header, found.rows, found.requests, len(found.parts)) == (("a", "b"), 0, 0, 1)


def test_blank_lines_at_the_end_are_no_part() -> None:
    assert len(cut([b"a\n1\n\n\n"], part_rows=1).parts) == 1


@pytest.mark.parametrize(("rows", "expected"), [(0, 0), (1, 1), (1024, 1), (1025, 2), (5120, 2), (10_000, 4)])
def test_counts_the_requests_that_it_takes(batch: BatchWorld, rows: int, expected: int) -> None:
    text = coats(rows)
    batch.upload(text)

    assert cut([text.encode()]).requests == expected
    assert batch.run()["requests"] == expected


@pytest.mark.parametrize("body", [b"", b"\n\n"])
def test_refuses_an_empty_file(batch: BatchWorld, body: bytes) -> None:
    batch.upload(body)

    with pytest.raises(InvalidData, match="a header and rows, got an empty file"):
        batch.split()


def test_plans_for_the_champion_of_now(batch: BatchWorld) -> None:
    batch.upload(coats(3))

    answer = batch.split()

    plan = read_plan(answer["uri"], batch.objects)
    assert (plan.version, plan.endpoint, plan.rows, plan.parts) == (3, ENDPOINT, 3, 1)
    assert answer["uri"].startswith(f"{TARGET}parts/paint-v3-")
    assert {name: answer[name] for name in ("version", "rows", "parts", "concurrency")} == {
        "version": 3,
        "rows": 3,
        "parts": 1,
        "concurrency": 4,
    }


def test_plans_for_the_version_that_is_asked_for(batch: BatchWorld) -> None:
    batch.upload(coats(3))

    assert batch.split(version=0)["version"] == 0


def test_sends_the_features_in_the_order_of_the_model_and_keeps_all_columns(batch: BatchWorld) -> None:
    batch.upload("colour,id,thickness\nred,7,0.2\n")

    plan = read_plan(batch.split()["uri"], batch.objects)

    assert (plan.sent, plan.kept) == ((2, 0), (0, 1, 2))


def test_a_baseline_is_sent_the_features_of_its_project(batch: BatchWorld) -> None:
    batch.upload("id,thickness,colour\n7,0.2,red\n")

    assert read_plan(batch.split(version=0)["uri"], batch.objects).sent == (1, 2)


def test_a_baseline_that_names_no_features_is_sent_everything(batch: BatchWorld) -> None:
    batch.deploy(data={"label": "dry"})
    batch.upload("id,thickness,colour\n7,0.2,red\n")

    assert read_plan(batch.split(version=0)["uri"], batch.objects).sent == (0, 1, 2)


def test_replaces_the_columns_of_an_earlier_batch(batch: BatchWorld) -> None:
    batch.upload("failed_row,thickness,colour,failed_reason\n4,0.2,red,too thick\n")

    plan = read_plan(batch.split()["uri"], batch.objects)

    assert plan.failed_header() == ["failed_row", "thickness", "colour", "failed_reason"]
    assert plan.result_header() == [
        "thickness",
        "colour",
        "prediction_label",
        "prediction_probability",
        "prediction_version",
    ]


def test_a_regression_answers_values(batch: BatchWorld) -> None:
    objective = {**PROJECT["objective"], "metric": "r2"}
    batch.deploy(data={**PROJECT["data"], "task": "regression"}, objective=objective)
    batch.upload(coats(1))

    assert read_plan(batch.split()["uri"], batch.objects).answers == ("value",)


@pytest.mark.parametrize(
    ("serving", "expected"),
    [
        ({"form": "serverless", "max_concurrency": 1}, 1),
        ({"form": "serverless", "max_concurrency": 20}, 19),
        ({"form": "realtime", "max_instances": 3}, 6),
    ],
)
def test_leaves_room_for_other_callers(batch: BatchWorld, serving: dict[str, Any], expected: int) -> None:
    batch.deploy(serving=serving)
    batch.upload(coats(1))

    assert batch.split()["concurrency"] == expected


def test_plans_once_for_the_same_file_and_version(batch: BatchWorld) -> None:
    batch.upload(coats(3))
    first = batch.split()
    reads = batch.objects.keys(OUT)

    assert batch.split() == first
    assert batch.objects.keys(OUT) == reads


def test_plans_anew_for_a_file_that_changed(batch: BatchWorld) -> None:
    batch.upload(coats(3))
    first = batch.split()
    batch.upload(coats(4))

    assert batch.split()["uri"] != first["uri"]


def test_plans_anew_when_another_version_answers(batch: BatchWorld) -> None:
    batch.upload(coats(3))
    first = batch.split()
    batch.route(0)

    assert batch.split()["uri"] != first["uri"]


def test_a_column_that_is_missing_is_named_with_what_it_may_be(batch: BatchWorld) -> None:
    batch.upload("id,thickness,color\n7,0.2,red\n")

    with pytest.raises(InvalidData, match=r"the column colour.*color.*trained on"):
        batch.split()


def test_refuses_a_column_that_is_there_twice(batch: BatchWorld) -> None:
    batch.upload("thickness,colour,colour\n0.2,red,red\n")

    with pytest.raises(InvalidData, match="each column once, got colour more than once"):
        batch.split()


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ({"model": "varnish"}, "no model 'varnish'"),
        ({"version": 9}, "version 9 of paint has no endpoint in service; those that have one: 0, 3"),
        ({"source": "s3://data/paint/none.csv"}, "s3://data/paint/none.csv"),
    ],
)
def test_does_not_find_what_is_not_there(batch: BatchWorld, order: dict[str, Any], reason: str) -> None:
    batch.upload(coats(1))

    with pytest.raises(NotFound, match=reason):
        batch.split(**order)


def test_does_not_find_a_version_that_the_lineage_lacks(batch: BatchWorld) -> None:
    batch.upload(coats(1))
    route = batch.routes.get("paint")
    batch.routes._routes["paint"] = replace(route, champion=4, ready={**route.ready, 4: "heirloom-paint-v4"})

    with pytest.raises(NotFound, match="version 4 of paint is not in the lineage"):
        batch.split()


def test_refuses_a_file_that_one_pass_takes_too_long_for(batch: BatchWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    batch.upload(coats(1))
    found = batch.objects.describe
    monkeypatch.setattr(batch.objects, "describe", lambda each: Stored(found(each).location, "e", LARGEST + 1))

    with pytest.raises(Invalid, match="cut it into several files"):
        batch.split()


def test_refuses_more_parts_than_can_be_joined_in_time(batch: BatchWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split, "MOST_PARTS", 1)
    batch.upload(coats(20_001))

    with pytest.raises(InvalidData, match=r"cut it into several files\), got 20001"):
        batch.split()


@pytest.mark.parametrize("order", [{"source": "coats.csv"}, {"target": "s3://"}])
def test_refuses_an_address_that_is_none(order: dict[str, str]) -> None:
    with pytest.raises(Invalid, match="expected s3://bucket/key"):
        Order.from_document({"model": "paint", "source": SOURCE, "target": TARGET, **order})


def test_an_order_is_the_input_of_an_execution() -> None:
    order = Order("paint", SOURCE, TARGET, 3)

    assert Order.from_document(json.loads(json.dumps(order.to_document()))) == order
    assert Order.from_document({**order.to_document(), "target": TARGET.rstrip("/")}) == order
