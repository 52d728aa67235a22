"""The resources of the embedded SageMaker, kept in memory and in one file.

A row is the document that Describe answers, with what we keep beside it (keys that no output shape has are never
sent). Rows are replaced, never changed, so what a reader holds stays as it was. Tables show the ambient account and
region only, as AWS does.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from local.sagemaker import emulator

logger = logging.getLogger("sagemaker")
Row: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[str, str, str, str]


class Store:
    """All tables. Each change wakes a thread that writes the file; changes made while it writes go together."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._rows: dict[Key, Row] = {}
        self._dirty = threading.Event()
        self._closed = False
        self._read()
        self._writer = threading.Thread(target=self._write_changes, name="sagemaker-state", daemon=True)
        self._writer.start()

    def table(self, kind: str) -> Table:
        return Table(self, kind)

    def scopes(self) -> set[tuple[str, str]]:
        """Each account and region that has anything."""
        with self._lock:
            return {key[:2] for key in self._rows}

    def close(self) -> None:
        """Write what is not written yet, and stop writing."""
        self._closed = True
        self._dirty.set()
        self._writer.join(timeout=10)

    def _read(self) -> None:
        if not self._path.exists():
            return
        try:
            document = json.loads(self._path.read_text())
            self._rows = {(key[0], key[1], key[2], key[3]): row for key, row in document["rows"]}
        except (ValueError, LookupError, TypeError) as problem:
            raise RuntimeError(
                f"{self._path} is no state of SageMaker ({problem}): reset the embedded AWS"
            ) from problem

    def _write_changes(self) -> None:
        while not self._closed:
            self._dirty.wait()
            self._dirty.clear()
            self._write()
        self._write()

    def _write(self) -> None:
        with self._lock:
            document = {"format": 1, "rows": [[list(key), row] for key, row in self._rows.items()]}
        temporary = self._path.with_suffix(".tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(document))
            temporary.replace(self._path)
        except OSError as problem:
            logger.warning("cannot save the state of SageMaker: %s", problem)


class Table:
    """One kind of resource, by name."""

    def __init__(self, store: Store, kind: str) -> None:
        self._store, self._kind = store, kind

    def _key(self, name: str) -> Key:
        """Names differ by more than case, as the ARNs made of them are in lower case."""
        return emulator.account_id(), emulator.region(), self._kind, name.lower()

    def get(self, name: str) -> Row | None:
        return self._store._rows.get(self._key(name))

    def add(self, name: str, row: Row) -> bool:
        """Keep a new row; False when the name is taken."""
        with self._store._lock:
            if self._key(name) in self._store._rows:
                return False
            self._store._rows[self._key(name)] = row
        self._store._dirty.set()
        return True

    def update(self, name: str, **changes: Any) -> Row | None:
        """Replace attributes (None takes one away) and LastModifiedTime; None when the row is gone."""
        with self._store._lock:
            row = self._store._rows.get(self._key(name))
            if row is None:
                return None
            merged = {**row, "LastModifiedTime": time.time(), **changes}
            row = {key: value for key, value in merged.items() if value is not None}
            self._store._rows[self._key(name)] = row
        self._store._dirty.set()
        return row

    def remove(self, name: str) -> Row | None:
        with self._store._lock:
            row = self._store._rows.pop(self._key(name), None)
        self._store._dirty.set()
        return row

    def __iter__(self) -> Iterator[Row]:
        prefix = self._key("")[:3]
        with self._store._lock:
            return iter([row for key, row in self._store._rows.items() if key[:3] == prefix])
