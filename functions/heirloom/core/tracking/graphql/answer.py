"""POST graphql: the answers of the REST endpoints, as a query wants them."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from typing import Any

from heirloom.core.errors import Invalid, NotFound
from heirloom.core.tracking import experiments
from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.graphql.plan import Wanted, planned
from heirloom.core.tracking.graphql.schema import BOOL, FLOAT, LONG, NOTHING, ROOT, TEXT, TYPES, Kind, Many
from heirloom.core.tracking.graphql.syntax import parse
from heirloom.core.tracking.registry.searches import versions_found
from heirloom.core.tracking.tracking import Answer, Endpoint, Tracking

_TYPENAME = "__typename"
_PLAIN = (TEXT, LONG, FLOAT, BOOL, NOTHING)


def answer(asked: Asked, tracking: Tracking, *, endpoints: Mapping[str, Endpoint]) -> Answer:
    """``endpoints`` answers the fields of the root. What is wrong comes in ``errors``: texts, as of MLflow's server.

    Raises Invalid for what is no request of GraphQL at all, Denied and Unavailable.
    """
    text, name, variables = asked.needed("query"), asked.text("operationName"), asked.item("variables").values
    try:
        fields = planned(parse(text), name, variables)
        _check(fields, "Query", ROOT)
    except Invalid as error:
        return {"data": None, "errors": [str(error)]}
    data: dict[str, Any] = {}
    errors = []
    linked = _Linked(tracking)
    for field in fields:
        try:
            data[field.key] = _root(field, linked, endpoints)
        except (Invalid, NotFound) as error:
            data[field.key] = None
            errors.append(str(error))
    return {"data": data, "errors": errors or None}


class _Linked:
    """What belongs to runs and is kept elsewhere: each is read when the first run is asked for it, and once."""

    def __init__(self, tracking: Tracking) -> None:
        self.tracking = tracking
        self._experiments: dict[str, Answer] = {}

    def experiment(self, run: Answer) -> Answer:
        """The experiment of a run."""
        identity = run["info"]["experiment_id"]
        if identity not in self._experiments:
            asked = Asked({"experiment_id": identity})
            self._experiments[identity] = experiments.get(asked, self.tracking)["experiment"]
        return self._experiments[identity]

    def versions(self, run: Answer) -> list[Answer]:
        """The registered versions that came of a run."""
        return self._versions[run["info"]["run_id"]]

    @cached_property
    def _versions(self) -> Mapping[str, list[Answer]]:
        found = defaultdict(list)
        for each in versions_found(Asked({}), self.tracking).get("model_versions", ()):
            found[each["run_id"]].append(each)
        return found


def _root(field: Wanted, linked: _Linked, endpoints: Mapping[str, Endpoint]) -> Any:
    if field.name == _TYPENAME:
        return "Query"
    given = field.arguments.get("input") or {}
    if not isinstance(given, Mapping):
        raise Invalid(f'Expected an object for the argument "input" of {field.name}.')
    if field.name == "test":
        return _told({"output": field.arguments.get("inputString")}, ROOT["test"], field.fields, linked)
    asked = Asked({_snake(name): value for name, value in given.items()})
    return _told(endpoints[field.name](asked, linked.tracking), ROOT[field.name], field.fields, linked)


def _told(value: Any, kind: Kind, fields: Iterable[Wanted], linked: _Linked) -> Any:
    if isinstance(kind, Many):
        return [_told(each, kind.of, fields, linked) for each in value or ()]
    if kind in _PLAIN:
        return _plain(value, kind)
    found = value or {}
    return {field.key: _of(found, kind, field, linked) for field in fields}


def _of(value: Answer, of: str, field: Wanted, linked: _Linked) -> Any:
    """A field of an object."""
    if field.name == _TYPENAME:
        return of
    below: Any = value.get(_snake(field.name))
    if of == "MlflowRunExtension" and field.name == "experiment":
        below = linked.experiment(value)
    elif of == "MlflowRunExtension" and field.name == "modelVersions":
        below = linked.versions(value)
    return _told(below, TYPES[of][field.name], field.fields, linked)


def _plain(value: Any, kind: str) -> Any:
    """No number that JSON has not; what is not there has protobuf's default."""
    if kind == NOTHING:
        return None
    if kind == BOOL:
        return bool(value)
    if kind == FLOAT:
        return (value or 0.0) if value is None or math.isfinite(value) else None
    return str(value if value is not None else "" if kind == TEXT else 0)


def _check(fields: Iterable[Wanted], of: str, known: Mapping[str, Kind]) -> None:
    """Raises Invalid for a field that a type has not, and where only a part of it can be told, or none."""
    for field in fields:
        if field.name == _TYPENAME:
            continue
        if field.name not in known:
            raise Invalid(f'Cannot query field "{field.name}" on type "{of}".')
        kind = known[field.name]
        below = kind.of if isinstance(kind, Many) else kind
        if below in _PLAIN:
            _check_plain(field, below)
        elif not field.fields:
            raise Invalid(f'Field "{field.name}" of type "{below}" must have a selection of subfields.')
        else:
            _check(field.fields, below, TYPES[below])


def _check_plain(field: Wanted, kind: str) -> None:
    if field.fields and kind != NOTHING:
        raise Invalid(f'Field "{field.name}" must not have a selection since it has no subfields.')


@cache
def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
