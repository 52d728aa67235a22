"""Names that a person mistyped, for messages that say what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """A message's " (did you mean label?)", for the known name nearest to a wrong one; "" when none is near."""
    near = difflib.get_close_matches(wrong, list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""
