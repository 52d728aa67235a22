"""`heirloom batch` on the deployed stack: every row of the file is answered or reported, once."""

from __future__ import annotations

import csv
import functools
import io
import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from heirloom.core.storage import Location
from tests.embedded import unique
from tests.local.stack.client import Stack
from tests.local.stack.command import Command, Ran
from tests.local.stack.paint import coats

pytestmark = pytest.mark.xdist_group("stack")
MODEL = "paint"
HEADER = ["note", "thickness", "colour"]


Batch = Callable[..., Ran]


@pytest.fixture
def batch(command: Command) -> Batch:
    """Runs `heirloom batch paint` with these words."""
    return functools.partial(command, "batch", MODEL)


@pytest.fixture(scope="module")
def version(stack: Stack) -> int:
    """A trained version of the model."""
    return stack.train(MODEL, "for-batches.csv", coats(400))


@pytest.fixture
def folder(stack: Stack) -> str:
    """Where a batch writes."""
    return f"s3://{stack.outputs['ArtifactBucket']}/batch/{unique('tests')}/"


def text_of(rows: list[list[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([HEADER, *rows])
    return text.getvalue()


def good_rows(count: int) -> list[list[str]]:
    """Rows whose notes hold quotes, commas and newlines."""
    source = random.Random(count)
    notes = ["plain", 'a "thin" coat', "two\nlines", "grün, dann\r\nrot", ""]
    return [
        [f"{n} {source.choice(notes)}", f"{source.random():.4f}", source.choice(["red", "blue"])] for n in range(count)
    ]


def write(folder: Path, rows: list[list[str]], name: str = "coats.csv") -> Path:
    file = folder / name
    file.write_text(text_of(rows), newline="", encoding="utf-8")
    return file


def body_of(stack: Stack, uri: str) -> str:
    location = Location.from_uri(uri)
    found = stack.aws.client("s3").get_object(Bucket=location.bucket, Key=location.key)
    return str(found["Body"].read().decode())


def table(stack: Stack, uri: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body_of(stack, uri), newline=""), strict=True))


def parts_of(stack: Stack, folder: str) -> dict[str, Any]:
    """When each file of the parts was written, by its name."""
    location = Location.from_uri(f"{folder}parts/")
    listed = stack.aws.client("s3").list_objects_v2(Bucket=location.bucket, Prefix=location.key)
    return {each["Key"].rpartition("/")[2]: (each["Key"], each["LastModified"]) for each in listed["Contents"]}


@contextmanager
def endpoint_gone(stack: Stack, name: str) -> Iterator[None]:
    """Take an endpoint down, and make it again."""
    sagemaker = stack.aws.client("sagemaker")
    config = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    sagemaker.delete_endpoint(EndpointName=name)
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig={"Delay": 1})
    try:
        yield
    finally:
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})


def test_answers_every_row_of_several_parts(
    stack: Stack, batch: Batch, version: int, folder: str, tmp_path: Path
) -> None:
    rows = good_rows(45_000)

    ran = batch(write(tmp_path, rows), folder)

    assert ran.code == 0, ran.err
    assert ran.report["version"] == stack.release(MODEL)["route"]["champion"] >= version
    assert (ran.report["rows"], ran.report["answered"], ran.report["failed"]) == (45_000, 45_000, 0)
    assert ran.report["parts"] == 3
    header, *found = table(stack, f"{folder}result.csv")
    assert header == [*HEADER, "prediction_label", "prediction_probability", "prediction_version"]
    assert [row[:3] for row in found] == rows
    inputs = [{"thickness": float(thickness), "colour": colour} for _, thickness, colour in rows[:50]]
    asked = stack.predict(MODEL, inputs)[1]
    assert [row[3] for row in found[:50]] == [each["label"] for each in asked["predictions"]]
    assert table(stack, f"{folder}failed.csv") == [["failed_row", *HEADER, "failed_reason"]]
    assert json.loads(body_of(stack, f"{folder}report.json")) == ran.report


def test_reports_the_rows_that_can_t_be_answered(
    stack: Stack, batch: Batch, version: int, folder: str, tmp_path: Path
) -> None:
    rows = good_rows(3000)
    rows[16] = ["17", "thick", "red"]
    rows[1999] = ["2000", "0.2"]
    bad = {"17", "2000", *(str(n) for n in range(2501, 2601))}
    for place in range(2500, 2600):
        rows[place] = [rows[place][0], "a\nb", "red"]

    ran = batch(write(tmp_path, rows), folder)

    assert ran.code == 1
    assert (ran.report["answered"], ran.report["failed"]) == (2898, 102)
    failed = {row[0]: row for row in table(stack, f"{folder}failed.csv")[1:]}
    assert set(failed) == bad
    assert failed["17"][1:4] == ["17", "thick", "red"]
    assert failed["17"][4].startswith("thickness: expected a number")
    assert failed["2000"][4].startswith("expected 3 values as in the header, got 2")
    answered = table(stack, f"{folder}result.csv")[1:]
    assert [row[:3] for row in answered] == [row for n, row in enumerate(rows, start=1) if str(n) not in bad]


def test_finishes_what_an_earlier_run_left_and_asks_nothing_twice(
    stack: Stack, batch: Batch, version: int, folder: str, tmp_path: Path
) -> None:
    file = write(tmp_path, good_rows(45_001))
    first = batch(file, folder, "--version", version)
    assert first.code == 0, first.err
    result, before = body_of(stack, first.report["result"]), parts_of(stack, folder)
    bucket = Location.from_uri(folder).bucket
    stack.aws.client("s3").delete_object(Bucket=bucket, Key=before["part-00001.json"][0])

    with endpoint_gone(stack, stack.release(MODEL)["route"]["ready"][str(version)]):
        second = batch(file, folder, "--version", version)
    third = batch(file, folder, "--version", version)

    assert second.code == 1
    assert "the same command goes on where this one ended" in second.err
    assert third.code == 0, third.err
    assert (third.report["rows"], third.report["answered"]) == (45_001, 45_001)
    assert body_of(stack, third.report["result"]) == result
    after = parts_of(stack, folder)
    assert after.keys() == before.keys()
    rewritten = {name for name in after if after[name] != before[name]}
    assert rewritten - {"plan.json"} == {"part-00001.csv", "failed-00001.csv", "part-00001.json"}


def test_a_baseline_answers_too(stack: Stack, batch: Batch, folder: str, tmp_path: Path) -> None:
    ran = batch(write(tmp_path, [["a", "0.2", "red"], ["b", "0.9", "red"]]), folder, "--version", 0)

    assert ran.code == 0, ran.err
    assert [row[3:] for row in table(stack, f"{folder}result.csv")[1:]] == [["yes", "", "0"], ["no", "", "0"]]


def test_a_header_alone_is_a_batch_without_rows(
    stack: Stack, batch: Batch, version: int, folder: str, tmp_path: Path
) -> None:
    ran = batch(write(tmp_path, []), folder)

    assert ran.code == 0, ran.err
    assert (ran.report["rows"], ran.report["requests"]) == (0, 0)
    assert len(table(stack, f"{folder}result.csv")) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "a header and rows, got an empty file"),
        ("note,thickness\na,0.2\n", "the column colour"),
        ('note,thickness,colour\na,0.2,"red\n', "each quote closed"),
    ],
    ids=["empty", "missing column", "open quote"],
)
def test_refuses_what_is_no_file_of_the_model(
    stack: Stack, batch: Batch, version: int, folder: str, tmp_path: Path, text: str, reason: str
) -> None:
    file = tmp_path / "wrong.csv"
    file.write_text(text)

    ran = batch(file, folder)

    assert ran.code == 2
    assert reason in ran.err


def test_reads_an_upload_where_it_is(stack: Stack, batch: Batch, version: int, folder: str) -> None:
    source = f"s3://{stack.outputs['DataBucket']}/{MODEL}/for-batches.csv"

    ran = batch(source, folder)

    assert ran.code == 0, ran.err
    assert ran.report["answered"] == 400
    assert ran.report["source"] == source


def test_says_what_there_is_to_do(stack: Stack, batch: Batch, version: int, folder: str, tmp_path: Path) -> None:
    ran = batch(write(tmp_path, good_rows(25_000)), folder, "--version", version, "--dry-run")

    assert ran.code == 0, ran.err
    assert {name: ran.report[name] for name in ("version", "rows", "parts", "requests")} == {
        "version": version,
        "rows": 25_000,
        "parts": 2,
        "requests": 8,
    }
    assert sorted(ran.report["columns"]) == ["colour", "thickness"]
    location = Location.from_uri(folder)
    listed = stack.aws.client("s3").list_objects_v2(Bucket=location.bucket, Prefix=location.key)
    assert listed["KeyCount"] == 0


def test_writes_nowhere_but_where_it_may(stack: Stack, batch: Batch, version: int, tmp_path: Path) -> None:
    bucket = stack.outputs["ArtifactBucket"]

    ran = batch(write(tmp_path, good_rows(3)), f"s3://{bucket}/runs/")

    assert ran.code == 1
    assert "AccessDenied" in ran.err


def test_joins_the_batch_that_runs(stack: Stack, batch: Batch, version: int, folder: str, tmp_path: Path) -> None:
    file = write(tmp_path, good_rows(20_001))

    started = [batch(file, folder, "--no-wait").report["execution"] for _ in range(2)]
    ran = batch(file, folder)

    assert len(set(started)) == 1
    assert ran.code == 0, ran.err
    assert ran.report["answered"] == 20_001
