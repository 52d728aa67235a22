"""Whether two answers are the same, but for ids, times and messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.differential.sides import Reply

_TIMES = {
    "creation_time",
    "last_update_time",
    "creation_timestamp",
    "last_updated_timestamp",
    "creation_timestamp_ms",
    "last_updated_timestamp_ms",
    "created_time",
}
"""What a server's clock says; other times are the client's, and are compared."""
_SETS = {
    "tags",
    "params",
    "metrics",
    "aliases",
    "latest_versions",
    "dataset_inputs",
    "model_inputs",
    "model_outputs",
    "experiment_ids",
}
"""Lists whose order nobody promises."""
_JSON = {"records", "tags", "schema", "profile"}
"""What may be JSON in a text."""
_WORKSPACE = ("workspace", "default")
"""A server without workspaces says so since 3.10."""
_UNTOLD = {
    "model_versions": {"aliases"},
    "latest_versions": {"aliases"},
    "data.metrics": {"model_id", "dataset_name", "dataset_digest"},
    "metrics": {"model_id", "dataset_name", "dataset_digest"},
}
"""What of the items of a list MLflow's SQL store does not tell: docs/tracking.md."""
_LARGEST = 1.7976931348623157e308
"""What SQL keeps of an infinity."""


@dataclass
class Ids:
    """What was created on both sides: of each kind the ids, first theirs, then ours, in the order of creation."""

    pairs: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def add(self, kind: str, theirs: str, ours: str) -> None:
        self.pairs.setdefault(kind, []).append((theirs, ours))

    def copy(self) -> Ids:
        """The same ids, to be added to."""
        return Ids({kind: list(pairs) for kind, pairs in self.pairs.items()})

    def plain(self, value: Any, side: int) -> Any:
        """An answer with the same names for the same things: what is compared."""
        text = json.dumps(value)
        for kind, pairs in self.pairs.items():
            if kind == "experiment":  # both count from 1
                continue
            for place, pair in enumerate(pairs):
                text = text.replace(pair[side], f"<{kind} {place}>")
        return _plain(json.loads(text))


def difference(theirs: Reply, ours: Reply, ids: Ids) -> str:
    """What is not the same, in words; nothing where all is."""
    codes = [_code(reply) for reply in (theirs, ours)]
    if (theirs.status, codes[0]) != (ours.status, codes[1]):
        return f"theirs: {theirs.status} {_short(theirs.body)}\nours: {ours.status} {_short(ours.body)}"
    if theirs.status != 200:
        return ""
    plain = ids.plain(theirs.body, 0), ids.plain(ours.body, 1)
    return "" if plain[0] == plain[1] else f"theirs: {_short(plain[0])}\nours: {_short(plain[1])}"


def _code(reply: Reply) -> str:
    return str(reply.body.get("error_code", "")) if reply.status != 200 and isinstance(reply.body, Mapping) else ""


def _plain(value: Any, name: str = "") -> Any:
    if name in _JSON and isinstance(value, str):
        return _plain(json.loads(value), "tags")
    if isinstance(value, Mapping):
        # of evaluation datasets a digest is one of a time, and a record's id is asked for once
        unlike = {"digest", "dataset_record_id"} if "dataset_id" in value else _UNTOLD.get(name, set())
        inner = "data." if name == "data" else ""
        return {key: _plain(each, inner + key) for key, each in value.items() if key not in unlike and _said(key, each)}
    if isinstance(value, list):
        values = [_plain(each, name if name in _UNTOLD else "") for each in _newest(value, name)]
        return sorted(values, key=_in_order) if name.removeprefix("data.") in _SETS else values
    return _masked(value, name)


def _newest(values: list[Any], name: str) -> list[Any]:
    """Of the metrics of logged models MLflow's server tells all points, ours the newest."""
    if name != "data.metrics":
        return values
    newest: dict[tuple[str, str], Any] = {}
    for each in sorted(values, key=lambda point: (point.get("step", 0), point["timestamp"])):
        newest[each["key"], each.get("dataset_name", "")] = each
    return list(newest.values())


def _masked(value: Any, name: str) -> Any:
    if name in _TIMES or name == "next_page_token":
        return "<its own>"
    if isinstance(value, float) and abs(value) == _LARGEST:
        return "Infinity" if value > 0 else "-Infinity"
    return value


def _said(key: str, value: Any) -> bool:
    """Nothing is told as an empty list, an empty text or not at all."""
    return value not in ([], {}, None, "") and (key, value) != _WORKSPACE


def _in_order(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _short(value: Any) -> str:
    return json.dumps(value, sort_keys=True)[:3000]
