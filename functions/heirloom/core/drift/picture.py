"""A drift report as one page of HTML: of each column, what training saw beside what is asked now.

Made of report.py's document and nothing else, so that the page and its JSON twin never differ. It needs no script, no
font and no file beside it, and so can be mailed. The names in it may be anybody's: all are escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from heirloom.core.drift.chart import bars, strip
from heirloom.core.drift.style import STYLE
from heirloom.core.drift.verdict import FEWEST_ROWS

Document = Mapping[str, Any]

_MARKS = {"missing": "missing", "unseen": "never seen", "below": "below its range", "above": "above its range"}
HEADS = ("column", "importance", "PSI", "noise", "drifts from", "JS", "p", "missing", "unseen", "out of range")


def picture(report: Document) -> str:
    """The page."""
    title = escape(f"Drift of {report['model']}, version {report['version']}")
    columns = report["columns"]
    sections = [_section(place, column, report["hours"]) for place, column in enumerate(columns)]
    body = "\n".join((f"<h1>{title}</h1>", *_head(report), *_table(columns), *sections))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>{STYLE}</style>\n</head>\n'
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def when(hour: str) -> str:
    """2026-11-28T22 as people write it."""
    return f"{hour.replace('T', ' ')}:00"


def probability(p: float) -> str:
    """A p-value, with no more digits than anybody reads."""
    return f"{p:.3f}" if p >= 0.001 else f"{p:.0e}" if p > 1e-300 else "<1e-300"


def _head(report: Document) -> Iterator[str]:
    hours = [each["hour"] for each in report["hours"]]
    span = f"{when(hours[0])} to {when(hours[-1])[:-3]}:59 UTC" if hours else "no requests"
    yield f'<p class="soft">{report["rows"]:,} rows ({escape(span)}) beside {report["training_rows"]:,} of training</p>'
    state, words = verdict(report)
    yield f'<p class="verdict {state}">{escape(words)}</p>'
    yield '<p class="soft"><span class="key t"></span>training<span class="key n"></span>now</p>'


def verdict(report: Document) -> tuple[str, str]:
    """The class and the words."""
    if report["rows"] < FEWEST_ROWS:
        return "unknown", f"Too few rows to say: {report['rows']} of {FEWEST_ROWS}."
    drifted = [column["name"] for column in report["columns"] if column["drifted"]]
    return ("drifted", f"Drifted: {', '.join(drifted)}.") if drifted else ("steady", "No column has drifted.")


def _table(columns: Sequence[Document]) -> Iterator[str]:
    yield (
        '<div class="scroll"><table><thead><tr>'
        + "".join(f"<th>{name}</th>" for name in HEADS)
        + "</tr></thead><tbody>"
    )
    for place, column in enumerate(columns):
        name = f'<a href="#c{place}">{escape(column["name"])}</a>{_badge(column)}'
        yield f"<tr><td>{name}</td>" + "".join(f"<td>{cell}</td>" for cell in cells(column)) + "</tr>"
    yield "</tbody></table></div>"


def cells(column: Document) -> Iterator[str]:
    """A column's numbers as a line of a table, in the order of the heads."""
    psi, shares, importance = column["psi"], column["shares"], column["importance"]
    yield "-" if importance is None else f"{importance:.0%}"
    yield f"{psi['measured']:.3f}"
    yield f"{psi['floor']:.3f}"
    yield f"{column['threshold']:.2f}"
    yield f"{column['js']['measured']:.3f}"
    yield probability(column["adjusted_p"])
    yield from (_percent(shares[mark]["now"]) for mark in ("missing", "unseen"))
    yield _percent(shares["below"]["now"] + shares["above"]["now"])


def _badge(column: Document) -> str:
    return '<span class="badge drifted">drifted</span>' if column["drifted"] else ""


def _section(place: int, column: Document, hours: Sequence[Document]) -> str:
    facts = "".join(f"<span>{name} <b>{escape(value)}</b></span>" for name, value in _facts(column))
    lines = "".join(f'<p class="began">{escape(line)}</p>' for line in began(column))
    return (
        f'<section id="c{place}"><h2>{escape(column["name"])}{_badge(column)}</h2>{lines}'
        f'<div class="numbers">{facts}</div>{bars(column)}{strip(column, hours)}</section>'
    )


def began(column: Document) -> Iterator[str]:
    """When it changed, in sentences."""
    if column["since"]:
        yield f"{column['name']} has changed since {when(column['since'])} UTC."
    if column["upload"]:
        yield f"Of the data uploaded since, that of {column['upload']} is the first that has changed in it, too."


def _facts(column: Document) -> Iterator[tuple[str, str]]:
    psi, usual = column["psi"], column["usual"]
    yield "PSI", f"{psi['measured']:.3f}"
    yield "at least", f"{psi['low']:.3f}"
    yield "noise", f"{psi['floor']:.3f}"
    days = f" ({usual:.2f} was the farthest day of training)" if usual else ""
    yield "drifts from", f"{column['threshold']:.2f}{days}"
    yield "JS", f"{column['js']['measured']:.3f}"
    yield "p", f"{probability(column['p'])} ({probability(column['adjusted_p'])} among all columns)"
    if column["importance"] is not None:
        yield "importance", f"{column['importance']:.0%}"
    for mark, words in _MARKS.items():
        share = column["shares"][mark]
        if share["now"] or share["training"]:
            yield words, f"{_percent(share['now'])} (training {_percent(share['training'])})"


def _percent(share: float) -> str:
    return "0" if not share else "<0.1%" if share < 0.001 else f"{share:.1%}"
