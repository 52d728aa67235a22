"""Many puts and deletes of a table: 25 a call, ten calls at once, and again, ever later, what a throttled one left."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from heirloom.adapters.aws import translated
from heirloom.core.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Request = dict[str, Any]
AT_ONCE = 25  # BatchWriteItem in the API reference
CALLS, ATTEMPTS, LONGEST_WAIT = 10, 8, 2.0


def write_all(client: DynamoDBClient, table: str, requests: Sequence[Request], what: str) -> None:
    """Each is a PutRequest or a DeleteRequest; no key may come twice. Raises Denied or Unavailable, with ``what``."""

    def write(batch: Sequence[Request]) -> None:
        left: Any = {table: batch}
        for attempt in range(ATTEMPTS):
            with translated(what):
                left = client.batch_write_item(RequestItems=left).get("UnprocessedItems")
            if not left:
                return
            time.sleep(random.uniform(0, min(LONGEST_WAIT, 0.05 * 2**attempt)))  # noqa: S311 - no secret
        raise Unavailable(f"{what}: some were left unwritten {ATTEMPTS} times: the table is throttled")

    batches = [requests[start : start + AT_ONCE] for start in range(0, len(requests), AT_ONCE)]
    if len(batches) > 1:
        with ThreadPoolExecutor(CALLS) as pool:
            list(pool.map(write, batches))
    elif batches:
        write(batches[0])
