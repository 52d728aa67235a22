"""Requests that come again: what a client token has made is told, and not made a second time.

MLflow's protocol has no such token, so that a client whose answer is lost is left in doubt. Ours takes one with what
makes a run, a logged model or a version. A note, written in the transaction that makes the thing, says what a token has
made in an experiment. What was cleared away since is made anew.
"""

from __future__ import annotations

import hashlib

from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.documents import Data, Document, Documents, change
from heirloom.core.tracking.ids import partition_of_tokens

TOKEN = "client_token"  # noqa: S105 - the parameter's name


def token_of(asked: Asked) -> str:
    """The token of a request as it is kept, however long it came; "" where there is none. Raises Invalid."""
    given = asked.text(TOKEN)
    return hashlib.sha256(given.encode()).hexdigest() if given else ""


def once(token: str, experiment: str, documents: Documents, made: Document, *beside: Document) -> Data:
    """Write what is made in an experiment, and what belongs to it; or tell what the token has made before."""
    told = made.data
    if not token:
        documents.write(made, *beside)
        return told
    kind = made.partition.partition("#")[0]
    key = partition_of_tokens(experiment), f"{kind}#{token}"

    def written(note: Document | None) -> tuple[Document, ...]:
        nonlocal told
        before = documents.get(*note.data["made"]) if note else None
        told = before.data if before else made.data
        new = {"made": made.key}
        return () if before else (made, *beside, note.with_data(new) if note else Document(*key, new))

    change(documents, key, written)
    return told
