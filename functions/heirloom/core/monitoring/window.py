"""The window of the rolling accuracy: the newest labelled predictions of one version, newest by prediction.

Labels come late, twice and in any order, and some are corrected. The window after them is the same in whatever order
they came: of each prediction it keeps what was said last (by the correction's stamp, not by its arrival), of the
predictions the newest by id, and a UUID version 7 sorts by time. What has left a full window is older than all that is
in it, so it can't come back; nothing is remembered beside the window.
"""

from __future__ import annotations

import base64
import math
import struct
import zlib
from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from heirloom.core.monitoring.interval import interval
from heirloom.core.monitoring.observation import Outcome

_FLOAT = struct.Struct("<f")  # as which errors are kept
_LARGEST = 3.4028234663852886e38


class _Said(NamedTuple):
    """What was said of a prediction. The larger of two is the later; "" is the stamp of the first label."""

    at: str
    correct: bool
    error: float | None

    def later(self, other: _Said) -> bool:
        return self._order > other._order

    @property
    def _order(self) -> tuple[str, bool, bool, float]:
        return self.at, self.correct, self.error is not None, self.error or 0.0


class Window:
    """Mutable; a label costs O(log size). As a document, of 1,000 predictions some 14 KB, of 20,000 some 260 KB; with
    the errors of a regression 40% more."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.correct = 0
        self._said: dict[str, _Said] = {}
        self._ids: list[str] = []  # oldest first

    def put(self, outcome: Outcome) -> None:
        """Add a label or a correction; what was there already, or is older than a full window, changes nothing.

        A correction counts as a label, also when it comes before the label that it corrects.
        """
        said = _Said(outcome.corrected or "", outcome.correct, _rounded(outcome.error))
        known = self._said.get(outcome.id)
        if known is None:
            self._insert(outcome.id, said)
        elif said.later(known):
            self.correct += said.correct - known.correct
            self._said[outcome.id] = said

    def _insert(self, identity: str, said: _Said) -> None:
        if self.full and identity < self._ids[0]:
            return
        insort(self._ids, identity)
        self._said[identity] = said
        self.correct += said.correct
        if len(self._ids) > self.size:
            self.correct -= self._said.pop(self._ids.pop(0)).correct

    @property
    def labelled(self) -> int:
        """The predictions in the window."""
        return len(self._ids)

    @property
    def full(self) -> bool:
        return len(self._ids) >= self.size

    @property
    def accuracy(self) -> float | None:
        """The share of the right answers; None of an empty window."""
        return self.correct / len(self._ids) if self._ids else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval of the accuracy."""
        return interval(self.accuracy or 0.0, self.labelled)

    @property
    def rmse(self) -> float | None:
        """The root of the mean square of the errors; None for a classification."""
        errors = [said.error for said in self._said.values() if said.error is not None]
        return math.sqrt(math.fsum(error * error for error in errors) / len(errors)) if errors else None

    @property
    def ids(self) -> tuple[str, ...]:
        """The predictions, newest first."""
        return tuple(reversed(self._ids))

    def worst(self, limit: float) -> tuple[int, int]:
        """Of the newest predictions those that fall short of ``limit`` by the most right answers: how many they are,
        and how many of them are right. Where a drop is plain, they are those since the drop."""
        short = [*accumulate((limit - self._said[identity].correct for identity in reversed(self._ids)), initial=0.0)]
        count = max(range(len(short)), key=short.__getitem__)
        return count, sum(self._said[identity].correct for identity in self._ids[len(self._ids) - count :])

    def to_document(self) -> dict[str, Any]:
        """Plain JSON; the size is not in it."""
        said = [self._said[identity] for identity in self._ids]
        corrected = {str(place): each.at for place, each in enumerate(said) if each.at}
        document: dict[str, Any] = {
            "ids": _packed_ids(self._ids),
            "correct": _packed_bits(each.correct for each in said),
        }
        if corrected:
            document["corrected"] = corrected
        if any(each.error is not None for each in said):
            errors = (math.nan if each.error is None else each.error for each in said)
            document["errors"] = _packed(struct.pack(f"<{len(said)}f", *errors))
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any], size: int) -> Window:
        """What ``to_document`` wrote: of a larger window the newest, of a smaller one all."""
        ids = _unpacked_ids(document["ids"])
        corrected = document.get("corrected", {})
        errors = _unpacked_errors(document["errors"]) if "errors" in document else (math.nan,) * len(ids)
        correct = _unpacked_bits(document["correct"], len(ids))
        window = cls(size)
        for place, identity in enumerate(ids):
            error = None if math.isnan(errors[place]) else errors[place]
            window._insert(identity, _Said(corrected.get(str(place), ""), correct[place], error))
        return window


def _rounded(error: float | None) -> float | None:
    """As it is kept; what is too large, or no number, is the largest."""
    if error is None:
        return None
    kept: float = _FLOAT.unpack(_FLOAT.pack(max(-_LARGEST, min(_LARGEST, error))))[0]
    return kept + 0.0  # -0.0 becomes 0.0, which it is equal to


def _packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 9)).decode()


def _unpacked(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))


def _packed_ids(ids: Sequence[str]) -> str:
    """First bytes, then second bytes, and so on: those of the time are much the same, and so compress."""
    data = b"".join(bytes.fromhex(identity.replace("-", "")) for identity in ids)
    return _packed(b"".join(data[place::16] for place in range(16)))


def _unpacked_ids(text: str) -> list[str]:
    data = _unpacked(text)
    count = len(data) // 16
    hexes = (data[place::count].hex() for place in range(count))
    return ["-".join((each[:8], each[8:12], each[12:16], each[16:20], each[20:])) for each in hexes]


def _unpacked_errors(text: str) -> tuple[float, ...]:
    data = _unpacked(text)
    return struct.unpack(f"<{len(data) // _FLOAT.size}f", data)


def _packed_bits(bits: Iterable[bool]) -> str:
    text = "".join("01"[bit] for bit in bits)
    return f"{int(text or '0', 2):x}"


def _unpacked_bits(text: str, count: int) -> list[bool]:
    return [bit == "1" for bit in f"{int(text, 16):b}".zfill(count)][:count]
