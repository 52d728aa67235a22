"""A new model project: the files of cli/template with the name in them, and with what a file of examples shows."""

from __future__ import annotations

import getpass
from pathlib import Path

from cli.sample import Sample
from heirloom.core.errors import Invalid
from heirloom.core.project import NAME

TEMPLATE = Path(__file__).parent / "template"
FILES = ("model.yaml", "model.py", "baseline.py", "README.md")
NO_RULE = "None says that there is no rule yet, and is never right. Put in what the business knows."


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
    chosen, answer = _rule(sample)
    texts = [("HOW_CHOSEN", chosen), ("ANSWER = None", f"ANSWER = {answer}"), ("COLUMNS\n", _columns(sample))]
    for placeholder, value in [*texts, ("OWNER", _owner()), ("NAME", name)]:
        text = text.replace(placeholder, value)
    return text


def _rule(sample: Sample | None) -> tuple[str, str]:
    """How the baseline's constant was chosen, and the constant as Python writes it."""
    candidates = sample.candidates if sample else []
    if not sample or not candidates:
        return NO_RULE, "None"
    column = candidates[0]
    value, count = column.values.most_common(1)[0]
    share = count / column.values.total()
    return f'It answers the most frequent "{column.name}" of {sample.file} ({share:.0%} of the rows).', _literal(value)


def _literal(value: str) -> str:
    """The value as a file of this column would be read: whole numbers and true/false are not texts."""
    if value.lower() in ("true", "false"):
        return value.capitalize()
    return value if value.lstrip("-").isdecimal() and str(int(value)) == value else repr(value)


def _columns(sample: Sample | None) -> str:
    """The file's columns as YAML comments."""
    if sample is None:
        return "\n"
    candidates = ", ".join(f"{each.name} ({len(each.values)} values)" for each in sample.candidates[:5]) or "none found"
    width = max(len(column.name) for column in sample.columns)
    lines = [f"  #   {column.name.ljust(width)}  {column.examples}".rstrip() for column in sample.columns]
    return "\n".join([f"  # Columns of {sample.file}; the label may be: {candidates}", *lines, "\n"])


def _owner() -> str:
    """Who made the project, until a team is named: the login, which every machine knows."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "nobody-yet"
