"""The encoding of fitted transformers: arithmetic from their parameters, tables from their own answers.

A transformer that works on each column by itself is asked for every category that it or the schema knows, for a missing
one and for one that nobody knows, and the answers become a table: exact, whatever its options are.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

from heirloom.core.dataset.schema import Schema
from image.compiled.encoding import Cell, Number, Part, Table

_NEVER_SEEN = "\0never seen"
_MOST_COLUMNS = 20_000
_AT_ONCE = 256


class UncompilableError(Exception):
    """Why a model stays with scikit-learn."""


@dataclass(frozen=True)
class Words:
    """A feature that is no number yet: a category, or a ``text``; ``fill`` stands for a missing one."""

    column: str
    text: bool = False
    fill: str | None = None


Feature = Part | Words


def encoding_of(steps: Sequence[Any], names: Sequence[str], schema: Schema) -> list[Part]:
    """The columns that the last of fitted ``steps`` gives for the features ``names``. Raises UncompilableError."""
    features: list[Feature] = [_raw(name, schema) for name in names]
    for step in steps:
        features = _apply(step, features)
    return [_finished(feature) for feature in features]


def _raw(name: str, schema: Schema) -> Feature:
    kind = schema.features.get(name)
    if kind is None:
        raise UncompilableError(f"the model reads {name}, which is no feature of the schema")
    if kind == "number":
        return Number(name)
    return Words(name, text=kind == "text")


def _finished(feature: Feature) -> Part:
    if isinstance(feature, Words):
        raise UncompilableError(f"{feature.column} reaches the estimator as text")
    return feature


def _apply(transformer: Any, features: list[Feature]) -> list[Feature]:
    if isinstance(transformer, str):
        return {"passthrough": features, "drop": []}[transformer]
    compiler = _COMPILERS.get(type(transformer))
    if compiler is None:
        raise UncompilableError(f"{type(transformer).__name__} has no compiled form")
    return compiler(transformer, features)


def _columns(transformer: Any, features: list[Feature]) -> list[Feature]:
    if any(isinstance(feature, Table) and feature.width for feature in features):
        raise UncompilableError("a ColumnTransformer behind a OneHotEncoder has no compiled form")
    places = transformer._transformer_to_input_indices
    found: list[Feature] = []
    for name, fitted, _ in transformer.transformers_:
        chosen = [features[place] for place in places[name]]
        found += _apply(fitted, chosen) if chosen else []
    return found


def _pipeline(transformer: Any, features: list[Feature]) -> list[Feature]:
    for _, step in transformer.steps:
        features = _apply("passthrough" if step is None else step, features)
    return features


def _function(transformer: Any, features: list[Feature]) -> list[Feature]:
    if transformer.func is not None:
        raise UncompilableError("a FunctionTransformer calls Python")
    return features


def _standard(transformer: Any, features: list[Feature]) -> list[Feature]:
    means = transformer.mean_ if transformer.with_mean else None
    return _scaled(features, minus=means, divide=transformer.scale_ if transformer.with_std else None)


def _least_most(transformer: Any, features: list[Feature]) -> list[Feature]:
    _no_clipping(transformer)
    return _scaled(features, times=transformer.scale_, plus=transformer.min_)


def _most(transformer: Any, features: list[Feature]) -> list[Feature]:
    _no_clipping(transformer)
    return _scaled(features, divide=transformer.scale_)


def _robust(transformer: Any, features: list[Feature]) -> list[Feature]:
    centers = transformer.center_ if transformer.with_centering else None
    return _scaled(features, minus=centers, divide=transformer.scale_ if transformer.with_scaling else None)


def _no_clipping(transformer: Any) -> None:
    if transformer.clip:
        raise UncompilableError(f"{type(transformer).__name__}(clip=True) has no compiled form")


_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "minus": lambda number, by: number - by,
    "divide": lambda number, by: number / by,
    "times": lambda number, by: number * by,
    "plus": lambda number, by: number + by,
}


def _scaled(features: list[Feature], **operands: Any) -> list[Feature]:
    """Each number with the operations appended, in their order; each table with its values changed."""
    given = {name: values for name, values in operands.items() if values is not None}
    return [
        _stepped(feature, [(name, float(values[place])) for name, values in given.items()])
        for place, feature in enumerate(features)
    ]


def _stepped(feature: Feature, steps: list[tuple[str, float]]) -> Feature:
    if isinstance(feature, Number):
        return replace(feature, steps=(*feature.steps, *steps))
    if isinstance(feature, Words) or feature.width:
        raise UncompilableError(f"{feature.column} is scaled as no number")

    def changed(value: float) -> float:
        for name, operand in steps:
            value = _ARITHMETIC[name](value, operand)
        return value

    values = {cell: changed(value) for cell, value in feature.values.items()}
    return replace(feature, values=values, unknown=None if feature.unknown is None else changed(feature.unknown))


def _imputed(transformer: Any, features: list[Feature]) -> list[Feature]:
    if transformer.add_indicator or not pd.isna(transformer.missing_values):
        raise UncompilableError("a SimpleImputer with an indicator, or for other than NaN, has no compiled form")
    return [_filled(feature, fill) for feature, fill in zip(features, transformer.statistics_, strict=True)]


def _filled(feature: Feature, fill: Any) -> Feature:
    if isinstance(feature, Words) and isinstance(fill, str):
        return replace(feature, fill=feature.fill or fill)
    number = isinstance(fill, float) and not math.isnan(fill)
    if number and isinstance(feature, Number) and not feature.steps:
        return feature if feature.fill is not None else replace(feature, fill=float(fill))
    if number and isinstance(feature, Table) and not feature.width:
        values = {cell: float(fill) if math.isnan(value) else value for cell, value in feature.values.items()}
        return replace(feature, values=values)
    raise UncompilableError(f"a SimpleImputer of {feature.column} at this place has no compiled form")


def _tabulated(encoder: Any, features: list[Feature]) -> list[Feature]:
    """A table for each column, made of the encoder's own answers."""
    widths = getattr(encoder, "_n_features_outs", [1] * len(features))
    if sum(widths) > _MOST_COLUMNS:
        raise UncompilableError(f"{sum(widths)} columns of a OneHotEncoder are too many for a compiled form")
    ends = np.cumsum(widths).tolist()
    return [
        _table(_Asked(encoder, features, place, ends[place] - widths[place], ends[place])) for place in range(len(ends))
    ]


def _table(asked: _Asked) -> Feature:
    known = asked.known(asked.place)
    values: dict[Cell, float] = dict(zip(known, asked.answers(known), strict=True))
    missing, unknown = asked.answer(asked.missing), asked.answer(asked.never_seen)
    if missing is not None:
        values[None] = missing
    width = asked.stop - asked.start if isinstance(asked.encoder, OneHotEncoder) else 0
    return Table(asked.features[asked.place].column, values, unknown, width)


@dataclass(frozen=True)
class _Asked:
    """A fitted encoder, and one of its columns, which answers with the columns from ``start`` to ``stop``."""

    encoder: Any
    features: Sequence[Feature]
    place: int
    start: int
    stop: int

    def known(self, place: int) -> list[Any]:
        """The categories that the encoder learnt in one of its columns, but the missing one."""
        cells = self.encoder.categories_[place]
        present: list[Any] = cells[~pd.isna(cells)].tolist()
        return present

    @property
    def missing(self) -> Any:
        """What the encoder gets for a cell that is missing."""
        feature = self.features[self.place]
        if isinstance(feature, Words):
            return feature.fill if feature.fill is not None else ("" if feature.text else None)
        return math.nan if not isinstance(feature, Number) or feature.fill is None else feature.fill

    @property
    def never_seen(self) -> Any:
        """A cell that the encoder does not know."""
        known = self.known(self.place)
        return _NEVER_SEEN if isinstance(self.features[self.place], Words) else max(known, default=0.0) + 1.5

    def answer(self, cell: Any) -> float | None:
        """For one cell; None where the encoder refuses it."""
        try:
            return self.answers([cell])[0]
        except ValueError:
            return None

    def answers(self, cells: Sequence[Any]) -> list[float]:
        """The value that each cell becomes, or which of the columns becomes 1: -1 for none of them."""
        found: list[float] = []
        for begin in range(0, len(cells), _AT_ONCE):
            found += self._block(cells[begin : begin + _AT_ONCE])
        return found

    def _block(self, cells: Sequence[Any]) -> list[float]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an encoder may warn of what it does not know
            answered = self.encoder.transform(self._rows(cells))
        dense = np.asarray(answered.toarray() if hasattr(answered, "toarray") else answered, dtype=np.float64)
        block = dense[:, self.start : self.stop]
        if not isinstance(self.encoder, OneHotEncoder):
            return [float(value) for value in block[:, 0]]
        return [float(row.argmax()) if row.any() else -1.0 for row in block]

    def _rows(self, cells: Sequence[Any]) -> Any:
        """As the encoder was fitted: a frame or an array, the other columns at a value that they know."""
        columns = [
            cells if place == self.place else [next(iter(self.known(place)), None)] * len(cells)
            for place in range(len(self.features))
        ]
        names = getattr(self.encoder, "feature_names_in_", None)
        if names is None:
            return np.array(list(zip(*columns, strict=True)), dtype=object)
        kinds = ["str" if isinstance(feature, Words) else "float64" for feature in self.features]
        series = zip(names, columns, kinds, strict=True)
        return pd.DataFrame({name: pd.Series(column, dtype=kind) for name, column, kind in series})


_COMPILERS: Mapping[type, Callable[[Any, list[Feature]], list[Feature]]] = {
    ColumnTransformer: _columns,
    Pipeline: _pipeline,
    FunctionTransformer: _function,
    StandardScaler: _standard,
    MinMaxScaler: _least_most,
    MaxAbsScaler: _most,
    RobustScaler: _robust,
    SimpleImputer: _imputed,
    OrdinalEncoder: _tabulated,
    OneHotEncoder: _tabulated,
    TargetEncoder: _tabulated,
}
