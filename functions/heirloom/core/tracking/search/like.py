"""LIKE and ILIKE: ``%`` stands for anything, ``_`` for any one character, and nothing escapes them."""

from __future__ import annotations

import re
from collections.abc import Callable


def like(pattern: str, *, any_case: bool) -> Callable[[str], bool]:
    """Whether a text is like that as a whole.

    What is between two ``%`` is found where it is first, once and for all (an atomic group), so that no pattern takes
    more than its length times that of the text.
    """
    first, *rest = ["".join("." if sign == "_" else re.escape(sign) for sign in part) for part in pattern.split("%")]
    between = "".join(f"(?>.*?{part})" for part in rest[:-1] if part)
    last = f".*{rest[-1]}" if rest else ""
    match = re.compile(rf"{first}{between}{last}\Z", re.DOTALL | (re.IGNORECASE if any_case else re.NOFLAG)).match
    return lambda text: match(text) is not None
