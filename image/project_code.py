"""The Python of a model project: imported from its folder, called with care, blamed with its own line when it fails."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from heirloom.core.errors import HeirloomError

_FRAMES = 3


class ProjectCodeError(HeirloomError):
    """model.py or baseline.py raised, or lacks a function, or answered with something that can't be used."""


class ProjectCode:
    """The modules in ``folder``: model.py, baseline.py and what they import from beside them."""

    def __init__(self, folder: Path) -> None:
        """Its files can be imported from here on: by name, as a stored model asks for what it holds of them."""
        self._folder = folder.resolve()
        if str(self._folder) not in sys.path:
            sys.path.insert(0, str(self._folder))

    def function(self, module: str, name: str) -> Callable[..., Any]:
        """A function that must be there, wrapped so that what it raises becomes a ProjectCodeError."""
        found = self.hook(module, name)
        if found is None:
            raise ProjectCodeError(f"{module}.py: expected a function {name}, got a file without it")
        return found

    def hook(self, module: str, name: str) -> Callable[..., Any] | None:
        """The same for a function that may be left out."""
        function = getattr(self._load(module), name, None)
        if function is None:
            return None

        blaming = self.blaming(f"{module}.py: {name} failed")
        return lambda *arguments: blaming(function, *arguments)

    def blaming(self, what: str) -> Callable[..., Any]:
        """Calls a function of the project's, or one that runs its objects, so that an error in it reads as ``what``."""

        def call(function: Callable[..., Any], *arguments: Any) -> Any:
            with self._blamed(what):
                return function(*arguments)

        return call

    def has(self, module: str) -> bool:
        """Whether the project has such a file at all."""
        return (self._folder / f"{module}.py").is_file()

    def defines(self, type_name: str) -> bool:
        """Whether a type, by its dotted name, comes from the top level of one of the project's own files."""
        return self.has(type_name.partition(".")[0]) and "<" not in type_name  # as in model.<lambda>

    def _load(self, module: str) -> ModuleType:
        if not self.has(module):
            raise ProjectCodeError(f"expected a file {module}.py in the project, got none")
        with self._blamed(f"{module}.py: can't be imported"), _no_bytecode():
            return importlib.import_module(module)

    @contextmanager
    def _blamed(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            raise ProjectCodeError(f"{what}: {self._story(error)}") from error

    def _story(self, error: Exception) -> str:
        """The error, and the last of the project's own lines that led to it."""
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if Path(frame.filename).parent == self._folder][-_FRAMES:]
        lines = [f"  {Path(frame.filename).name}:{frame.lineno} in {frame.name}: {frame.line}" for frame in own]
        return "\n".join([f"{type(error).__name__}: {error}", *lines])


@contextmanager
def _no_bytecode() -> Iterator[None]:
    """Nothing is written beside the project's files: they are packed with the model, to be the same every time."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before
