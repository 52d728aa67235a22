"""The values of metric math expressions over time series on one common grid of periods. Pure.

A series is a tuple with one entry a period, None where there is no datapoint. What is missing counts as AWS says in
"Metric math syntax and functions": as 0 beside a present value, as nothing where all are missing or with a scalar.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from local.alarms import expression as ast
from local.alarms.expression import ExpressionError, Node

Series = tuple[float | None, ...]
Value = float | Series | list[Series]

_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": math.pow,
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    "<": lambda a, b: float(a < b),
    "<=": lambda a, b: float(a <= b),
    ">": lambda a, b: float(a > b),
    ">=": lambda a, b: float(a >= b),
    "AND": lambda a, b: float(bool(a) and bool(b)),
    "OR": lambda a, b: float(bool(a) or bool(b)),
}


@dataclass(frozen=True)
class Metrics:
    """What an expression may use: series of metrics and expressions of other ids, all on ``length`` periods."""

    series: Mapping[str, Series]
    expressions: Mapping[str, str]
    period: int
    length: int


def evaluate(identifier: str, metrics: Metrics) -> Series:
    """The series of a metric's or an expression's id; raises ExpressionError when it isn't one single time series."""
    value = _Evaluator(metrics).named(identifier)
    if isinstance(value, list) and len(value) == 1:
        return value[0]
    if not isinstance(value, tuple):
        kind = "several time series" if isinstance(value, list) else "a scalar"
        raise ExpressionError(f"the expression {identifier!r} gives {kind}, not a single time series")
    return tuple(None if point is None or math.isnan(point) else point for point in value)


def check(identifier: str, metric_ids: Sequence[str], expressions: Mapping[str, str], period: int) -> None:
    """Raise ExpressionError now for what could never be evaluated: tried on series of two datapoints."""
    evaluate(identifier, Metrics(dict.fromkeys(metric_ids, (1.0, 2.0)), expressions, period, 2))


class _Evaluator:
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._open: list[str] = []

    def named(self, name: str) -> Value:
        if name in self._metrics.series:
            return self._metrics.series[name]
        if name not in self._metrics.expressions:
            raise ExpressionError(f"no metric or expression has the id {name!r}")
        if name in self._open:
            raise ExpressionError(f"the expressions {', '.join(self._open)} use each other in a circle")
        self._open.append(name)
        value = self.value(ast.parse(self._metrics.expressions[name]))
        self._open.pop()
        return value

    def value(self, node: Node) -> Value:
        match node:
            case ast.Number(number):
                return number
            case ast.Name(name):
                return self.named(name)
            case ast.Array(items):
                return [series for item in items for series in _many(self.value(item))]
            case ast.Operation("-", (operand,)):
                return _each(self.value(operand), operator.neg)
            case ast.Operation(sign, (left, right)):
                return _combine(sign, self.value(left), self.value(right))
            case ast.Call(function, arguments):
                return self._call(function, arguments)
        raise ExpressionError(f"{node} has no value of its own")

    def _call(self, function: str, arguments: tuple[Node, ...]) -> Value:
        match function, arguments:
            case "METRICS", ():
                return list(self._metrics.series.values())
            case "METRICS", (ast.Text(part),):
                return [series for name, series in self._metrics.series.items() if part in name]
            case "FILL", (target, ast.Name("REPEAT" | "LINEAR" as how)):
                return _map(self.value(target), _repeat if how == "REPEAT" else _linear)
            case "PERIOD", (ast.Name(name),) if name in self._metrics.series:
                return float(self._metrics.period)
        if function not in _FUNCTIONS:
            known = ", ".join(sorted([*_FUNCTIONS, "METRICS", "PERIOD"]))
            raise ExpressionError(f"the function {function} is not supported by the embedded AWS; known: {known}")
        fewest, most, apply = _FUNCTIONS[function]
        if not fewest <= len(arguments) <= most:
            raise ExpressionError(f"{function} takes {fewest} to {most} arguments, got {len(arguments)}")
        return apply(self._metrics, *[self.value(argument) for argument in arguments])


def _many(value: Value) -> list[Series]:
    if isinstance(value, float):
        raise ExpressionError(f"the scalar {value} stands where a time series must")
    return value if isinstance(value, list) else [value]


def _map(value: Value, change: Callable[[Series], Series]) -> Value:
    """``change`` of a series, or of each series of an array."""
    return [change(series) for series in _many(value)] if isinstance(value, list) else change(_many(value)[0])


def _each(value: Value, change: Callable[[float], float]) -> Value:
    """``change`` of each datapoint, or of a scalar."""
    if isinstance(value, float):
        return change(value)
    return _map(value, lambda series: tuple(None if point is None else change(point) for point in series))


def _combine(sign: str, left: Value, right: Value) -> Value:
    if isinstance(left, list) and isinstance(right, list):
        raise ExpressionError(f"{sign!r} between two arrays of time series")
    if isinstance(left, list):
        return [_pair(sign, series, right) for series in left if not isinstance(right, list)]
    if isinstance(right, list):
        return [_pair(sign, left, series) for series in right]
    if isinstance(left, float) and isinstance(right, float):
        result = _apply(sign, left, right)
        return math.nan if result is None else result
    return _pair(sign, left, right)


def _pair(sign: str, left: float | Series, right: float | Series) -> Series:
    length = len(left) if isinstance(left, tuple) else len(right) if isinstance(right, tuple) else 0
    lefts, rights = _spread(left, length), _spread(right, length)
    both_series = isinstance(left, tuple) and isinstance(right, tuple)
    return tuple(_point(sign, a, b, fill=both_series) for a, b in zip(lefts, rights, strict=True))


def _point(sign: str, left: float | None, right: float | None, *, fill: bool) -> float | None:
    if (left is None and right is None) or (not fill and (left is None or right is None)):
        return None
    return _apply(sign, left or 0.0, right or 0.0)


def _apply(sign: str, left: float, right: float) -> float | None:
    """None where there is no finite number: AWS drops a datapoint that would divide by zero."""
    try:
        return _ARITHMETIC[sign](left, right)
    except (ZeroDivisionError, OverflowError, ValueError):
        return None


def _spread(value: float | Series, length: int) -> Series:
    return value if isinstance(value, tuple) else (value,) * length


def _scalar(value: Value, function: str) -> float:
    if not isinstance(value, float):
        raise ExpressionError(f"{function} needs a scalar there, got a time series")
    return value


def _repeat(series: Series) -> Series:
    filled: list[float | None] = []
    for point in series:
        filled.append(point if point is not None or not filled else filled[-1])
    return tuple(filled)


def _linear(series: Series) -> Series:
    known = [(index, point) for index, point in enumerate(series) if point is not None]
    filled = list(series)
    for (start, first), (end, last) in pairwise(known):
        for index in range(start + 1, end):
            filled[index] = first + (last - first) * (index - start) / (end - start)
    return tuple(filled)


def _fill(metrics: Metrics, target: Value, filler: Value) -> Value:
    if isinstance(filler, list):
        raise ExpressionError("FILL takes one filler: a scalar, a time series, REPEAT or LINEAR")
    values = _spread(filler, metrics.length)
    return _map(target, lambda series: tuple(b if a is None else a for a, b in zip(series, values, strict=True)))


def _if(metrics: Metrics, condition: Value, then: Value, otherwise: Value | None = None) -> Value:
    nothing: Series = (None,) * metrics.length
    choices = then, nothing if otherwise is None else otherwise
    if isinstance(condition, list) or any(isinstance(choice, list) for choice in choices):
        raise ExpressionError("IF takes scalars and single time series, not arrays")
    if isinstance(condition, float) and isinstance(choices[0 if condition else 1], float):
        return choices[0 if condition else 1]
    yes, no = (_spread(choice, metrics.length) for choice in choices if not isinstance(choice, list))
    return tuple(
        None if test is None else ((a or 0.0) if test else b)
        for test, a, b in zip(_spread(condition, metrics.length), yes, no, strict=True)
    )


def _reduce(fold: Callable[[list[float]], float], *, zeros: bool = False) -> Callable[..., Value]:
    """Over one series: a scalar. Over an array: a series, a datapoint where any has one. ``zeros``: missing is 0."""

    def fold_points(points: Sequence[float | None]) -> float | None:
        present = [point for point in points if point is not None]
        counted = [point or 0.0 for point in points] if zeros and present else present
        return fold(counted) if counted else None

    def apply(metrics: Metrics, value: Value) -> Value:
        if isinstance(value, list):
            return tuple(fold_points(column) for column in zip(*value, strict=True)) or (None,) * metrics.length
        return float(fold_points(_many(value)[0]) or 0.0)

    return apply


def _differences(seconds: Callable[[Metrics, int], float]) -> Callable[..., Value]:
    """Each datapoint less the one before it, divided by ``seconds`` of the periods between: for DIFF and RATE."""

    def apply(metrics: Metrics, value: Value) -> Value:
        def change(series: Series) -> Series:
            known = [(index, point) for index, point in enumerate(series) if point is not None]
            result: list[float | None] = [None] * len(series)
            for (before, first), (index, last) in pairwise(known):
                result[index] = (last - first) / seconds(metrics, index - before)
            return tuple(result)

        return _map(value, change)

    return apply


def _mean(points: list[float]) -> float:
    return sum(points) / len(points)


# Name -> fewest and most arguments, and the function itself.
_FUNCTIONS: Mapping[str, tuple[int, int, Callable[..., Value]]] = {
    "ABS": (1, 1, lambda _, value: _each(value, abs)),
    "AVG": (1, 1, _reduce(_mean, zeros=True)),
    "CEIL": (1, 1, lambda _, value: _each(value, lambda point: float(math.ceil(point)))),
    "DATAPOINT_COUNT": (1, 1, _reduce(lambda points: float(len(points)))),
    "DIFF": (1, 1, _differences(lambda _metrics, _periods: 1.0)),
    "FILL": (2, 2, _fill),
    "FLOOR": (1, 1, lambda _, value: _each(value, lambda point: float(math.floor(point)))),
    "IF": (2, 3, _if),
    "MAX": (1, 1, _reduce(max)),
    "METRIC_COUNT": (1, 1, lambda _, value: float(len(_many(value)))),
    "MIN": (1, 1, _reduce(min)),
    "RATE": (1, 1, _differences(lambda metrics, periods: float(metrics.period * periods))),
    "SUM": (1, 1, _reduce(sum)),
    "TIME_SERIES": (1, 1, lambda metrics, value: (_scalar(value, "TIME_SERIES"),) * metrics.length),
}
