"""A prediction: the caller's rows go to the endpoint of the champion, each answer comes back with an id of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from heirloom.core.errors import Invalid, NotFound, Problem, Unavailable
from heirloom.core.release.route import Route

MOST_ROWS = 1000
"""Rows in one request: with more, the answer could outgrow the 6 MB that a Lambda function may return."""


class Endpoints(Protocol):
    """Asks models."""

    def invoke(self, endpoint: str, document: Mapping[str, Any]) -> Any:
        """The parsed JSON that the endpoint answers. Raises Invalid with the model server's own problems for an input
        that it refuses, Denied, Unavailable for an endpoint that is not there (yet) or does not answer."""


class ChampionSource(Protocol):
    """Knows the routes; Routes does, and RecentRoutes."""

    def get(self, model: str) -> Route | None:
        """The model's route."""


@dataclass(frozen=True)
class Answer:
    """Predictions in the order of the rows; each has ``id``, then ``label`` and ``probability``, or ``value``."""

    model: str
    version: int
    predictions: tuple[Mapping[str, Any], ...]


def champion(model: str, routes: ChampionSource) -> Route:
    """The route of a model. Raises NotFound."""
    route = routes.get(model)
    if route is None:
        raise NotFound(f"there is no model {model!r}: GET /models lists them")
    return route


def predict(route: Route, document: object, endpoints: Endpoints, now: datetime) -> Answer:
    """Answer ``{"inputs": [{column: value, ...}, ...]}``.

    Raises Invalid, naming the field, Unavailable when the model can't answer now.
    """
    inputs = rows_of(document)
    found = answers(endpoints.invoke(route.endpoint, {"inputs": inputs}), len(inputs), route.endpoint)
    named = tuple({"id": identity, **answer} for identity, answer in zip(new_ids(len(found), now), found, strict=True))
    return Answer(route.model, route.champion, named)


def rows_of(document: object) -> list[Mapping[str, Any]]:
    """The rows of a request; what is in them is the model's to judge. Raises Invalid with each problem."""
    if not isinstance(document, Mapping):
        raise _invalid([Problem("body", 'an object {"inputs": [{...}]}', _kind(document))])
    unknown = [Problem(str(key), "no other key than inputs") for key in document if key != "inputs"]
    inputs = document.get("inputs")
    if "inputs" not in document:
        raise _invalid([Problem("inputs", "a list of objects, one a row", "nothing"), *unknown])
    if not isinstance(inputs, list) or not 1 <= len(inputs) <= MOST_ROWS:
        got = f"{len(inputs)} rows" if isinstance(inputs, list) else _kind(inputs)
        raise _invalid([Problem("inputs", f"a list of 1 to {MOST_ROWS} objects, one a row", got), *unknown])
    wrong = [
        Problem(f"inputs[{index}]", "an object {column: value}", _kind(row))
        for index, row in enumerate(inputs)
        if not isinstance(row, Mapping)
    ]
    if wrong or unknown:
        raise _invalid([*wrong, *unknown])
    return inputs


def answers(document: object, rows: int, endpoint: str) -> Sequence[dict[str, Any]]:
    """The predictions in an endpoint's answer. Raises Unavailable when they are not one object a row."""
    found = document.get("predictions") if isinstance(document, Mapping) else None
    if not isinstance(found, list) or len(found) != rows or not all(isinstance(answer, dict) for answer in found):
        raise Unavailable(f"{endpoint} did not answer one prediction a row to {rows} rows")
    return found


def new_ids(count: int, now: datetime) -> list[str]:
    """Ids that sort by time and, at the same millisecond, by row: UUID version 7 (RFC 9562, 5.7).

    The 12 bits after the version count the rows of one request; 62 random bits keep requests apart.
    """
    milliseconds = int(now.timestamp() * 1000)
    return [_uuid7(milliseconds, row) for row in range(count)]


def _uuid7(milliseconds: int, row: int) -> str:
    value = (
        (milliseconds << 80) | (7 << 76) | ((row & 0xFFF) << 64) | (0b10 << 62) | (int.from_bytes(os.urandom(8)) >> 2)
    )
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _invalid(problems: list[Problem]) -> Invalid:
    return Invalid("; ".join(map(str, problems)), tuple(problems))


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
