"""What the steps of a batch tell each other: the order, the plan, a part, and a part's receipt.

All of it is kept below ``<target>parts/<batch id>/``. The id is made of the file's content, the version and the model,
so what stands there was answered by this version for these rows: nothing there has to be asked again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from heirloom.core.errors import Invalid, NotFound
from heirloom.core.storage import Location, Objects, Stored

CUTTING = 2
"""Counts the ways of cutting that there have been: parts of another way are not those of this one."""
MOST_ROWS_A_REQUEST = 4096
PLAN, MANIFEST = "plan.json", "manifest.json"

ROW, REASON, VERSION = "failed_row", "failed_reason", "prediction_version"
ADDED = frozenset([ROW, REASON, VERSION, "prediction_label", "prediction_probability", "prediction_value"])
"""Columns that a batch adds. Those of an earlier batch are replaced, so that its failed.csv can be mended and sent."""


@dataclass(frozen=True)
class Order:
    """What was asked for: ``source`` is the URI of a CSV, ``target`` that of a folder; no version is the champion."""

    model: str
    source: str
    target: str
    version: int | None = None

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Order:
        """An execution's input. Raises Invalid for URIs that are none."""
        for name in ("source", "target"):
            if not document[name].startswith("s3://") or not Location.from_uri(document[name]).bucket:
                raise Invalid(f"{name}: expected s3://bucket/key, got {document[name]!r}")
        target = document["target"].rstrip("/") + "/"
        return cls(document["model"], document["source"], target, document.get("version"))

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Part:
    """Some rows after one another: a range of bytes, both ends included, and the number of its first row, from 1."""

    index: int
    first_byte: int
    last_byte: int
    first_row: int
    rows: int

    def to_document(self) -> dict[str, int]:
        """An item of the manifest."""
        return asdict(self)


@dataclass(frozen=True)
class Plan:
    """All that a part has to know besides its place.

    ``sent`` are the columns (places in ``header``) that the model is asked, ``kept`` those that the result repeats,
    ``answers`` what a prediction has. ``concurrency`` is how many parts may be asked at once.
    """

    model: str
    version: int
    endpoint: str
    source: Stored
    target: str
    folder: str
    concurrency: int
    answers: tuple[str, ...]
    header: tuple[str, ...] = ()
    sent: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()
    rows: int = 0
    parts: int = 0

    @property
    def location(self) -> Location:
        return self.file(PLAN)

    def file(self, name: str) -> Location:
        """A file of the batch's own folder."""
        return Location.from_uri(self.folder + name)

    def part_files(self, index: int) -> tuple[Location, Location, Location]:
        """The answered rows, the failed ones, and the receipt, which is written last."""
        names = (f"part-{index:05d}.csv", f"failed-{index:05d}.csv", f"part-{index:05d}.json")
        answered, failed, receipt = map(self.file, names)
        return answered, failed, receipt

    def result_header(self) -> list[str]:
        """The header of result.csv."""
        return [*self.names(), *(f"prediction_{name}" for name in self.answers), VERSION]

    def failed_header(self) -> list[str]:
        """The header of failed.csv."""
        return [ROW, *self.names(), REASON]

    def names(self) -> list[str]:
        """The names of the columns that are kept."""
        return [self.header[place] for place in self.kept]

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Plan:
        """What ``to_json`` wrote."""
        document = json.loads(text)
        location = Location(**document["source"].pop("location"))
        lists = {name: tuple(document[name]) for name in ("answers", "header", "sent", "kept")}
        return cls(**{**document, **lists, "source": Stored(location, **document["source"])})


@dataclass(frozen=True)
class Receipt:
    """What became of a part: its rows, the sizes of its two files, and the requests and seconds that it took."""

    index: int
    rows: int
    answered: int
    failed: int
    answered_bytes: int
    failed_bytes: int
    requests: int
    seconds: float

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()


def batch_id(model: str, version: int, source: Stored) -> str:
    """``paint-v3-<12 hex digits>``: of the file's place and content."""
    place = f"{source.location.uri}/{source.etag}/{source.size}/{CUTTING}"
    return f"{model}-v{version}-{hashlib.sha256(place.encode()).hexdigest()[:12]}"


def read_plan(uri: str, objects: Objects) -> Plan:
    """The plan at this place. Raises NotFound."""
    return Plan.from_json(b"".join(objects.read(Location.from_uri(uri))))


def plan_at(location: Location, objects: Objects) -> Plan | None:
    """The plan at this place if there is one."""
    try:
        return read_plan(location.uri, objects)
    except NotFound:
        return None


def receipt_of(plan: Plan, index: int, objects: Objects) -> Receipt | None:
    """The receipt of a part if the part is done."""
    try:
        return Receipt(**json.loads(b"".join(objects.read(plan.part_files(index)[2]))))
    except NotFound:
        return None
