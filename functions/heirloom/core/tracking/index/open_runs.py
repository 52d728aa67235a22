"""Open runs: those that no block of the index speaks for, since they have not ended or have changed since.

A mark, a small document, says so: written with the run, in one transaction, when it is made, when it ends and whenever
one that has ended is changed. A search reads what is marked; who packs takes the mark away if it is still the one that
came with what was packed. A mark's revision is its run's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from heirloom.core.tracking.documents import Data, Document

_OPEN = "open#"
ENDED = frozenset({"FINISHED", "FAILED", "KILLED"})


def partition_of_marks(experiment: str) -> str:
    """Where the marks of an experiment's open runs are."""
    return f"{_OPEN}{experiment}"


def experiments_of(partitions: Iterable[str]) -> list[str]:
    """The experiments whose marks are in these partitions, each once."""
    return list(dict.fromkeys(partition.removeprefix(_OPEN) for partition in partitions))


def changed(run: Document, data: Data) -> list[Document]:
    """A run as it is to be written next, and its mark if it has none, or not that one."""
    written = run.with_data(data)
    told = run.revision == 0 or has_ended(run.data) or has_ended(data)
    return [written, mark(written)] if told else [written]


def mark(run: Document) -> Document:
    """What says that this run is open, whatever was said of it before."""
    info = run.data["info"]
    partition = partition_of_marks(info["experiment_id"])
    return Document(partition, run.id, {"ended": has_ended(run.data)}, run.revision, conditional=False)


def farewell(run: Document) -> Document:
    """The mark of a run that is deleted for good, in the transaction that deletes it: no block may speak for it."""
    return replace(mark(run), data={"ended": True})


def has_ended(run: Data) -> bool:
    """Whether its status says so."""
    return run["info"]["status"] in ENDED
