"""What happens to a run, told twice in one transaction: in the lineage, and in the experiment of its model.

So neither says what the other does not know: a run that failed in the one has failed in the other, a version that is
in the lineage is in the model registry, under the same number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from heirloom.core.errors import Conflict, Unavailable
from heirloom.core.lineage.graph import Edge, Event, Lineage, Node
from heirloom.core.run.tracked import Ending, ended, milliseconds
from heirloom.core.tracking.documents import ATTEMPTS, Document
from heirloom.core.tracking.ids import partition_of_run
from heirloom.core.tracking.index.open_runs import changed
from heirloom.core.tracking.tracking import Tracking

TRACKED = "tracked_as"
"""In the data of a run's node: the id of the run in the tracking store."""
Written = TypeVar("Written")


class Ledger(Protocol):
    """Writes to the lineage and to the documents of tracking together: all or nothing. Raises Denied or Unavailable."""

    def add(self, node: Node, *edges: Edge, run: Node, event: Event, documents: Sequence[Document]) -> bool:
        """Add a node with its edges, to the history of ``run`` an event, and the documents as their next revisions.

        ``run`` may be the node. False, and nothing written, if the node is there. Raises Conflict where a document has
        not the revision that it is said to have any more.
        """

    def record(self, run: Node, event: Event, documents: Sequence[Document]) -> None:
        """Add to a run's history, and write the documents. Raises Conflict as ``add`` does."""


@dataclass(frozen=True)
class Journal:
    """The lineage and tracking, to read, and the ledger that writes both."""

    lineage: Lineage
    tracking: Tracking
    ledger: Ledger

    def tracked(self, run: str) -> Document | None:
        """The document of the run in its experiment; None for one that was not logged, or was cleared away."""
        node = self.lineage.node("run", run)
        identity = node.data.get(TRACKED) if node else None
        return self.tracking.documents.get(partition_of_run(identity), identity) if identity else None

    def add(
        self, node: Node, *edges: Edge, run: Node, event: Event, documents: Callable[[], Iterable[Document]]
    ) -> bool:
        """Add a node, once; ``documents`` says what is written with it, again as often as somebody came before."""
        return until_written(lambda: self.ledger.add(node, *edges, run=run, event=event, documents=tuple(documents())))

    def end(self, run: Node, event: Event, ending: Ending, before: Callable[[Event], bool]) -> None:
        """Record how a run ended, unless one of its events says ``before`` that it has."""

        def attempt() -> None:
            if any(map(before, self.lineage.history(run.id))):
                return
            document = self.tracked(run.id)
            data = ended(document.data, ending, milliseconds(event.at)) if document else {}
            told = changed(document, data) if document and data != document.data else []
            self.ledger.record(run, event, told)

        until_written(attempt)


def until_written(attempt: Callable[[], Written]) -> Written:
    """What the attempt gives, made anew as often as somebody else came before. Raises Unavailable."""
    for _ in range(ATTEMPTS):
        try:
            return attempt()
        except Conflict:
            continue
    raise Unavailable("the run is being changed by too many at once: try again")
