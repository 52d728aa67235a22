"""The templates of dvc.yaml: ``${name}`` in texts, and stages that are made for each of several values. Pure.

https://dvc.org/doc/user-guide/project-structure/dvcyaml-files#templating
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

_NAME = re.compile(r"\$\{\s*([\w.\[\]-]+)\s*\}")


def stages(document: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every stage of a dvc.yaml, with what is known put in."""
    told = document.get("stages")
    for stage in told.values() if isinstance(told, Mapping) else ():
        if not isinstance(stage, Mapping):
            continue
        its = {**values, **_vars(stage)}
        for item in _items(stage, its):
            made = filled(stage.get("do", stage), {**its, **item})
            if isinstance(made, Mapping):
                yield made


def filled(value: Any, values: Mapping[str, Any]) -> Any:
    """The same with every ``${name}`` that is known put in; others are left as they are."""
    match value:
        case str():
            return _filled_text(value, values)
        case Mapping():
            return {filled(key, values): filled(each, values) for key, each in value.items()}
        case list():
            return [filled(each, values) for each in value]
        case _:
            return value


def _filled_text(text: str, values: Mapping[str, Any]) -> Any:
    if whole := _NAME.fullmatch(text):
        found = _named(whole[1], values)
        return text if found is None else found
    return _NAME.sub(lambda name: _written(_named(name[1], values), name[0]), text)


def _written(value: Any, otherwise: str) -> str:
    if value is None:
        return otherwise
    return str(value).lower() if isinstance(value, bool) else str(value)


def _vars(document: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a stage has of its own."""
    told = as_list(document.get("vars"))
    return {name: value for each in told if isinstance(each, Mapping) for name, value in each.items()}


def _items(stage: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What ``item`` and ``key`` are in each stage that is made of one."""
    if "foreach" in stage:
        yield from _each(filled(stage["foreach"], values))
    elif "matrix" in stage:
        axes = filled(stage["matrix"], values) if isinstance(stage["matrix"], Mapping) else {}
        for combination in itertools.product(*map(as_list, axes.values())):
            yield {"item": dict(zip(axes, combination, strict=True))}
    else:
        yield {}


def _each(over: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(over, Mapping):
        yield from ({"key": key, "item": item} for key, item in over.items())
    elif isinstance(over, list):
        yield from ({"key": place, "item": item} for place, item in enumerate(over))


def as_list(value: Any) -> list[Any]:
    """A list as it is; an empty one of anything else."""
    return value if isinstance(value, list) else []


def _named(name: str, values: Mapping[str, Any]) -> Any:
    """The value of ``a.b`` or ``a[0]``; None where there is none."""
    found: Any = values
    for part in re.findall(r"[^.\[\]]+", name):
        if isinstance(found, Mapping):
            found = found.get(part)
        elif isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            return None
    return found
