"""A trained estimator on disk as model.skops: read back only if every type in it is known, never a bare pickle.

What is known: skops's own list, the classes of scikit-learn, the few functions that its estimators hold (``_INSIDE``),
and what the project's files beside the model define. skops leaves the trees out of its list because a forged tree can
crash the process that asks it (github.com/scikit-learn/scikit-learn/pull/34558); whoever can replace model.skops in the
artifact bucket can replace the model.py beside it, too, so the bucket's policy is what guards both.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import sklearn.utils

from heirloom.core.errors import Invalid
from image.project_code import ProjectCode

# How histogram gradient boosting holds its check of numbers; what a partial calls is on the list by itself.
_INSIDE = frozenset(["functools.partial", "sklearn.utils.validation.check_array"])


class UntrustedTypesError(Invalid):
    """The model holds objects that can't be stored safely."""


def save(estimator: object, file: Path, code: ProjectCode) -> None:
    """Write the estimator. Raises UntrustedTypesError with the names of what may not be in it."""
    try:
        _skops().dump(estimator, file)
    except (AttributeError, TypeError, ValueError) as unsupported:
        raise UntrustedTypesError(f"the model can't be stored with skops: {unsupported}") from unsupported
    _trusted(file, code)


def load(file: Path, code: ProjectCode) -> Any:
    """The estimator that ``save`` wrote."""
    return _skops().load(file, trusted=_trusted(file, code))


def holds_project_types(file: Path, code: ProjectCode) -> bool:
    """Whether reading the model imports the project's own code."""
    return any(map(code.defines, _skops().get_untrusted_types(file=file)))


def _trusted(file: Path, code: ProjectCode) -> list[str]:
    names: list[str] = _skops().get_untrusted_types(file=file)
    strange = [name for name in names if not (name in _INSIDE or code.defines(name) or _is_class_of_sklearn(name))]
    if strange:
        raise UntrustedTypesError(
            f"the model holds types that are not trusted: {', '.join(strange)}. "
            "Use scikit-learn's own, or define them at the top level of model.py, which ships beside the model"
        )
    return names


def _is_class_of_sklearn(name: str) -> bool:
    module, _, attribute = name.rpartition(".")
    return module.startswith("sklearn.") and isinstance(getattr(importlib.import_module(module), attribute, None), type)


def _skops() -> ModuleType:
    """skops.io, imported without the walk through all of scikit-learn in which it collects the names of estimators.

    The walk takes a quarter of an endpoint's start; ``_is_class_of_sklearn`` asks only for what a model holds.
    """
    every = sklearn.utils.all_estimators
    sklearn.utils.all_estimators = lambda *_, **__: []
    try:
        return importlib.import_module("skops.io")
    finally:
        sklearn.utils.all_estimators = every
