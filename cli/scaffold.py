"""A new model project: the files of cli/template with the name in them, and with what a file of examples shows."""

from __future__ import annotations

import getpass
from pathlib import Path

from cli.sample import Sample
from heirloom.core.errors import Invalid
from heirloom.core.project.definition import NAME

TEMPLATE = Path(__file__).parent / "template"
FILES = ("model.yaml", "model.py", "baseline.py", "README.md")


def write_project(models: Path, name: str, sample: Sample | None = None) -> Path:
    """Write ``models/name``. Raises Invalid for a name that can't be one, or that is taken."""
    if not NAME.fullmatch(name):
        raise Invalid(f"{name!r} can't be a model's name: 3 to 40 lower-case letters, digits and -, a letter first")
    folder = models / name
    if folder.exists() and any(folder.iterdir()):
        raise Invalid(f"{folder} is there already: choose another name, or remove it")
    folder.mkdir(parents=True, exist_ok=True)
    for file in FILES:
        (folder / file).write_text(_filled((TEMPLATE / file).read_text(encoding="utf-8"), name, sample), "utf-8")
    return folder


def _filled(text: str, name: str, sample: Sample | None) -> str:
    texts = [("# CANDIDATES\n", _candidates(sample)), ("COLUMNS\n", _columns(sample))]
    for placeholder, value in [("NAME", name), ("OWNER", _owner()), *texts]:  # a column may be called NAME
        text = text.replace(placeholder, value)
    return text


def _candidates(sample: Sample | None) -> str:
    """The most frequent value of each column that may be the label, as comments: only the reader knows which it is."""
    candidates = sample.candidates[:5] if sample else []
    if not sample or not candidates:
        return ""
    lines = [f"# Of {sample.file}, the most frequent value of each column that may be the label:"]
    for column in candidates:
        value, count = column.values.most_common(1)[0]
        lines.append(f"#   {_line(column.name)}: {_literal(value)} ({count / column.values.total():.0%} of the rows)")
    return "\n".join([*lines, ""])


def _literal(value: str) -> str:
    """The value as a file of this column would be read: whole numbers and true/false are not texts."""
    if value.lower() in ("true", "false"):
        return value.capitalize()
    return value if value.lstrip("-").isdecimal() and str(int(value)) == value else repr(value)


def _columns(sample: Sample | None) -> str:
    """The file's columns as YAML comments."""
    if sample is None:
        return "\n"
    likely = [f"{_line(each.name)} ({len(each.values)} values)" for each in sample.candidates[:5]]
    candidates = ", ".join(likely) or "none found"
    width = max(len(_line(column.name)) for column in sample.columns)
    lines = [f"  #   {_line(column.name).ljust(width)}  {_line(column.examples)}".rstrip() for column in sample.columns]
    return "\n".join([f"  # Columns of {sample.file}; the label may be: {candidates}", *lines, "\n"])


def _line(text: str) -> str:
    """A text of the file's in one line, as a comment has to be."""
    return " ".join(text.split())


def _owner() -> str:
    """Who made the project, until a team is named: the login, which every machine knows."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "nobody-yet"
