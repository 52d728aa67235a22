"""What clients write into a text as JSON: tags and records."""

from __future__ import annotations

import json
from typing import Any

from heirloom.core.errors import Invalid
from heirloom.core.tracking import limits
from heirloom.core.tracking.asked import Asked

TAG_KEY, TAG_VALUE = 255, 5000
"""Characters."""


def tags_of(asked: Asked) -> dict[str, str]:
    """The tags of a request; those without a value are left out. Raises Invalid."""
    given = _json(asked.text("tags") or "{}", "tags")
    if not isinstance(given, dict):
        raise Invalid(f"Parameter 'tags' must be the JSON of an object, got one of type {type(given).__name__}.")
    tags = {key: str(value) for key, value in given.items() if value is not None}
    for key, value in tags.items():
        limits.check_length("tag key", TAG_KEY, key)
        limits.check_length("tag value", TAG_VALUE, value)
    return tags


def records_of(asked: Asked) -> list[dict[str, Any]]:
    """The records of a request: objects. Raises Invalid."""
    given = _json(asked.needed("records"), "records")
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise Invalid("Parameter 'records' must be the JSON of a list of objects.")
    return given


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"Parameter '{name}' must be JSON: {error}") from error
