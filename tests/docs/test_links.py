"""Every relative link of every page leads to a file, and to a heading where it names one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT

LINK = re.compile(r"\]\((?!https?:)([^)\s#]*)(?:#([^)\s]+))?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_leads_where_its_links_say(page: Path) -> None:
    broken = [
        f"{target}#{heading}" if heading else target
        for target, heading in LINK.findall(page.read_text())
        if not _leads((page.parent / target).resolve() if target else page, heading)
    ]

    assert not broken


def _leads(target: Path, heading: str) -> bool:
    return target.exists() and (not heading or heading in _headings(target))


def _headings(page: Path) -> set[str]:
    """The anchors that Markdown viewers make of the headings."""
    lines = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}
