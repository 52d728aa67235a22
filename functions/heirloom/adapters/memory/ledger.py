"""The ledger in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from heirloom.adapters.memory.documents import MemoryDocuments
from heirloom.adapters.memory.lineage import MemoryLineage
from heirloom.core.lineage.graph import Edge, Event, Node
from heirloom.core.tracking.documents import Document


@dataclass
class MemoryLedger:
    """The port Ledger: documents, which may be refused, are written before what can't be."""

    lineage: MemoryLineage
    documents: MemoryDocuments

    def __post_init__(self) -> None:
        self._lock = Lock()

    def add(self, node: Node, *edges: Edge, run: Node, event: Event, documents: Sequence[Document]) -> bool:
        with self._lock:
            if self.lineage.node(node.kind, node.id) is not None:
                return False
            self.documents.write(*documents)
            self.lineage.add(node, *edges)
            self.lineage.record(run, event)
            return True

    def record(self, run: Node, event: Event, documents: Sequence[Document]) -> None:
        with self._lock:
            self.documents.write(*documents)
            self.lineage.record(run, event)
