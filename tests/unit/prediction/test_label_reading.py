"""A file of labels, from its event to its result, in one call or in many."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from heirloom.adapters.label_files import StoredLabelFiles
from heirloom.adapters.memory import MemoryPredictions
from heirloom.core.errors import Invalid, Problem, Unavailable
from heirloom.core.prediction import label_reading
from heirloom.core.prediction.label_reading import AT_ONCE, PAUSES, Taking, problems_by_row
from heirloom.core.prediction.label_report import MOST_PROBLEMS
from heirloom.core.prediction.records import CORRECTION, LABEL, OUTCOMES, Key, Record
from heirloom.core.project.recent import RecentProjects
from heirloom.core.storage import Location
from heirloom.handlers import read_labels
from tests.unit.world import World, payload

UPLOADED = "2026-11-23T15:10:09.000Z"
RESULT = "labels-results/flight-delay/2013-02.csv.result.json"
UNKNOWN = "labels-results/flight-delay/2013-02.csv.unknown.csv"
A_REQUEST = 20
STRETCH = AT_ONCE * A_REQUEST
ROWS = STRETCH * 5 // 2


class Shop:
    """The world, the predictions in it, and the state machine, which calls the function until it is over."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.predictions = MemoryPredictions()
        projects = RecentProjects(world.lineage, 60, lambda: 0.0)
        self.taking = Taking(projects, self.predictions, world.trials, world.answers)
        self.files = StoredLabelFiles(world.objects)
        self.event = payload("read_labels.upload")
        self.bucket = self.event["detail"]["bucket"]["name"]
        self.waited: list[int] = []

    def predict(self, *ids: str, label: Any = "no") -> None:
        told = {
            "release": None,
            "arm": None,
            "fallback": False,
            "entity": None,
            "input": {},
            "answer": {"label": label},
        }
        self.predictions.put(
            [Record(each, "prediction", "flight-delay", 1, "2026-11-23T15:00:00.000Z", told) for each in ids]
        )

    def upload(self, body: bytes, key: str = "labels/flight-delay/2013-02.csv", version: str = "v1") -> None:
        described = self.event["detail"]["object"]
        self.world.objects.put(self.bucket, key, body, version)
        described.update({"key": key, "version-id": version, "size": len(body)})

    def call(self, state: dict[str, Any] | None = None) -> dict[str, Any]:
        """One call of the function; the state after it, as Step Functions keeps it."""
        state = state or self.event
        read = read_labels.handle(state, self.taking, self.files, self.world.objects, self.world.clock)
        after: dict[str, Any] = json.loads(json.dumps({**state, "read": read}))
        return after

    def go_on(self, state: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call until it is over; the result."""
        state = self.call(state)
        while state["read"]["again"]:
            self.waited.append(state["read"]["seconds"])
            self.pass_time()
            state = self.call(state)
        return self.result()

    def pass_time(self) -> None:
        """What happens while the machine waits."""

    def result(self, key: str = RESULT) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(b"".join(self.world.objects.read(Location(self.bucket, key))))
        return document

    def unknown(self, key: str = UNKNOWN) -> list[str]:
        return b"".join(self.world.objects.read(Location(self.bucket, key))).decode().splitlines()

    def labels(self) -> dict[str, Any]:
        return {key[0]: record.data["label"] for key, record in self.predictions.records.items() if key[1] == LABEL}

    def outcomes(self) -> list[str]:
        """The ids that the monitor was told of, once for each time."""
        told = [it.data["outcomes"] for it in self.predictions.records.values() if it.part == OUTCOMES]
        return sorted(outcome["id"] for each in told for outcome in each)


@pytest.fixture
def shop(deployed: World) -> Shop:
    shop = Shop(deployed)
    shop.predict("a", "b", "c")
    return shop


def counts(result: dict[str, Any]) -> dict[str, int]:
    names = ("rows", "read", "accepted", "corrected", "repeated", "unknown", "wrong")
    return {name: result[name] for name in names if result[name]}


def csv_of(ids: Sequence[str], label: str = "no") -> bytes:
    return ("id,label\n" + "".join(f"{each},{label}\n" for each in ids)).encode()


def test_takes_the_labels_of_a_file_and_says_what_became_of_its_rows(shop: Shop) -> None:
    shop.upload(b"id,label\na,yes\nb,no\n")

    result = shop.go_on()

    assert (result["state"], counts(result)) == ("done", {"rows": 2, "read": 2, "accepted": 2})
    assert shop.labels() == {"a": "yes", "b": "no"}
    assert shop.outcomes() == ["a", "b"]
    assert (result["model"], result["key"]) == ("flight-delay", "labels/flight-delay/2013-02.csv")
    assert (result["version_id"], result["unknown_file"], result["problems"], result["reason"]) == ("v1", None, [], "")
    assert shop.waited == []
    assert [key for key in shop.world.objects.keys(shop.bucket) if "results" in key] == [RESULT]


def test_a_label_became_known_when_it_says_so_or_when_the_file_was_uploaded(shop: Shop) -> None:
    shop.upload(b"id,label,at\na,yes,2026-11-20T10:00:00+01:00\nb,yes,\n")

    shop.go_on()

    known = {identity: shop.predictions.records[identity, LABEL].data["at"] for identity in "ab"}
    assert known == {"a": "2026-11-20T09:00:00.000Z", "b": UPLOADED}


def test_an_event_that_comes_again_counts_nothing_and_leaves_the_result(shop: Shop) -> None:
    shop.upload(b"id,label\na,yes\n")
    before = shop.go_on()

    assert shop.call()["read"] == {"again": False, "seconds": 0, "report": None}
    assert shop.result() == before
    assert shop.outcomes() == ["a"]


def test_a_file_that_is_uploaded_again_counts_nothing_twice(shop: Shop) -> None:
    shop.upload(b"id,label\na,yes\n")
    shop.go_on()
    shop.upload(b"id,label\na,yes\nb,no\n", version="v2")

    assert counts(shop.go_on()) == {"rows": 2, "read": 2, "accepted": 1, "repeated": 1}
    assert shop.outcomes() == ["a", "b"]


def test_a_later_file_corrects_an_earlier_one_whichever_is_read_first(shop: Shop) -> None:
    early, late = ("yes", "2026-11-23T15:10:09Z"), ("no", "2026-11-23T15:10:10Z")
    seen = []
    for files in ((early, late), (late, early)):
        shop.predictions.records = {key: it for key, it in shop.predictions.records.items() if key[1] == "prediction"}
        results = []
        for label, at in files:
            shop.upload(csv_of(["a"], label), version=f"{label}-{len(seen)}")
            shop.event["time"] = at
            results.append(counts(shop.go_on()))
        stands = max(it.rank for key, it in shop.predictions.records.items() if key[1] in (LABEL, CORRECTION))
        seen.append((stands, results[1]))

    assert seen == [
        ('2026-11-23T15:10:10.000Z "no"', {"rows": 1, "read": 1, "corrected": 1}),
        ('2026-11-23T15:10:10.000Z "no"', {"rows": 1, "read": 1, "repeated": 1}),
    ]


def test_predictions_that_come_late_are_waited_for(shop: Shop) -> None:
    shop.upload(b"id,label,at\na,yes,\nlate,no,2026-11-20T10:00:00Z\n")
    shop.pass_time = lambda: shop.predict("late")  # type: ignore[method-assign]

    result = shop.go_on()

    assert (result["state"], counts(result)) == ("done", {"rows": 2, "read": 2, "accepted": 2})
    assert shop.waited == [PAUSES[0]]
    assert shop.predictions.records["late", LABEL].data["at"] == "2026-11-20T10:00:00.000Z"
    assert [key for key in shop.world.objects.keys(shop.bucket) if "results" in key] == [RESULT]


def test_what_stays_unknown_is_a_file_that_can_be_uploaded_again(shop: Shop) -> None:
    shop.upload(f"label,id,at\nyes,a,\nno,nobody,{UPLOADED}\nyes,none,\n".encode())

    result = shop.go_on()

    assert counts(result) == {"rows": 3, "read": 3, "accepted": 1, "unknown": 2}
    assert result["unknown_file"] == f"s3://{shop.bucket}/{UNKNOWN}"
    assert shop.unknown() == ["id,label,at,line", f"nobody,no,{UPLOADED},3", "none,yes,,4"]
    assert shop.waited == list(PAUSES)
    assert [key for key in shop.world.objects.keys(shop.bucket) if "results" in key] == [RESULT, UNKNOWN]


def test_the_result_is_there_while_it_waits(shop: Shop) -> None:
    shop.upload(b"id,label\na,yes\nnobody,no\n")

    state = shop.call()

    assert (shop.result()["state"], counts(shop.result())) == (
        "waiting",
        {"rows": 2, "read": 2, "accepted": 1, "unknown": 1},
    )
    assert state["read"]["seconds"] == PAUSES[0]


def test_predictions_of_another_model_are_unknown(shop: Shop) -> None:
    shop.world.deploy("sea-state")
    shop.upload(b"id,label\na,yes\n", "labels/sea-state/a.csv")
    shop.call()

    assert counts(shop.result("labels-results/sea-state/a.csv.result.json")) == {"rows": 1, "read": 1, "unknown": 1}
    assert shop.labels() == {}


def test_a_wrong_row_is_told_by_its_line_and_stops_no_other(shop: Shop) -> None:
    shop.predict("true", label=True)
    wrong = (f"{'x' * 65},no,", "b,,", "c,no,tomorrow", "true,maybe,", "true,yes,2027-01-01T00:00:00Z")
    shop.upload("\n".join(["id,label,at", "a,yes,", *wrong]).encode())

    result = shop.go_on()

    assert counts(result) == {"rows": 6, "read": 6, "accepted": 1, "wrong": 5}
    told = {each["line"]: (each["where"], each["got"]) for each in result["problems"]}
    assert told == {
        3: ("line 3", f"id {repr('x' * 65)[:57]}... and label 'no'"),
        4: ("line 4", "id 'b' and label nothing"),
        5: ("line 5, at", '"tomorrow"'),
        6: ("line 6", '"maybe"'),
        7: ("line 7, at", '"2027-01-01T00:00:00Z"'),
    }
    assert shop.labels() == {"a": "yes"}


def test_all_wrong_rows_are_counted_and_a_hundred_are_told(shop: Shop) -> None:
    shop.upload(b"id,label\n" + b",yes\n" * 250)

    result = shop.go_on()

    assert (result["wrong"], len(result["problems"])) == (250, MOST_PROBLEMS)


def test_a_row_may_be_found_wrong_when_its_prediction_has_come(shop: Shop) -> None:
    shop.upload(b"id,label\na,yes\nlate,maybe\n")
    shop.pass_time = lambda: shop.predict("late", label=True)  # type: ignore[method-assign]

    result = shop.go_on()

    assert counts(result) == {"rows": 2, "read": 2, "accepted": 1, "wrong": 1}
    assert [(each["line"], each["where"]) for each in result["problems"]] == [(3, "line 3")]


@pytest.mark.parametrize(
    ("key", "body", "reason"),
    [
        ("labels/flight-delay/a.csv", b"ids,label\na,yes\n", "expected the column id (did you mean ids?)"),
        ("labels/flight-delay/a.csv", b"", "an empty file"),
        ("labels/flight-delay/a.csv", b"id,label\n", "expected a header and rows, got no rows"),
        ("labels/flight-delay/a.csv", b"id,label\na,yes\nb,\xe9\n", "UTF-8"),
        ("labels/flight-delay/a.csv", b"id,label\na,yes\nb\n", "line 3, row: expected 2 values"),
        ("labels/flight-delay/a.txt", b"id,label\na,yes\n", "ends in .csv or .parquet, got '.txt'"),
        ("labels/a.csv", b"id,label\na,yes\n", "expected labels/<model>/<file>, with a model that is deployed, got"),
        ("labels/fligth-delay/a.csv", b"id,label\na,yes\n", "'fligth-delay', which is none"),
    ],
)
def test_a_file_that_is_none_counts_nothing_and_stays_with_the_reason_beside_it(
    shop: Shop, key: str, body: bytes, reason: str
) -> None:
    shop.upload(body, key)

    again = shop.call()["read"]["again"]

    result = shop.result(f"labels-results/{key.removeprefix('labels/')}.result.json")
    assert not again
    assert (result["state"], counts(result)) == ("refused", {})
    assert reason in result["reason"]
    assert shop.labels() == {}
    assert key in shop.world.objects.keys(shop.bucket)


@pytest.mark.parametrize("key", ["labels/flight-delay/", "labels/", "labels/flight-delay/_temporary/0/a.csv"])
def test_what_nobody_means_to_be_read_is_left_alone(shop: Shop, key: str) -> None:
    shop.upload(b"id,label\na,yes\n", key)

    assert shop.call()["read"]["again"] is False
    assert shop.call(payload("read_labels.not_meant"))["read"]["again"] is False
    assert shop.world.objects.keys(shop.bucket) == (key,)


def test_a_file_that_is_too_large_is_to_be_cut(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.upload(csv_of(["a", "b", "c"]))

    monkeypatch.setattr(label_reading, "MOST_ROWS", 2)
    shop.call()
    assert "at most 2 rows (cut it into several files), got more" in shop.result()["reason"]

    monkeypatch.setattr(label_reading, "LARGEST", 20)
    shop.upload(csv_of(["a", "b", "c"]), version="v2")
    shop.call()
    assert "at most 20 bytes (cut it into several files), got 24" in shop.result()["reason"]
    assert shop.labels() == {}


def test_a_file_that_is_gone_is_told_of(shop: Shop) -> None:
    shop.upload(b"id,label\na,yes\n")
    shop.event["detail"]["object"]["version-id"] = "v0"

    shop.call()

    assert "the file was removed before it was read" in shop.result()["reason"]


@pytest.fixture
def large(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Two and a half stretches of a file: each look at the clock takes a second, and a stretch has one."""
    monkeypatch.setattr(label_reading, "SECONDS", 1)
    monkeypatch.setattr(label_reading, "MOST_LABELS", A_REQUEST)
    ids = [f"p{n}" for n in range(ROWS)]
    shop.predict(*ids)
    shop.upload(csv_of(ids))
    return shop


def test_a_large_file_is_taken_in_stretches(large: Shop) -> None:
    states = [large.call()]
    while states[-1]["read"]["again"]:
        states.append(large.call(states[-1]))

    read = [state["read"]["report"]["read"] for state in states]
    assert read == [STRETCH, 2 * STRETCH, ROWS]
    assert [state["read"]["seconds"] for state in states[:-1]] == [0, 0]
    assert counts(large.result()) == {"rows": read[-1], "read": read[-1], "accepted": read[-1]}
    assert len(large.outcomes()) == len(set(large.outcomes())) == read[-1]


def test_what_is_unknown_in_any_stretch_is_put_aside_and_reported(large: Shop) -> None:
    nobody = [0, STRETCH - 1, STRETCH, ROWS - 1]
    for each in nobody:
        del large.predictions.records[f"p{each}", "prediction"]

    result = large.go_on()

    assert (result["accepted"], result["unknown"]) == (ROWS - 4, 4)
    assert large.unknown()[1:] == [f"p{each},no,,{each + 2}" for each in nobody]
    assert large.waited == [0, 0, *PAUSES]


def test_a_try_that_has_no_time_leaves_the_rest_unknown(large: Shop) -> None:
    """All come while it waits; a try takes a stretch of them."""
    kept = dict(large.predictions.records)
    large.predictions.records.clear()

    def pass_time() -> None:
        if len(large.waited) == 3:
            large.predictions.records.update(kept)

    large.pass_time = pass_time  # type: ignore[method-assign]

    result = large.go_on()

    assert large.waited == [0, 0, *PAUSES[:3]]
    assert counts(result) == {"rows": ROWS, "read": ROWS, "accepted": ROWS}
    assert len(large.outcomes()) == ROWS


def test_a_call_that_dies_loses_nothing_and_counts_nothing_twice(large: Shop) -> None:
    """It is called again with the state that it had: what it took is repeated, what it put aside is put aside once."""
    for each in (1, STRETCH + 1):
        del large.predictions.records[f"p{each}", "prediction"]
    state = large.call()
    write = large.world.objects.write

    def fail(location: Location, body: bytes, content_type: str) -> None:
        if location.key == RESULT:
            raise Unavailable("S3 is down")
        write(location, body, content_type)

    large.world.objects.write = fail  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        large.call(state)
    large.world.objects.write = write  # type: ignore[method-assign]
    result = large.go_on(state)

    repeated = STRETCH - 1
    assert counts(result) == {
        "rows": ROWS,
        "read": ROWS,
        "accepted": ROWS - 2 - repeated,
        "repeated": repeated,
        "unknown": 2,
    }
    assert large.unknown()[1:] == ["p1,no,,3", f"p{STRETCH + 1},no,,{STRETCH + 3}"]
    assert len(large.outcomes()) == len(set(large.outcomes())) == ROWS - 2


def test_two_that_read_one_file_at_once_count_each_label_once(large: Shop) -> None:
    del large.predictions.records["p7", "prediction"]
    one, other = large.call(), large.call()
    one, other = large.call(one), large.call(other)

    first, second = large.go_on(one), large.go_on(other)

    assert first["accepted"] + second["accepted"] == ROWS - 1
    assert first["repeated"] + second["repeated"] == ROWS - 1
    assert first["unknown"] == second["unknown"] == 1
    assert len(large.outcomes()) == len(set(large.outcomes())) == ROWS - 1


def test_a_table_that_is_down_is_tried_again_by_the_machine(shop: Shop) -> None:
    shop.upload(b"id,label\na,yes\n")
    get_many = shop.predictions.get_many
    shop.predictions.get_many = _down  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        shop.call()

    shop.predictions.get_many = get_many  # type: ignore[method-assign]
    assert counts(shop.go_on()) == {"rows": 1, "read": 1, "accepted": 1}


def _down(keys: Sequence[Key]) -> dict[Key, Record]:
    raise Unavailable("throttled")


def test_a_refusal_that_names_no_row_is_no_row_s_fault(shop: Shop) -> None:
    refusal = Invalid("no", (Problem("labels", "other"), Problem("labels[5]", "of another request")))

    assert problems_by_row(refusal, []) == {}

    shop.upload(b"id,label\na,yes\n")
    shop.predictions.get_many = _refuse  # type: ignore[method-assign]
    with pytest.raises(Invalid, match="no such thing"):
        shop.call()


def _refuse(keys: Sequence[Key]) -> dict[Key, Record]:
    raise Invalid("no such thing")


def test_the_times_of_a_result_are_those_of_its_reading(shop: Shop) -> None:
    shop.upload(b"id,label\na,yes\n")

    result = shop.go_on()

    began, ended = (datetime.fromisoformat(result[name]) for name in ("began_at", "at"))
    assert timedelta(0) < ended - began < timedelta(minutes=1)
