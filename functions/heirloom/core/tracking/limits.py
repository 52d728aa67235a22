"""What names and values may be: the limits of MLflow's own server, in its words.

https://mlflow.org/docs/latest/rest-api.html
"""

from __future__ import annotations

import posixpath
import re

from heirloom.core.errors import Invalid
from heirloom.core.tracking.asked import invalid, missing

NAME = 250
"""Characters of the key of a metric, a parameter or a tag."""
PARAM, TAG, EXPERIMENT_NAME, EXPERIMENT_TAG, REGISTRY_TAG = 6000, 8000, 500, 20_000, 100_000
"""Characters of values, and of an experiment's name."""
METRICS, PARAMS, TAGS, ENTITIES = 1000, 100, 100, 1000
"""In a batch: each kind, and all of them."""
_NAME = re.compile(r"[/\w.\- :]*\Z")
_ALLOWED = (
    "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes"
    " (/)."
)


def check_name(name: str, path: str) -> None:
    """The key of a metric, a parameter or a tag; ``path`` is where it stands in the request. Raises Invalid."""
    if not _NAME.match(name):
        raise Invalid(invalid(path, name, _ALLOWED))
    plain = posixpath.normpath(name)
    if plain != name or plain == "." or plain.startswith(("..", "/")):
        why = (
            "Names may be treated as files in certain cases, and must not resolve to other names when treated as such."
            f" This name would resolve to {plain!r}"
        )
        raise Invalid(invalid(path, name, why))


def check_key(name: str, path: str) -> None:
    """A tag's key, which must not be empty. Raises Invalid."""
    if not name:
        raise missing(path)
    check_name(name, path)


def check_length(what: str, limit: int, value: str) -> None:
    """Raises Invalid for a text that is too long."""
    if len(value) > limit:
        raise Invalid(f"'{what}' exceeds the maximum length of {limit} characters")


def shortened(limit: int, value: str) -> str:
    """A value as MLflow keeps it: what is too long is cut, as its server does unless it is told otherwise."""
    return value[:limit]
