"""DescribeStacks answers when the stack has come to rest.

The CDK CLI looks every five seconds at a stack that it changes. On AWS that is often; here most stacks are done in one,
and whoever deploys would only wait for the next look. So the answer about one stack waits for its end, up to WAIT.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

from ministack import app

SERVICE = "cloudformation"
WAIT = 20.0
"""Seconds: less than a client waits for an answer."""
LOOK = 0.05
_NAMED = re.compile(rb"(^|&)StackName=[^&]")
# REVIEW_IN_PROGRESS, too, ends in these words, but waits for a person.
_CHANGING = re.compile(rb"<StackStatus>(?!REVIEW_)\w+_IN_PROGRESS</StackStatus>")


def install() -> None:
    """Stand before MiniStack's handler."""
    handle = app.SERVICE_HANDLERS[SERVICE]

    async def when_at_rest(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        answer = await handle(method, path, headers, body, query)
        if b"Action=DescribeStacks" not in body or not _NAMED.search(body):
            return answer
        for _ in range(round(WAIT / LOOK)):
            if not _CHANGING.search(answer[2]):
                break
            await asyncio.sleep(LOOK)
            answer = await handle(method, path, headers, body, query)
        return answer

    app.SERVICE_HANDLERS[SERVICE] = when_at_rest
