"""A sequence of requests to both sides, and the first answer that is not the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.differential.calls import BEGINNING, MISSING, Call, Ref
from tests.differential.known import is_known
from tests.differential.same import Ids, difference
from tests.differential.sides import Ours, Reply, Theirs

PAGES = 4
"""Of a search: as far as it is followed."""


@dataclass
class Both:
    """``calls`` counts those that were answered alike."""

    theirs: Theirs
    ours: Ours
    calls: int = 0

    def agree(self, sequence: Sequence[Call]) -> None:
        """Raises AssertionError with the request and both answers."""
        for side in (self.theirs, self.ours):
            side.reset()
        ids = Ids()
        for each in (*BEGINNING, *sequence):
            replies = self._asked(each, each.values, ids)
            if is_known(*replies):
                return
            for _ in range(PAGES if each.pages else 0):
                tokens = [reply.body.get("next_page_token") if reply.status == 200 else None for reply in replies]
                if not all(tokens):
                    break
                replies = self._asked(each, each.values, ids, tokens)

    def _asked(self, call: Call, values: dict[str, Any], ids: Ids, tokens: Sequence[Any] = ()) -> tuple[Reply, Reply]:
        replies: list[Reply] = []
        for place, side in enumerate((self.theirs, self.ours)):
            named = _with_ids(call.named, ids, place) if call.named else ""
            sent = _with_ids(values, ids, place) | ({"page_token": tokens[place]} if tokens else {})
            version = "3.0" if call.path.startswith("datasets") else "2.0"
            replies.append(side.ask(call.method, f"/api/{version}/mlflow/{call.path.format(named)}", sent))
        theirs, ours = replies
        _keep(call, theirs, ours, ids)
        found = difference(theirs, ours, ids)
        assert not found or is_known(theirs, ours), f"{call}\n{found}"
        self.calls += 1
        return theirs, ours


def _keep(call: Call, theirs: Reply, ours: Reply, ids: Ids) -> None:
    """The id of what has been created."""
    if call.creates and theirs.status == ours.status == 200:
        kind, path = call.creates
        ids.add(kind, _at(theirs.body, path), _at(ours.body, path))


def _at(body: Any, path: str) -> str:
    for name in path.split("."):
        body = body[name]
    return str(body)


def _with_ids(value: Any, ids: Ids, side: int) -> Any:
    if isinstance(value, Ref):
        if value.kind == "moment":
            return value.place * 1000 + len(ids.pairs.get("run", ()))
        known = ids.pairs.get(value.kind, [])
        return known[value.place][side] if value.place < len(known) else MISSING[value.kind]
    if isinstance(value, dict):
        return {name: _with_ids(each, ids, side) for name, each in value.items()}
    return [_with_ids(each, ids, side) for each in value] if isinstance(value, list) else value
