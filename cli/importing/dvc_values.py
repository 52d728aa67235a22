"""Parameters and metrics in files: YAML, JSON, TOML or Python, flattened to names with dots. Pure.

https://dvc.org/doc/command-reference/params and https://dvc.org/doc/command-reference/metrics say what there may be.
"""

from __future__ import annotations

import ast
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import yaml

from heirloom.core.errors import InvalidData


def parsed(path: str, body: bytes) -> Any:
    """What a file says, by the end of its name; YAML where that says nothing. Raises InvalidData."""
    try:
        text = body.decode()
        match PurePosixPath(path).suffix.lower():
            case ".json":
                return json.loads(text)
            case ".toml":
                return tomllib.loads(text)
            case ".py":
                return dict(_assigned(ast.parse(text).body))
            case _:
                return yaml.safe_load(text)
    except (ValueError, SyntaxError, RecursionError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise InvalidData(f"{path}: {reason}") from error


def mapping(path: str, body: bytes) -> Mapping[str, Any]:
    """The same of a file that has to hold names and values; nothing of an empty one. Raises InvalidData."""
    found = parsed(path, body)
    if not isinstance(found, Mapping | None):
        raise InvalidData(f"{path}: expected names and values, got {type(found).__name__}")
    return found or {}


def params_of(path: str, body: bytes) -> dict[str, str]:
    """Every value as a text, as YAML and JSON write it. Raises InvalidData."""
    return {name: _text(value) for name, value in _flat(mapping(path, body))}


def metrics_of(path: str, body: bytes) -> dict[str, float]:
    """The numbers alone; one that stands by itself is called as its file is. Raises InvalidData."""
    found = parsed(path, body)
    values = _flat(found) if isinstance(found, Mapping) else [(PurePosixPath(path).stem, found)]
    return {name: float(value) for name, value in values if _is_number(value)}


def merged(files: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """The values of several files; a name that a file before has already gets its own file's before it."""
    found: dict[str, Any] = {}
    for path, values in files:
        for name, value in values.items():
            found[name if name not in found else f"{path}:{name}"] = value
    return found


def _flat(values: Mapping[Any, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        name = f"{before}{key}"
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{name}.")
        else:
            yield name, value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _assigned(body: Iterable[ast.stmt]) -> Iterator[tuple[str, Any]]:
    """What a Python file assigns to names, within classes too, where it needs no running to know it."""
    for line in body:
        match line:
            case ast.ClassDef(name=name, body=inner):
                yield name, dict(_assigned(inner))
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                try:
                    yield name, ast.literal_eval(value)
                except ValueError:
                    continue
