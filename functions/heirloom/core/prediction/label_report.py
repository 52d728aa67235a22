"""What became of a file of labels: the account of its rows, as it goes through the state machine and stands in S3."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from heirloom.core.errors import Problem
from heirloom.core.run.upload import Upload
from heirloom.core.storage import Location

LABELS, RESULTS = "labels/", "labels-results/"
"""Prefixes in the data bucket. They are apart, so that a result is never taken for labels."""
READING, WAITING, DONE, REFUSED = "reading", "waiting", "done", "refused"
OVER = (DONE, REFUSED)
HIDDEN = ("_", ".")
"""What the names begin with of files and folders that Spark and its like leave beside their data."""
MOST_PROBLEMS = 100
"""Of the wrong rows, so many are told of; all are counted."""


@dataclass(frozen=True)
class Drop:
    """One version of a file below labels/. ``at``: when it was uploaded, to the second."""

    upload: Upload
    at: str

    @property
    def model(self) -> str:
        """The second segment of the key; "" for a key of two."""
        model, slash, _ = self.upload.key.removeprefix(LABELS).partition("/")
        return model if slash else ""

    @property
    def meant(self) -> bool:
        """Whether somebody means it to be read: it is no folder, and nothing HIDDEN."""
        return not any(not name or name.startswith(HIDDEN) for name in self.upload.key.split("/"))

    @property
    def moment(self) -> datetime:
        """When its labels became known, where they do not say so themselves: the same, however often it is read."""
        return datetime.fromisoformat(self.at)

    @property
    def result(self) -> Location:
        return self._beside(".result.json")

    @property
    def unknown(self) -> Location:
        """The rows that are unknown in the end."""
        return self._beside(".unknown.csv")

    def aside(self, token: str, tries: int) -> Location:
        """The rows that are unknown so far. Who reads the same file at the same time has another token."""
        return self._beside(f".{token}-{tries}.csv")

    def _beside(self, ending: str) -> Location:
        return Location(self.upload.bucket, f"{RESULTS}{self.upload.key.removeprefix(LABELS)}{ending}")

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Drop:
        """S3's "Object Created" as EventBridge delivers it. Raises Invalid."""
        return cls(Upload.from_event(event), event["time"])


@dataclass(frozen=True)
class Share:
    """What became of some rows; ``unknown`` rows are of no prediction that is stored by now, and may be tried again."""

    accepted: int = 0
    corrected: int = 0
    repeated: int = 0
    unknown: int = 0
    wrong: int = 0
    problems: tuple[Problem, ...] = ()

    def __add__(self, other: Share) -> Share:
        return Share(
            self.accepted + other.accepted,
            self.corrected + other.corrected,
            self.repeated + other.repeated,
            self.unknown + other.unknown,
            self.wrong + other.wrong,
            (*self.problems, *other.problems)[:MOST_PROBLEMS],
        )


@dataclass(frozen=True)
class Report:
    """``rows`` are in the file, ``read`` were taken so far; each of these is accepted, corrected, repeated (it stood
    already), unknown or wrong. ``token`` and ``aside_bytes`` are of the rows that are put aside, ``tries`` counts how
    often those were tried again. ``reason`` is why a file was refused, in the state REFUSED."""

    state: str
    model: str
    key: str
    version_id: str
    token: str
    began_at: str
    at: str
    rows: int = 0
    read: int = 0
    share: Share = Share()
    tries: int = 0
    aside_bytes: int = 0
    reason: str = ""

    @property
    def over(self) -> bool:
        return self.state in OVER

    def to_document(self) -> dict[str, Any]:
        """Plain JSON: the counts among the rest."""
        document = asdict(self)
        return {**document, **document.pop("share")}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Report:
        """What ``to_document`` wrote, perhaps among other things."""
        told = {name: document[name] for name in cls.__annotations__ if name != "share"}
        share = {name: document[name] for name in Share.__annotations__}
        share["problems"] = tuple(Problem(**problem) for problem in share["problems"])
        return cls(**told, share=Share(**share))

    def to_json(self, unknown: Location | None) -> bytes:
        """As it stands in S3, with the place of the unknown rows."""
        document = self.to_document()
        for ours in ("token", "aside_bytes", "tries"):
            del document[ours]
        document["unknown_file"] = unknown.uri if unknown else None
        return json.dumps(document, indent=2, ensure_ascii=False).encode()
