"""Documents in memory, for tests and for the differences that a store must not make."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from heirloom.core.errors import Conflict
from heirloom.core.tracking.documents import Document, Key


@dataclass
class MemoryDocuments:
    """The port Documents."""

    stored: dict[Key, Document] = field(default_factory=dict)
    columns: dict[Key, bytes] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, partition: str, identity: str) -> Document | None:
        return self.stored.get((partition, identity))

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Document]:
        return {key: self.stored[key] for key in keys if key in self.stored}

    def write(self, *documents: Document, gone: Sequence[Document] = ()) -> None:
        with self._lock:
            for each in (*documents, *gone):
                found = self.stored.get(each.key)
                if each.conditional and (found.revision if found else 0) != each.revision:
                    raise Conflict(f"{each.id} was changed meanwhile")
            for each in documents:
                self.stored[each.key] = _copied(each)
            for each in gone:
                del self.stored[each.key]

    def put(self, *documents: Document) -> None:
        with self._lock:
            for each in documents:
                self.stored[each.key] = _copied(each)

    def of(self, partition: str, beginning: str = "") -> Iterator[Document]:
        with self._lock:
            keys = sorted(key for key in self.stored if key[0] == partition and key[1].startswith(beginning))
            return iter([self.stored[key] for key in keys])

    def of_all(self, partitions: Sequence[str]) -> Iterator[Document]:
        return (document for partition in partitions for document in self.of(partition))

    def put_columns(self, partition: str, columns: Mapping[str, bytes]) -> None:
        self.columns.update({(partition, identity): data for identity, data in columns.items()})

    def get_columns(self, keys: Sequence[Key]) -> Mapping[Key, bytes]:
        return {key: self.columns[key] for key in keys if key in self.columns}

    def drop(self, partition: str) -> None:
        with self._lock:
            for kept in (self.stored, self.columns):
                for key in [key for key in kept if key[0] == partition]:
                    del kept[key]


def _copied(document: Document) -> Document:
    """As a store gives it back: plain JSON, of the next revision."""
    data = json.loads(json.dumps(document.data))
    return replace(document, data=data, revision=document.revision + 1, conditional=True)
