"""The schema of a dataset: the type of each field that its records have ever had. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

_TYPES: Mapping[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "float",
    str: "string",
    list: "array",
    dict: "object",
}


def with_records(schema: str | None, records: Iterable[Mapping[str, Any]]) -> str:
    """The schema, as MLflow keeps it: JSON in a text. The first value of a field says of which type it is."""
    known = json.loads(schema) if schema else {"inputs": {}, "outputs": {}, "expectations": {}, "version": "1.0"}
    for record in records:
        for part in ("inputs", "outputs", "expectations"):
            known[part] = _with(known[part], record.get(part))
    return json.dumps(known)


def _with(known: Any, given: Any) -> Any:
    """Outputs may be anything: of what is no object its type is all that is known."""
    if isinstance(given, dict) and isinstance(known, dict):
        return {**known, **{key: _TYPES[type(value)] for key, value in given.items() if key not in known}}
    return known if known or given is None else _TYPES[type(given)]
