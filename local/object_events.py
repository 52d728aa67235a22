"""Give S3's events on EventBridge the version of the object, as AWS does for a bucket with versioning.

A plug-in (see local.server). MiniStack knows the version and leaves it out, though a run is named after it.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from __future__ import annotations

import json
from contextvars import ContextVar
from typing import Any

from ministack.services import eventbridge, s3

_version: ContextVar[str | None] = ContextVar("version of the object whose event is being sent", default=None)


def install() -> None:
    """Wrap the function that makes an event, which knows the version, and the one that it hands the event to."""
    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event

    def fire_with_version(*args: Any, version_id: str | None = None, **kwargs: Any) -> None:
        token = _version.set(version_id)
        try:
            fire(*args, version_id=version_id, **kwargs)
        finally:
            _version.reset(token)

    def dispatch_with_version(event: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        return dispatch(_versioned(event), *args, **kwargs)

    s3._fire_s3_event = fire_with_version
    eventbridge._dispatch_event = dispatch_with_version


def _versioned(event: dict[str, Any]) -> dict[str, Any]:
    version = _version.get()
    if version is None or event.get("Source") != "aws.s3":
        return event
    detail = json.loads(event["Detail"])
    detail["object"]["version-id"] = version
    return {**event, "Detail": json.dumps(detail)}
