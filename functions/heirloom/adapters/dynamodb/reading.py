"""Many items of a table by their keys, consistently: 100 a call, 16 calls at once, and again those that a throttled
table left unread."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from heirloom.adapters.aws import translated
from heirloom.core.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
AT_ONCE = 100  # BatchGetItem in the API reference
CALLS, ATTEMPTS = 16, 8


def read_all(client: DynamoDBClient, table: str, keys: Sequence[Item], what: str) -> list[Item]:
    """The items that there are, in no order; no key may come twice. Raises Denied or Unavailable, with ``what``."""

    def read(batch: Sequence[Item]) -> list[Item]:
        found: list[Item] = []
        wanted: Any = {table: {"Keys": batch, "ConsistentRead": True}}
        for _ in range(ATTEMPTS):
            with translated(what):
                answer: Any = client.batch_get_item(RequestItems=wanted)
            found += answer["Responses"].get(table, [])
            wanted = answer["UnprocessedKeys"]
            if not wanted:
                return found
        raise Unavailable(f"{what}: some were left unread {ATTEMPTS} times: the table is throttled")

    batches = [keys[start : start + AT_ONCE] for start in range(0, len(keys), AT_ONCE)]
    if len(batches) < 2:
        return [item for batch in batches for item in read(batch)]
    with ThreadPoolExecutor(CALLS) as pool:
        return [item for found in pool.map(read, batches) for item in found]
