"""A sequence of requests to both sides, and the first answer that is not the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.differential.calls import BEGINNING, MISSING, Call, Ref
from tests.differential.known import is_known
from tests.differential.same import Ids, difference
from tests.differential.sides import Reply, Side

PAGES = 4
"""Of a search: as far as it is followed."""


class Different(Exception):
    """In what two answers differ."""


class Both:
    """``calls`` counts those that were answered alike, without those of the beginning."""

    def __init__(self, theirs: Side, ours: Side) -> None:
        self.theirs, self.ours, self.calls = theirs, ours, 0
        self._begun = Ids()
        for each in BEGINNING:
            self._asked(each, each.values, self._begun)
        for side in (theirs, ours):
            side.keep()

    def agree(self, sequence: Sequence[Call]) -> None:
        """Raises AssertionError with as few of the requests as show it, and the last one's answers."""
        different = self.different(sequence)
        for place in reversed(range(len(sequence))) if different else ():
            shorter = [*sequence[:place], *sequence[place + 1 :]]
            if still := self.different(shorter):
                sequence, different = shorter, still
        assert not different, different

    def different(self, sequence: Sequence[Call]) -> str:
        """The requests up to the first that is not answered alike, and its answers; nothing where all are."""
        for side in (self.theirs, self.ours):
            side.back()
        ids = self._begun.copy()
        for place, each in enumerate(sequence):
            try:
                theirs, ours = self._all_pages(each, ids)
            except Different as found:
                return "\n".join([*map(repr, sequence[: place + 1]), str(found)])
            self.calls += 1
            if not each.reads and (ours.status == 200) != (theirs.status == 200):
                break  # one may have written what the other has not
        return ""

    def _all_pages(self, call: Call, ids: Ids) -> tuple[Reply, Reply]:
        """The first answers, theirs and ours."""
        replies = first = self._asked(call, call.values, ids)
        for _ in range(PAGES if call.pages else 0):
            tokens = [reply.body.get("next_page_token") if reply.status == 200 else None for reply in replies]
            if not all(tokens):
                break
            replies = self._asked(call, call.values, ids, tokens)
        return first

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
        if found and not is_known(call, theirs, ours):
            raise Different(found)
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
