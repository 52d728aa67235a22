"""What was read of blocks before: a block that a manifest names never changes, so a warm function reads it once.

Most searches ask what the one before them asked: the next page, another order, the same filter a minute later.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar

from heirloom.core.tracking.documents import Documents, Key
from heirloom.core.tracking.index.column import Column, decode, nothing

T = TypeVar("T")
Stored = Mapping[Key, bytes]
MOST = 64_000_000
"""Bytes of columns, as they are stored; in memory a number takes up to five times as much."""
MOST_IDS = 16_000_000


class _Known(Generic[T]):
    """At most so many bytes: who was not asked for the longest time is forgotten first."""

    def __init__(self, most: int) -> None:
        self._most, self._size = most, 0
        self._kept: OrderedDict[Key, tuple[T, int]] = OrderedDict()
        self._lock = threading.Lock()

    def read(
        self, keys: Iterable[Key], made: Callable[[Key, Stored], tuple[T, int]], documents: Documents
    ) -> Mapping[Key, T]:
        """What is known, and what ``made`` makes of the rest, with its size, from what is stored of it."""
        wanted = list(dict.fromkeys(keys))
        with self._lock:
            found = {key: self._kept[key][0] for key in wanted if key in self._kept}
            for key in found:
                self._kept.move_to_end(key)
        if unread := [key for key in wanted if key not in found]:
            stored = documents.get_columns(unread)
            new = {key: made(key, stored) for key in unread}
            found |= {key: value for key, (value, _) in new.items()}
            self._keep(new)
        return found

    def _keep(self, new: Mapping[Key, tuple[T, int]]) -> None:
        with self._lock:
            for key, (value, size) in new.items():
                _, before = self._kept.pop(key, (value, 0))  # another thread may have read it, too
                self._kept[key] = value, size
                self._size += size - before
            while self._size > self._most:
                _, (_, size) = self._kept.popitem(last=False)
                self._size -= size


class Recalled:
    """Columns of blocks and the ids of their runs."""

    def __init__(self, most: int = MOST, most_ids: int = MOST_IDS) -> None:
        self._columns, self._ids = _Known[Column](most), _Known[bytes](most_ids)

    def columns(self, rows: Mapping[Key, int], documents: Documents) -> Mapping[Key, Column]:
        """The columns with these keys, each of a block with so many rows."""

        def made(key: Key, stored: Stored) -> tuple[Column, int]:
            column = decode(stored[key], rows[key]) if key in stored else nothing(rows[key])
            return column, 8 * rows[key]

        return self._columns.read(rows, made, documents)

    def ids(self, keys: Iterable[Key], documents: Documents) -> Mapping[Key, bytes]:
        """The bytes with these keys, which a block has."""

        def made(key: Key, stored: Stored) -> tuple[bytes, int]:
            return stored[key], len(stored[key])

        return self._ids.read(keys, made, documents)
