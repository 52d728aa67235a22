"""The parts become one result, and every row is accounted for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from heirloom.adapters.memory import MemoryObjects
from heirloom.core.batch import split
from heirloom.core.batch.join import AT_ONCE
from heirloom.core.errors import Conflict, Unavailable
from heirloom.core.storage import Location
from tests.unit.batch.world import AT, ENDPOINT, SOURCE, TARGET, BatchWorld, coats


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten rows a part."""
    monkeypatch.setattr(split.cut, "__defaults__", (split.PART_BYTES, 10))


def test_puts_the_parts_together_with_one_header(batch: BatchWorld) -> None:
    batch.upload(coats(25).replace("c14,0.4,", "c14,thick,"))

    report = batch.run()

    header, *rows = batch.table(f"{TARGET}result.csv")
    assert header == ["id", "thickness", "colour", "prediction_label", "prediction_probability", "prediction_version"]
    assert [row[0] for row in rows] == [f"c{n}" for n in range(1, 26) if n != 14]
    assert batch.table(f"{TARGET}failed.csv") == [
        ["failed_row", "id", "thickness", "colour", "failed_reason"],
        ["14", "c14", "thick", "red", 'thickness: expected a number or null, got "thick"'],
    ]
    assert report == {
        "model": "paint",
        "version": 3,
        "source": SOURCE,
        "result": f"{TARGET}result.csv",
        "failures": f"{TARGET}failed.csv",
        "rows": 25,
        "answered": 24,
        "failed": 1,
        "parts": 3,
        "requests": 4,
        "asked_seconds": 0.0,
        "finished_at": AT,
    }
    assert json.loads(b"".join(batch.objects.read(Location.from_uri(f"{TARGET}report.json")))) == report


def test_a_header_alone_becomes_a_header(batch: BatchWorld) -> None:
    batch.upload("id,thickness,colour\n")

    report = batch.run()

    assert (report["rows"], report["answered"], report["failed"]) == (0, 0, 0)
    assert [len(batch.table(f"{TARGET}{name}.csv")) for name in ("result", "failed")] == [1, 1]
    assert batch.endpoints.asked == []


def test_failed_rows_can_be_mended_and_sent_again(batch: BatchWorld) -> None:
    batch.upload("id,thickness,colour\n1,thick,red\n2,0.9,red\n")
    batch.run()
    failed = b"".join(batch.objects.read(Location.from_uri(f"{TARGET}failed.csv")))
    mended = "s3://data/paint/mended.csv"
    batch.upload(failed.replace(b"1,1,thick", b"1,1,0.1"), mended)

    report = batch.run(source=mended, target="s3://artifacts/batch/paint/mended/")

    assert (report["answered"], report["failed"]) == (1, 0)
    assert [row[:4] for row in batch.table(report["result"])[1:]] == [["1", "0.1", "red", "yes"]]


def test_a_second_run_asks_only_what_the_first_one_left(batch: BatchWorld) -> None:
    batch.upload(coats(30))
    plan = batch.split()
    first, second, third = batch.items(plan)
    batch.predict(first)
    batch.endpoints.answers.pop(ENDPOINT)
    with pytest.raises(Unavailable):
        batch.predict(second)
    batch.predict(first)
    batch.endpoints.answers[ENDPOINT] = batch.painter
    batch.predict(third)
    asked = len(batch.painter.rows)

    report = batch.run()

    assert len(batch.painter.rows) - asked == 1
    assert (report["rows"], report["answered"], report["parts"]) == (30, 30, 3)


def test_one_batch_has_one_version_though_the_route_moves_meanwhile(batch: BatchWorld) -> None:
    batch.upload(coats(20))
    plan = batch.split()
    first, second = batch.items(plan)
    batch.predict(first)
    batch.route(0)
    batch.predict(second)

    report = batch.join(plan)

    assert report["version"] == 3
    assert {row[-1] for row in batch.table(report["result"])[1:]} == {"3"}
    assert {endpoint for endpoint, _ in batch.endpoints.asked} == {ENDPOINT}


class Crowded(MemoryObjects):
    """Gives no receipt before AT_ONCE of them are asked for; ``most`` were asked for at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self._together, self._lock = threading.Barrier(AT_ONCE, timeout=5), threading.Lock()
        self._now = self.most = 0

    def read(self, location: Location) -> Iterator[bytes]:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        if location.key.rpartition("/")[2].startswith("part-"):
            self._together.wait()
        with self._lock:
            self._now -= 1
        return super().read(location)


def test_reads_the_receipts_side_by_side(batch: BatchWorld) -> None:
    batch.upload(coats(20 * AT_ONCE))
    plan = batch.split()
    for item in batch.items(plan):
        batch.predict(item)
    crowded = Crowded()
    crowded._versions = batch.objects._versions
    batch.objects = crowded

    report = batch.join(plan)

    assert (report["parts"], report["answered"]) == (2 * AT_ONCE, 20 * AT_ONCE)
    assert crowded.most == AT_ONCE


def test_says_which_part_is_missing(batch: BatchWorld) -> None:
    batch.upload(coats(20))
    plan = batch.split()
    batch.predict(batch.items(plan)[0])

    with pytest.raises(Conflict, match=r"part 1 of 2 .* is not done: start the batch again"):
        batch.join(plan)


def test_joins_nothing_where_rows_do_not_add_up(batch: BatchWorld) -> None:
    batch.upload(coats(20))
    plan = batch.split()
    for item in batch.items(plan):
        batch.predict(item)
    place = Location.from_uri(plan["uri"].replace("plan.json", "part-00001.json"))
    receipt = json.loads(b"".join(batch.objects.read(place)))
    batch.objects.write(place, json.dumps({**receipt, "answered": 9}).encode(), "application/json")

    with pytest.raises(Conflict, match="of 20 rows, 20 were read, 19 answered and 0 failed: delete the folder"):
        batch.join(plan)

    assert Path(TARGET, "result.csv").name not in {Path(key).name for key in batch.objects.keys("artifacts")}
