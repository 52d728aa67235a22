"""What all of tracking is kept in: documents, each in a partition, each written on the condition that nobody else was.

A document is plain JSON. Its partition and id say what it is of (ids.py); within a partition documents are in the order
of their ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from heirloom.core.errors import Conflict, Unavailable

Data = Mapping[str, Any]
Key = tuple[str, str]
"""The partition and the id of a document."""
ATTEMPTS = 60
"""Of a change that others keep coming before: of those who try at once one always gets through."""


@dataclass(frozen=True)
class Document:
    """``revision`` counts its writes; 0 for one that is not stored yet.

    One that is not ``conditional`` is written whatever is there.
    """

    partition: str
    id: str
    data: Data
    revision: int = 0
    conditional: bool = True

    @property
    def key(self) -> Key:
        return self.partition, self.id

    def with_data(self, data: Data) -> Document:
        """The same document as it is to be written next."""
        return replace(self, data=data)


class Documents(Protocol):
    """Stores documents. Each method raises Denied or Unavailable."""

    def get(self, partition: str, identity: str) -> Document | None:
        """The document as it is now."""

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Document]:
        """Those that there are, as they are now."""

    def write(self, *documents: Document, gone: Sequence[Document] = ()) -> None:
        """Write each as its next revision and delete those that are ``gone``: all of them or none.

        At most 100 in all. Raises Conflict where one has not the revision that it is said to have any more.
        """

    def put(self, *documents: Document) -> None:
        """Write each whatever is there, in any number: for documents that are always written with the same data."""

    def of(self, partition: str, beginning: str = "") -> Iterator[Document]:
        """All documents of a partition as they are now, in the order of their ids; of those ids that begin so."""

    def of_all(self, partitions: Sequence[str]) -> Iterator[Document]:
        """All documents of several partitions, which are read at the same time, in no order."""

    def put_columns(self, partition: str, columns: Mapping[str, bytes]) -> None:
        """Write bytes of any length by their ids, whatever is there; in a partition that has no documents."""

    def get_columns(self, keys: Sequence[Key]) -> Mapping[Key, bytes]:
        """Those that there are."""

    def drop(self, partition: str) -> None:
        """Delete all that a partition has."""


def change(documents: Documents, key: Key, alter: Callable[[Document | None], Iterable[Document]]) -> None:
    """Write what ``alter`` makes of the document of this key; anew as often as somebody else came before.

    What it gives back is written together: the document's next data and, where that needs it, others. Nothing is
    written for nothing.
    """
    _insist(documents, key, lambda: alter(documents.get(*key)))


def change_beside(
    documents: Documents,
    key: Key,
    beside: Key,
    alter: Callable[[Document | None, Document | None], Iterable[Document]],
) -> None:
    """The same, with another document that is read together with it."""

    def altered() -> Iterable[Document]:
        found = documents.get_many([key, beside])
        return alter(found.get(key), found.get(beside))

    _insist(documents, key, altered)


def _insist(documents: Documents, key: Key, altered: Callable[[], Iterable[Document]]) -> None:
    for _ in range(ATTEMPTS):
        written = tuple(altered())
        try:
            if written:
                documents.write(*written)
        except Conflict:
            continue
        return
    raise Unavailable(f"{key[1]} is being changed by too many at once: try again")
