"""Pages: how many results one has, and the token by which the next is asked for."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import TypeVar

from heirloom.core.errors import Invalid
from heirloom.core.tracking.search.kinds import Kind

T = TypeVar("T")
_LONGEST = 200
"""Characters of a token; ours have fewer than 100."""


def check_max_results(kind: Kind, max_results: int) -> None:
    """Raises Invalid for a page that is too long, or has no results at all."""
    if 1 <= max_results <= kind.most:
        return
    wrong = f"Invalid value {max_results} for parameter 'max_results' supplied. It must be"
    if max_results < 1:
        raise Invalid(
            f"Invalid value for max_results. It must be a positive integer, but got {max_results}"
            if kind.registry
            else f"{wrong} a positive integer"
        )
    raise Invalid(
        f"Invalid value for request parameter max_results. It must be at most {kind.most}, but got value {max_results}"
        if kind.registry
        else f"{wrong} at most {kind.most}"
    )


def page(items: Sequence[T], max_results: int, token: str, question: str) -> tuple[list[T], str]:
    """The page and the token of the next one, which is empty where there is none; an empty ``token`` is the first's.

    ``question`` is all that the results depend on: filter, order, ids. Raises Invalid for a token of another one.
    """
    start = offset(token, question)
    end = start + max_results
    return list(items[start:end]), _token(end, question) if end < len(items) else ""


def offset(token: str, question: str) -> int:
    """How many results are before the page. Raises Invalid for a token of another question."""
    return _offset(token, question) if token else 0


def _token(offset: int, question: str) -> str:
    said = json.dumps({"offset": offset, "of": _digest(question)}, separators=(",", ":"))
    return base64.urlsafe_b64encode(said.encode()).decode()


def _offset(token: str, question: str) -> int:
    said = _said(token)
    offset = said.get("offset") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(offset, int) or isinstance(offset, bool) or offset < 1:
        raise Invalid(f"Invalid page token, parsed value={said}")
    if said.get("of") != _digest(question):
        raise Invalid("Invalid page token, it is of another search: ask for its next page as for its first one")
    return offset


def _said(token: str) -> object:
    if len(token) > _LONGEST:
        raise Invalid(f"Invalid page token, it has more than {_LONGEST} characters")
    try:
        decoded = base64.b64decode(token, altchars=b"-_", validate=True)
    except ValueError as exc:
        raise Invalid("Invalid page token, could not base64-decode") from exc
    try:
        return json.loads(decoded)
    except ValueError as exc:
        raise Invalid(f"Invalid page token, decoded value={decoded!r}") from exc


def _digest(question: str) -> str:
    return hashlib.sha256(question.encode(errors="surrogatepass")).hexdigest()[:16]
