"""What a CSV's cells mean: numbers, times and labels, read alike at validation, in training and in serving."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from itertools import filterfalse

Label = bool | int | str

# How numbers and labels that are not known are written: not at all, or as R, pandas and SQL clients export them.
# Of categories and texts only the empty value is missing: NA is Namibia, too.
MISSING = frozenset(["", "NA", "NaN", "nan", "null", "NULL"])

_TRUTHS = {"true": True, "false": False, "1": True, "0": False}
_NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*", re.ASCII)
_DIGITS = re.compile(r"[-+0-9.eE, ]*")
_WHOLE = re.compile(r"-?(0|[1-9]\d*)(\.0*)?", re.ASCII)


def first_wrong_number(cells: Sequence[str]) -> int | None:
    """The first cell that is neither missing nor a finite number, looked for one by one only when there is one."""
    present = list(filterfalse(MISSING.__contains__, cells))
    try:
        # float() alone takes 1_000, infinity and the digits of other scripts, too.
        if _DIGITS.fullmatch(",".join(present)) and math.isfinite(sum(map(float, present))):
            return None
    except ValueError:
        pass
    return next((index for index, cell in enumerate(cells) if cell not in MISSING and not is_number(cell)), None)


def is_number(cell: str) -> bool:
    """Whether the cell is a finite decimal number."""
    return _NUMBER.fullmatch(cell) is not None and math.isfinite(float(cell))


def first_wrong_moment(cells: Sequence[str]) -> int | None:
    """The first cell that is not a date, or a date and a time, in ISO 8601."""
    index = -1
    try:
        for index, cell in enumerate(cells):  # noqa: B007 - the one that fails is asked for
            datetime.fromisoformat(cell)
    except ValueError:
        return index
    return None


def time_order(cells: Sequence[str]) -> list[float]:
    """Cells of the time column as numbers in the order of time: seconds since 1970 where they are ISO 8601.

    A time without an offset counts as UTC. Raises ValueError where the cells are neither all numbers nor all ISO 8601.
    """
    if first_wrong_number(cells) is None:
        return list(map(float, cells))
    moments = map(datetime.fromisoformat, cells)
    return [(moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() for moment in moments]


def label_type(texts: Collection[str]) -> type[Label]:
    """Which type holds all these labels: whole numbers (0 and 1, too), true/false in any case, or texts."""
    if all(map(_WHOLE.fullmatch, texts)):
        return int
    return bool if all(text.casefold() in _TRUTHS for text in texts) else str


def read_label(kind: type[Label], text: str) -> Label:
    """The label that ``text`` stands for among labels of this type."""
    if kind is bool:
        return _TRUTHS[text.casefold()]
    return int(text.partition(".")[0]) if kind is int else text
