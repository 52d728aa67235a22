"""The charts of the drift picture (picture.py) as inline SVG: a column's cells as paired bars, its hours as a strip."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

Document = Mapping[str, Any]
Bar = tuple[str, float, float]
"""What a pair of bars is of, and the shares of training and now."""

_WIDTH, _LEFT, _TOP, _TALL, _BELOW = 760, 44, 16, 150, 40  # pixels
_MOST_BARS = 24
_LETTER = 6.2  # pixels of one in a label, on average
_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25)
_HOUR_TALL = 26


def bars(column: Document) -> str:
    """The shares of the rows by bin or category."""
    pairs, note = _fewer(_shares(column["cells"]))
    most = max((max(before, now) for _, before, now in pairs), default=0.0)
    step = next((step for step in _STEPS if most <= 4 * step), 0.25)
    top = step * max(1, math.ceil(most / step - 1e-9))
    wide = (_WIDTH - _LEFT) / max(1, len(pairs))
    parts = [*_grid(step, top)]
    for place, pair in enumerate(pairs):
        parts += _pair(pair, _LEFT + place * wide, wide, top)
    binned = len(column["edges"]) + 1
    parts += _at_edges(column["edges"], wide) if column["edges"] else []
    parts += _names(pairs, wide, first=binned if column["type"] != "category" else 0)
    parts.append(f'<text x="{_WIDTH}" y="{_TOP - 6}" text-anchor="end">{note}</text>')
    return _svg(_TOP + _TALL + _BELOW, f"{column['name']}: training and now", parts)


def strip(column: Document, hours: Sequence[Document]) -> str:
    """The stability index of each hour, without its noise; those that drift stand out. Nothing where none is known."""
    found = column["psi_by_hour"]
    known = [psi for psi in found if psi is not None]
    if not known:
        return ""
    top = max(column["threshold"] * 1.5, *known)
    wide = min(40.0, (_WIDTH - _LEFT) / len(hours))
    parts = [f'<text x="0" y="{_HOUR_TALL}">PSI by</text><text x="0" y="{_HOUR_TALL + 16}">hour</text>']
    for place, (hour, psi) in enumerate(zip(hours, found, strict=True)):
        parts += _hour(_LEFT + place * wide, wide, hour, psi, column["threshold"], top)
    return _svg(_HOUR_TALL + 24, f"{column['name']}: stability index by hour", parts)


def _shares(cells: Sequence[Document]) -> list[Bar]:
    training, now = (sum(cell[side] for cell in cells) or 1 for side in ("training", "now"))
    return [(cell["label"], cell["training"] / training, cell["now"] / now) for cell in cells]


def _fewer(pairs: list[Bar]) -> tuple[list[Bar], str]:
    """The largest, in their order, and what the rest comes to in words."""
    if len(pairs) <= _MOST_BARS:
        return pairs, ""
    largest = set(sorted(range(len(pairs)), key=lambda place: -max(pairs[place][1:]))[:_MOST_BARS])
    rest = [pair for place, pair in enumerate(pairs) if place not in largest]
    before, now = math.fsum(pair[1] for pair in rest), math.fsum(pair[2] for pair in rest)
    note = f"and {len(rest)} more: training {before:.1%}, now {now:.1%}"
    return [pairs[place] for place in sorted(largest)], note


def _grid(step: float, top: float) -> Iterator[str]:
    for count in range(round(top / step) + 1):
        y = _y(count * step, top)
        yield f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{100 * count * step:.0f}%</text>'


def _pair(pair: Bar, x: float, wide: float, top: float) -> Iterator[str]:
    label, before, now = pair
    bar = min(26.0, wide * 0.4)
    start = x + wide / 2 - bar
    title = escape(f"{label}: training {before:.2%}, now {now:.2%}")
    yield f"<g><title>{title}</title>"
    for kind, share, left in (("t", before, start), ("n", now, start + bar)):
        y = _y(share, top)
        yield f'<rect class="{kind}" x="{left:.1f}" y="{y:.1f}" width="{bar:.1f}" height="{_TOP + _TALL - y:.1f}"/>'
    yield "</g>"


def _at_edges(edges: Sequence[float], wide: float) -> Iterator[str]:
    """The numbers between bins, as many as have room."""
    free = 0.0
    for place, edge in enumerate(edges):
        text = f"{edge:,.5g}"
        x, half = _LEFT + (place + 1) * wide, len(text) * _LETTER / 2
        if x - half >= free and x + half <= _WIDTH:
            free = x + half + 6
            yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP + _TALL}" y2="{_TOP + _TALL + 4}"/>'
            yield f'<text x="{x:.1f}" y="{_TOP + _TALL + 16}" text-anchor="middle">{text}</text>'


def _names(pairs: Sequence[Bar], wide: float, first: int) -> Iterator[str]:
    """What stands below the bars from ``first`` on; where names have too little room every other is lower."""
    named = pairs[first:]
    lower = any(len(label) * _LETTER > wide for label, _, _ in named)
    room = max(2, int((2 * wide if lower else wide) / _LETTER) - 1)
    for place, (label, _, _) in enumerate(named):
        x, y = _LEFT + (first + place + 0.5) * wide, _TOP + _TALL + 16 + (14 if lower and place % 2 else 0)
        short = label if len(label) <= room + 1 else f"{label[:room]}…"
        yield f'<text x="{x:.1f}" y="{y}" text-anchor="middle">{escape(short)}</text>'


def _hour(x: float, wide: float, hour: Document, psi: float | None, threshold: float, top: float) -> Iterator[str]:
    name = hour["hour"][11:]
    told = "too few rows to say" if psi is None else f"stability index {psi:.3f}"
    yield f"<g><title>{escape(hour['hour'])}: {hour['rows']:,} rows, {told}</title>"
    if psi is not None:
        tall = max(1.5, _HOUR_TALL * psi / top)
        kind = "h over" if psi >= threshold else "h"
        yield (
            f'<rect class="{kind}" x="{x + 2:.1f}" y="{_HOUR_TALL + 2 - tall:.1f}" width="{wide - 4:.1f}" '
            f'height="{tall:.1f}"/>'
        )
    yield f'<text x="{x + wide / 2:.1f}" y="{_HOUR_TALL + 16}" text-anchor="middle">{escape(name)}</text></g>'


def _y(share: float, top: float) -> float:
    return _TOP + _TALL * (1 - share / top)


def _svg(tall: float, title: str, parts: Sequence[str]) -> str:
    label = escape(title)
    return f'<svg viewBox="0 0 {_WIDTH} {tall}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
