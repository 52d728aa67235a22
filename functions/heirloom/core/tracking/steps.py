"""A change of several documents in one write or, where they are too many, in several.

A plan looks at how things are and says what to write. It is asked again when somebody else came before, and after each
write that is not the last: so every write leaves the documents right, and what was broken off may be begun anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from heirloom.core.errors import Conflict, Unavailable
from heirloom.core.tracking.documents import ATTEMPTS, Document, Documents
from heirloom.core.tracking.tracking import Answer

ROOM, BYTES = 100, 3_000_000
"""Of one write: documents, and what they may hold; DynamoDB's transactions take 4 MB."""


@dataclass(frozen=True)
class Step:
    """What is written, what is deleted, and the answer; None when there is another step after this one."""

    answer: Answer | None
    documents: tuple[Document, ...] = ()
    gone: tuple[Document, ...] = ()


def carry_out(documents: Documents, plan: Callable[[], Step]) -> Answer:
    """Write what the plan says until it has an answer. Raises what the plan raises, and Unavailable."""
    failed = 0
    while failed < ATTEMPTS:
        step = plan()
        try:
            if step.documents or step.gone:
                documents.write(*step.documents, gone=step.gone)
        except Conflict:
            failed += 1
            continue
        if step.answer is not None:
            return step.answer
    raise Unavailable("it is being changed by too many at once: try again")


def fitting(documents: Iterable[Document], room: int) -> list[Document]:
    """The first of them, as many as one write takes; one at least."""
    fit: list[Document] = []
    left = BYTES
    for document in documents:
        left -= len(json.dumps(document.data))
        if fit and (left < 0 or len(fit) >= room):
            break
        fit.append(document)
    return fit
