"""The ledger on DynamoDB: what is written to the lineage's table and to tracking's is one transaction over both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from heirloom.adapters.aws import translated
from heirloom.adapters.dynamodb.documents import LOST, puts
from heirloom.adapters.dynamodb.lineage import additions, recordings
from heirloom.core.errors import Conflict, Unavailable
from heirloom.core.lineage.graph import Edge, Event, Node
from heirloom.core.tracking.documents import Document

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoLedger:
    """The port Ledger, on the tables of DynamoLineage and DynamoDocuments."""

    def __init__(self, client: DynamoDBClient, lineage_table: str, tracking_table: str) -> None:
        self._client = client
        self._lineage_table = lineage_table
        self._tracking_table = tracking_table

    def add(self, node: Node, *edges: Edge, run: Node, event: Event, documents: Sequence[Document]) -> bool:
        """The node's own condition is that of the first write, whatever else did not hold: it is there already."""
        writes = additions(self._lineage_table, node, edges, event if run.key == node.key else None)
        history = recordings(self._lineage_table, run, event, listed=run.key != node.key)
        reasons = self._write(f"adding {node.key}", [*writes, *history, *puts(self._tracking_table, documents)])
        if reasons and reasons[0] != "ConditionalCheckFailed":
            raise Conflict(f"adding {node.key}: a document that is written with it was changed meanwhile")
        return not reasons

    def record(self, run: Node, event: Event, documents: Sequence[Document]) -> None:
        what = f"recording {event.stage} {event.state} of {run.key}"
        writes = [*recordings(self._lineage_table, run, event), *puts(self._tracking_table, documents)]
        if self._write(what, writes):
            raise Conflict(f"{what}: a document that is written with it was changed meanwhile")

    def _write(self, what: str, writes: list[Any]) -> list[str]:
        """All or nothing: why nothing was written because of what is there, write by write; empty when all was.

        boto3 sends a token with it, so a retry after a lost answer does not meet its own write.
        """
        with translated(what):
            try:
                self._client.transact_write_items(TransactItems=writes)
            except self._client.exceptions.TransactionCanceledException as error:
                reasons = [str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])]
                if LOST.isdisjoint(reasons):
                    raise Unavailable(f"{what}: {error}") from error
                return reasons
        return []
