"""What is said of a file that is downloaded: its type, by its name, and that browsers save it and never show it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from mimetypes import MimeTypes
from urllib.parse import quote

_TEXT = re.compile(
    r"txt|log|err|cfg|conf|cnf|cf|ini|properties|prop|hocon|toml|ya?ml|xml|json|js|py3?|csv|tsv|md|rst|MLmodel|mlproject"
)
"""Extensions and names that MLflow tells as plain text, whatever they are to others."""
# Of a class of its own: the module's functions also read the files of the machine, and would answer another on each.
_TYPES = MimeTypes()
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def content_type(path: str) -> str:
    """The media type of a file of this name."""
    name = path.rpartition("/")[2]
    _, dot, extension = name.rpartition(".")
    if _TEXT.fullmatch(extension if dot else name):
        return "text/plain"
    return _TYPES.guess_type(f"file:{quote(name)}")[0] or "application/octet-stream"


def disposition(path: str) -> str:
    """Content-Disposition, RFC 6266: a name that is no token comes in quotes, and in UTF-8 for those who read that."""
    name = path.rpartition("/")[2]
    if _TOKEN.fullmatch(name):
        return f"attachment; filename={name}"
    plain = re.sub(r'[^ -~]|["%]', "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def headers(path: str) -> Mapping[str, str]:
    """All of it, for a body that is sent from here."""
    return {
        "Content-Type": content_type(path),
        "Content-Disposition": disposition(path),
        "X-Content-Type-Options": "nosniff",
    }
