"""What a command prints: a document with --json, else tables and sentences for people.

Answers go to stdout, everything about how they came to be (progress, notes, errors) to stderr, so that a pipe gets
answers only. On a terminal rich draws; elsewhere columns are padded with spaces and nothing is cut off.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

Cells = Sequence[object]
Document = dict[str, Any]
# Letters that a column keeps, however narrow the terminal is, and those between two columns.
LEAST, GAP = 8, 2
_STYLES = {"succeeded": "green", "met": "green", "champion": "green", "failed": "red", "missed": "red"}


class Output:
    """Where one command's answer goes; ``as_json`` when a program reads it."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self.notes = Console(stderr=True, highlight=False, soft_wrap=True)

    def answer(self, document: object, show: Callable[[], None]) -> None:
        """Print the document, or let ``show`` tell it to a person."""
        if self.as_json:
            click.echo(json.dumps(document, indent=2, default=str))
        else:
            show()

    def lines(self, documents: Iterable[Document], shown: Callable[[Document], str]) -> None:
        """Print documents as they come: one a line, in JSON Lines or for people."""
        for document in documents:
            click.echo(json.dumps(document) if self.as_json else shown(document))

    def say(self, text: str = "") -> None:
        """A line of the answer for people; text is taken as it is."""
        click.echo(text)

    def note(self, text: str) -> None:
        """A line beside the answer: on stderr, so that a pipe does not see it."""
        self.notes.print(escape(text), style="dim")

    def table(self, columns: Sequence[str], rows: Iterable[Cells]) -> None:
        """Rows under a heading; numbers stand to the right."""
        cells = [[_text(cell) for cell in row] for row in rows]
        if not cells:
            return
        if sys.stdout.isatty():
            _draw(Console(highlight=False), columns, cells)
        else:
            _write_columns([list(columns), *cells])

    def facts(self, facts: Iterable[tuple[str, object]]) -> None:
        """Names and values, one a line; what is empty is left out."""
        shown = [[f"{name}:", _text(value)] for name, value in facts if value not in (None, "")]
        _write_columns(shown)


def _draw(console: Console, columns: Sequence[str], rows: list[list[str]]) -> None:
    """Every column is there; where the terminal is narrow, the widest ones go on in a second line.

    Texts and times give way before names, which people copy.
    """
    table = Table(box=None, header_style="bold", pad_edge=False)
    words = [any(" " in row[index] for row in rows) for index in range(len(columns))]
    widths = _fitted(_widths([list(columns), *rows]), words, console.width)
    console.width = max(console.width, _total(widths))  # rich drops what has no room
    for index, (column, width) in enumerate(zip(columns, widths, strict=True)):
        right = all(_numeric(row[index]) for row in rows)
        table.add_column(column, justify="right" if right else "left", width=width, overflow="fold")
    for row in rows:
        table.add_row(*(f"[{_STYLES[cell]}]{cell}[/]" if cell in _STYLES else escape(cell) for cell in row))
    console.print(table, crop=False)


def _fitted(widths: list[int], words: list[bool], room: int) -> list[int]:
    """The widths made to fit, of words first, the widest and of these the last one first, none to less than LEAST."""
    fitted = list(widths)
    while _total(fitted) > room and max(fitted) > LEAST:
        giving = [index for index, width in enumerate(fitted) if width > LEAST]
        fitted[max(giving, key=lambda index: (words[index], fitted[index], index))] -= 1
    return fitted


def _total(widths: list[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _widths(rows: list[list[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def _write_columns(rows: list[list[str]]) -> None:
    widths = _widths(rows)
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _numeric(text: str) -> bool:
    return text in ("", "-") or text.replace(".", "", 1).replace("-", "", 1).replace(",", "").isdigit()


def _text(cell: object) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.4g}"
    return str(cell)


def clock(moment: str | None) -> str:
    """An ISO 8601 moment as the reader's own clock shows it, to the second; "-" for none."""
    if not moment:
        return "-"
    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def elapsed(start: str, end: str | None = None) -> float:
    """Seconds from one ISO 8601 moment to another, or to now."""
    last = datetime.fromisoformat(end) if end else datetime.now(UTC)
    return (last - datetime.fromisoformat(start)).total_seconds()


def seconds(value: float) -> str:
    """A duration as people say it: 0.4 s, 12 s, 3 min 5 s."""
    if value < 10:
        return f"{value:.1f} s"
    return f"{value:.0f} s" if value < 60 else f"{value // 60:.0f} min {value % 60:.0f} s"


def size(value: float) -> str:
    """Bytes as people say them, in the decimal units of disks and of S3's prices."""
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
