"""The pages that people read, and the code in them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("models/*/README.md")])


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def code_lines(page: Path) -> list[str]:
    """Every command line of every block, fenced or indented, less its prompt; and every piece of code in the text."""
    text = page.read_text().replace("\\\n", " ")
    fenced = "".join(re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)).splitlines()
    indented = re.findall(r"^    (.+)$", text, re.MULTILINE)
    within = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)
    return [line.strip().removeprefix("$ ") for line in (*fenced, *indented, *within)]
