"""What a caller asks: the rows and the entity of a request, checked, and the body that an endpoint gets of them.

What is in the rows is the model's to judge.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from heirloom.core.errors import Invalid, Problem

MOST_ROWS = 1000
"""Rows in one request: with more, the answer could outgrow the 6 MB that a Lambda function may return."""
LONGEST_ENTITY = 256  # characters
LARGEST_BODY = 4 * 2**20
"""Bytes: what a serverless endpoint takes. The caller's own body is no larger, but may grow: 1e15 has more digits when
it is written again."""
PROBE_ENTITY = "heirloom-"
"""What the entity of a request of our own begins with, a health check's or a drill's: its rows are nobody's, and are
left out of what is watched."""
JSON = "application/json"


@dataclass(frozen=True)
class Request:
    """What a caller asks. ``caller`` decides the share it falls to: its ``entity``, or the request's own id."""

    inputs: Sequence[Mapping[str, Any]]
    caller: str
    entity: str | None = None


def is_probe(entity: str | None) -> bool:
    """Whether a request about this entity is one of our own."""
    return entity is not None and entity.startswith(PROBE_ENTITY)


def request_of(document: object, request_id: str) -> Request:
    """The request in ``{"inputs": [{column: value, ...}, ...], "entity": text}``, the entity being optional.

    What is in the rows is the model's to judge. Raises Invalid with each problem.
    """
    if not isinstance(document, Mapping):
        raise _invalid([Problem("body", 'an object {"inputs": [{...}]}', _kind(document))])
    problems = [*_row_problems(document), *_entity_problems(document)]
    problems += [Problem(str(key), "no other key than inputs and entity") for key in document.keys() - _KEYS]
    if problems:
        raise _invalid(problems)
    entity = document.get("entity")
    return Request(document["inputs"], entity or request_id, entity)


_KEYS = frozenset(("inputs", "entity"))


def _row_problems(document: Mapping[str, Any]) -> list[Problem]:
    inputs = document.get("inputs")
    if "inputs" not in document:
        return [Problem("inputs", "a list of objects, one a row", "nothing")]
    if not isinstance(inputs, list) or not 1 <= len(inputs) <= MOST_ROWS:
        got = f"{len(inputs)} rows" if isinstance(inputs, list) else _kind(inputs)
        return [Problem("inputs", f"a list of 1 to {MOST_ROWS} objects, one a row", got)]
    return [
        Problem(f"inputs[{index}]", "an object {column: value}", _kind(row))
        for index, row in enumerate(inputs)
        if not isinstance(row, Mapping)
    ]


def _entity_problems(document: Mapping[str, Any]) -> list[Problem]:
    entity = document.get("entity")
    if entity is None or (isinstance(entity, str) and 1 <= len(entity) <= LONGEST_ENTITY):
        return []
    got = f"{len(entity)} characters" if isinstance(entity, str) else _kind(entity)
    return [Problem("entity", f"a text of 1 to {LONGEST_ENTITY} characters, or none", got)]


def body_of(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """What an endpoint is asked, in UTF-8. Raises Invalid for numbers that JSON has not (Python reads NaN and 1e999),
    for half a surrogate pair, which UTF-8 has not (Python reads "\\ud800"), and for more than LARGEST_BODY."""
    try:
        body = json.dumps({"inputs": rows}, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        raise _invalid(_halved(rows)) from error
    except ValueError as error:
        raise _invalid([Problem("inputs", "finite numbers", "NaN or an infinite one")]) from error
    if len(body) > LARGEST_BODY:
        most = f"at most {LARGEST_BODY} bytes as JSON, which is what an endpoint takes: send fewer rows at once"
        raise _invalid([Problem("inputs", most, str(len(body)))])
    return body


_HALF = re.compile(r"[\ud800-\udfff]")


def _halved(rows: Sequence[Mapping[str, Any]]) -> list[Problem]:
    texts = (json.dumps(row, ensure_ascii=False) for row in rows)
    return [
        Problem(f"inputs[{index}]", "texts of whole characters", "half of a surrogate pair")
        for index, text in enumerate(texts)
        if _HALF.search(text)
    ]


def _invalid(problems: list[Problem]) -> Invalid:
    return Invalid("; ".join(map(str, problems)), tuple(problems))


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
