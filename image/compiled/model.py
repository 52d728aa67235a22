"""A compiled model at work: an encoding, then a product of matrices or an ONNX graph, then the link to answers.

Read from the folder ``compiled`` beside model.skops. Imports ONNX Runtime only for a graph.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from heirloom.core.dataset.cells import Label
from heirloom.core.dataset.schema import Schema
from heirloom.core.errors import Invalid
from image.answers import Answers
from image.compiled.encoding import Encoding, Matrix, Part, Rows, from_document, to_document

FOLDER = "compiled"
_MODEL, _GRAPH = "model.json", "model.onnx"
_FEW = 64
"""Rows up to which plain Python is faster than numpy."""
_LEAST_ODDS = -700.0
"""Below it exp overflows; the probability is 0 to the last bit long before."""


class Core(Protocol):
    """The arithmetic between the encoding and the link: (rows, features) to (rows, outputs), float64."""

    def __call__(self, matrix: Matrix) -> Matrix: ...


@dataclass(frozen=True)
class Parts:
    """All that a compiled model is: what training makes and ``CompiledModel`` runs.

    ``coefficients`` has a row for each output and is None where ``graph`` is an ONNX model. ``offsets`` are added to
    the outputs, which ``link`` turns into values or probabilities of ``classes``. ``single``: the graph takes float32.
    ``missing``: the estimator takes NaN.
    """

    encoding: Sequence[Part]
    link: str
    classes: Sequence[Label] = ()
    offsets: Sequence[float] = (0.0,)
    coefficients: Sequence[Sequence[float]] | None = None
    graph: bytes | None = None
    single: bool = False
    missing: bool = True

    @property
    def path(self) -> str:
        """What runs it, as the verdict names it."""
        return "numpy" if self.graph is None else "onnx"


def write(parts: Parts, folder: Path) -> None:
    """Into the model's folder; `read` takes it from there."""
    target = folder / FOLDER
    target.mkdir(exist_ok=True)
    document = {
        "link": parts.link,
        "classes": list(parts.classes),
        "offsets": list(parts.offsets),
        "coefficients": parts.coefficients,
        "single": parts.single,
        "missing": parts.missing,
        "encoding": to_document(parts.encoding),
    }
    (target / _MODEL).write_text(json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    if parts.graph is not None:
        (target / _GRAPH).write_bytes(parts.graph)


def read(folder: Path) -> Parts:
    """What `write` left."""
    source = folder / FOLDER
    document = json.loads((source / _MODEL).read_text(encoding="utf-8"))
    return Parts(
        encoding=from_document(document["encoding"]),
        link=document["link"],
        classes=tuple(document["classes"]),
        offsets=tuple(document["offsets"]),
        coefficients=document["coefficients"],
        graph=(source / _GRAPH).read_bytes() if document["coefficients"] is None else None,
        single=document["single"],
        missing=document["missing"],
    )


class CompiledModel:
    """Answers rows of checked cells; safe to ask from two threads at once."""

    def __init__(self, parts: Parts, schema: Schema) -> None:
        self._encoding = Encoding(parts.encoding, list(schema.features))
        self._core: Core = _product(parts) if parts.graph is None else _graph(parts.graph, parts.single)
        self._offsets = np.asarray(parts.offsets, dtype=np.float64)
        self._link = LINKS[parts.link]
        self._odds = parts.link == "sigmoid"
        self._classes = parts.classes
        self._missing = parts.missing

    def answer(self, rows: Rows) -> Answers:
        """Raises Invalid for a cell that the fitted encoder has no value for, or that is missing and may not be."""
        matrix = self._encoding.matrix(rows)
        if not self._missing and np.isnan(matrix).any():
            raise Invalid("inputs: expected a value in every field, as this model takes no missing ones, got null")
        outputs = self._core(matrix)
        if self._odds and len(outputs) <= _FEW:
            return self._of_odds(outputs)
        linked = self._link(outputs + self._offsets)
        if not self._classes:
            return Answers(linked[:, 0].tolist())
        values = [self._classes[place] for place in linked.argmax(axis=1).tolist()]
        return Answers(values, linked, self._classes)

    def _of_odds(self, outputs: Matrix) -> Answers:
        """``_sigmoid`` for a few rows, for which one call of numpy takes longer than plain arithmetic."""
        first, second = self._classes
        values, chances = [], []
        for odds in (outputs + self._offsets)[:, 0].tolist():
            chance = 1.0 / (1.0 + math.exp(-odds)) if odds > _LEAST_ODDS else 0.0
            likely = chance > 1.0 - chance
            values.append(second if likely else first)
            chances.append(chance if likely else 1.0 - chance)
        return Answers(values, None, self._classes, chances)


def _product(parts: Parts) -> Core:
    coefficients = np.asarray(parts.coefficients, dtype=np.float64).T
    return lambda matrix: matrix @ coefficients


def _graph(graph: bytes, single: bool) -> Core:
    import onnxruntime  # noqa: PLC0415 - only a graph needs it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return _Graph(session, np.dtype(np.float32 if single else np.float64))


class _Graph:
    """A session; a single row, the most frequent request, goes through memory that is bound to it once."""

    def __init__(self, session: Any, kind: np.dtype[Any]) -> None:
        taken, given = session.get_inputs()[0], session.get_outputs()[-1]
        self._session, self._kind = session, kind
        self._taken, self._given = taken.name, [given.name]
        self._row = np.zeros((1, taken.shape[1]), dtype=kind)
        self._answer = np.zeros_like(self._ask(self._row))
        self._binding = session.io_binding()
        self._binding.bind_cpu_input(taken.name, self._row)
        self._binding.bind_output(*(given.name, "cpu", 0, kind.type, self._answer.shape), self._answer.ctypes.data)
        self._free = threading.Lock()

    def __call__(self, matrix: Matrix) -> Matrix:
        if len(matrix) == 1 and self._free.acquire(blocking=False):
            try:
                self._row[:] = matrix
                self._session.run_with_iobinding(self._binding)
                return np.array(self._answer, dtype=np.float64)
            finally:
                self._free.release()
        return np.asarray(self._ask(matrix.astype(self._kind, copy=False)), dtype=np.float64)

    def _ask(self, matrix: npt.NDArray[Any]) -> npt.NDArray[Any]:
        answers: npt.NDArray[Any] = self._session.run(self._given, {self._taken: matrix})[0]
        return answers


def _sigmoid(outputs: Matrix) -> Matrix:
    """The probabilities of two classes from the log-odds of the second; exp of a large negative overflows to 0."""
    with np.errstate(over="ignore"):
        second = 1.0 / (1.0 + np.exp(-outputs))
    return np.concatenate((1.0 - second, second), axis=1)


def _softmax(outputs: Matrix) -> Matrix:
    powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _second(outputs: Matrix) -> Matrix:
    """The probabilities of two classes from that of the second."""
    return np.concatenate((1.0 - outputs, outputs), axis=1)


LINKS: Mapping[str, Callable[[Matrix], Matrix]] = {
    "identity": lambda outputs: outputs,
    "exp": np.exp,
    "sigmoid": _sigmoid,
    "softmax": _softmax,
    "second": _second,
}
"""The last step. For classes it gives a column for each, whose greatest is the answer."""


def read_model(folder: Path, schema: Schema) -> CompiledModel:
    """The compiled model in a model's folder."""
    return CompiledModel(read(folder), schema)
