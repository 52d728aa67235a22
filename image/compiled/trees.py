"""Fitted trees as one ONNX graph that computes in float64.

ONNX's TreeEnsemble takes double (ai.onnx.ml 5); the older operators, which converters write, round thresholds and rows
to float32, so that a row near a threshold takes the other branch: measured, 1 of 20,000 rows of a regression.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper, numpy_helper

_LESS_OR_EQUAL = 0
_SUM = 1


@dataclass(frozen=True)
class Tree:
    """Nodes by number, the root first; ``left`` is taken where the feature is <= ``threshold``. ``leaf``: by node."""

    feature: npt.NDArray[Any]
    threshold: npt.NDArray[Any]
    left: npt.NDArray[Any]
    right: npt.NDArray[Any]
    missing_left: npt.NDArray[Any]
    leaf: npt.NDArray[np.bool_]
    value: npt.NDArray[Any]
    output: int = 0


def of_histogram(nodes: Any, output: int) -> Tree:
    """A tree of HistGradientBoosting: an array of records."""
    branches = (nodes["left"], nodes["right"], nodes["missing_go_to_left"])
    return Tree(
        nodes["feature_idx"], nodes["num_threshold"], *branches, nodes["is_leaf"].astype(bool), nodes["value"], output
    )


def of_tree(tree: Any, value: npt.NDArray[Any], output: int = 0) -> Tree:
    """A tree of scikit-learn's other ensembles, ``tree_``, which answers ``value`` by node."""
    branches = (tree.children_left, tree.children_right, tree.missing_go_to_left)
    return Tree(tree.feature, tree.threshold, *branches, tree.children_left < 0, value, output)


def graph_of(trees: Sequence[Tree], features: int, outputs: int, single: bool = False) -> bytes:
    """The sum of what trees answer, (rows, outputs) float64. ``single``: rows are rounded to float32 before, as
    scikit-learn does it for all trees but those of histograms."""
    ensemble = _Ensemble()
    for tree in trees:
        ensemble.add(tree)
    rows = helper.make_tensor_value_info("rows", TensorProto.DOUBLE, [None, features])
    answers = helper.make_tensor_value_info("answers", TensorProto.DOUBLE, [None, outputs])
    rounding = list(_rounding()) if single else []
    node = ensemble.node("rounded" if single else "rows", outputs)
    graph = helper.make_graph([*rounding, node], "trees", [rows], [answers])
    versions = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 5)]
    model = helper.make_model(graph, opset_imports=versions, ir_version=10, producer_name="heirloom")
    return bytes(model.SerializeToString())


def _rounding() -> Iterator[Any]:
    yield helper.make_node("Cast", ["rows"], ["single"], to=TensorProto.FLOAT)
    yield helper.make_node("Cast", ["single"], ["rounded"], to=TensorProto.DOUBLE)


class _Ensemble:
    """The attributes of TreeEnsemble: inner nodes and leaves of all trees, numbered apart from each other."""

    def __init__(self) -> None:
        self._roots: list[int] = []
        self._features: list[int] = []
        self._thresholds: list[float] = []
        self._missing: list[int] = []
        self._branches: tuple[list[int], list[int]] = ([], [])
        self._leads_to_leaf: tuple[list[int], list[int]] = ([], [])
        self._values: list[float] = []
        self._outputs: list[int] = []

    def add(self, tree: Tree) -> None:
        self._roots.append(len(self._features))
        inner, leaves = np.flatnonzero(~tree.leaf), np.flatnonzero(tree.leaf)
        number = np.zeros(len(tree.leaf), dtype=np.int64)
        number[inner] = len(self._features) + np.arange(len(inner))
        number[leaves] = len(self._values) + np.arange(len(leaves))
        if not len(inner):  # the root is a leaf: a question of which both answers lead to it
            self._ask([0], [0.0], [0], [(number[:1], [1]), (number[:1], [1])])
        for_each = [(number[side[inner]], tree.leaf[side[inner]]) for side in (tree.left, tree.right)]
        self._ask(tree.feature[inner], tree.threshold[inner], tree.missing_left[inner], for_each)
        self._values += tree.value[leaves].astype(np.float64).tolist()
        self._outputs += [tree.output] * len(leaves)

    def _ask(self, features: Any, thresholds: Any, missing: Any, sides: Sequence[tuple[Any, Any]]) -> None:
        self._features += map(int, features)
        self._thresholds += map(float, thresholds)
        self._missing += map(int, missing)
        for place, (numbers, are_leaves) in enumerate(sides):
            self._branches[place].extend(map(int, numbers))
            self._leads_to_leaf[place].extend(map(int, are_leaves))

    def node(self, rows: str, outputs: int) -> Any:
        modes = np.full(len(self._features), _LESS_OR_EQUAL, dtype=np.uint8)
        return helper.make_node(
            "TreeEnsemble",
            [rows],
            ["answers"],
            domain="ai.onnx.ml",
            n_targets=outputs,
            aggregate_function=_SUM,
            tree_roots=self._roots,
            nodes_featureids=self._features,
            nodes_splits=numpy_helper.from_array(np.array(self._thresholds, dtype=np.float64)),
            nodes_modes=numpy_helper.from_array(modes),
            nodes_missing_value_tracks_true=self._missing,
            nodes_truenodeids=self._branches[0],
            nodes_trueleafs=self._leads_to_leaf[0],
            nodes_falsenodeids=self._branches[1],
            nodes_falseleafs=self._leads_to_leaf[1],
            leaf_targetids=self._outputs,
            leaf_weights=numpy_helper.from_array(np.array(self._values, dtype=np.float64)),
        )
