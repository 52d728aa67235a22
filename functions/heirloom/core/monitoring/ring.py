"""A ring: the newest outcomes in the order they came, a bit each."""

from __future__ import annotations

from collections import deque

from heirloom.core.monitoring.interval import interval


class Ring:
    """Mutable, O(1) an outcome. As a document a text of a character an outcome: "1" for a good one, newest last."""

    def __init__(self, size: int, document: str = "") -> None:
        self.size = size
        self._bits = deque((each == "1" for each in document), maxlen=size)
        self.good = sum(self._bits)

    def put(self, good: bool) -> None:
        """Add the newest, in place of the oldest if the ring is full."""
        if len(self._bits) == self.size:
            self.good -= self._bits[0]
        self._bits.append(good)
        self.good += good

    @property
    def total(self) -> int:
        return len(self._bits)

    @property
    def full(self) -> bool:
        return len(self._bits) == self.size

    @property
    def share(self) -> float:
        """Of the good ones; 1 of none."""
        return self.good / len(self._bits) if self._bits else 1.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval of the share."""
        return interval(self.share, self.total)

    def to_document(self) -> str:
        """The text."""
        return "".join("01"[each] for each in self._bits)
