"""The last step of a pipeline in its compiled form: trees as a graph, linear models as numbers, others converted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn import linear_model
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils import get_tags

from heirloom.core.dataset.cells import Label
from image.compiled.encoding import Part, width_of
from image.compiled.lookups import UncompilableError
from image.compiled.model import Parts
from image.compiled.trees import Tree, graph_of, of_histogram, of_tree

_MOST_COPIES = 10
"""A leaf of TreeEnsemble answers for one class: a forest of many classes would be copied for each."""


def parts_of(estimator: Any, encoding: Sequence[Part], classes: Sequence[Label]) -> Parts:
    """The compiled form of a fitted estimator behind an encoding. Raises UncompilableError."""
    width = sum(map(width_of, encoding))
    compiler = _COMPILERS.get(type(estimator))
    if compiler is None:
        found = _converted(estimator, width)
    elif getattr(estimator, "n_outputs_", 1) > 1:
        raise UncompilableError("an estimator of several outputs has no compiled form")
    else:
        found = compiler(estimator, width)
    missing = bool(get_tags(estimator).input_tags.allow_nan)
    return Parts(encoding=encoding, classes=tuple(classes), missing=missing, **found)


Found = dict[str, Any]
"""The fields of Parts that depend on the kind of estimator."""


def _histogram(estimator: Any, width: int) -> Found:
    if estimator.is_categorical_ is not None and estimator.is_categorical_.any():
        raise UncompilableError("trees that split sets of categories have no compiled form: encode them with numbers")
    rounds = estimator._predictors
    trees = [of_histogram(tree.nodes, output) for each in rounds for output, tree in enumerate(each)]
    outputs = len(rounds[0])
    offsets = np.broadcast_to(np.ravel(estimator._baseline_prediction), outputs).tolist()
    if isinstance(estimator, HistGradientBoostingClassifier):
        link = "sigmoid" if outputs == 1 else "softmax"
    else:
        link = {"poisson": "exp", "gamma": "exp"}.get(estimator.loss, "identity")
    return {"graph": graph_of(trees, width, outputs), "link": link, "offsets": offsets}


def _boosting(estimator: Any, width: int) -> Found:
    if not (estimator.init_ == "zero" or isinstance(estimator.init_, DummyClassifier | DummyRegressor)):
        raise UncompilableError("gradient boosting that begins with an estimator of its own has no compiled form")
    link = "identity"
    if isinstance(estimator, GradientBoostingClassifier):
        if estimator.loss != "log_loss":
            raise UncompilableError(f"gradient boosting with the loss {estimator.loss} has no compiled form")
        link = "sigmoid" if estimator.estimators_.shape[1] == 1 else "softmax"
    trees = [
        of_tree(tree.tree_, tree.tree_.value[:, 0, 0] * estimator.learning_rate, output)
        for each in estimator.estimators_
        for output, tree in enumerate(each)
    ]
    outputs = estimator.estimators_.shape[1]
    start = estimator._raw_predict_init(np.zeros((1, width), dtype=np.float32))
    return {"graph": graph_of(trees, width, outputs, single=True), "link": link, "offsets": start[0].tolist()}


def _forest(estimator: Any, width: int) -> Found:
    return _mean(estimator, [tree.tree_ for tree in estimator.estimators_], width)


def _tree(estimator: Any, width: int) -> Found:
    return _mean(estimator, [estimator.tree_], width)


def _mean(estimator: Any, trees: Sequence[Any], width: int) -> Found:
    """Trees that answer together with the mean; of two classes, with the probability of the second."""
    classes = len(getattr(estimator, "classes_", ()))
    if classes > _MOST_COPIES:
        raise UncompilableError(f"a forest of {classes} classes has no compiled form: at most {_MOST_COPIES}")
    wanted = {0: [0], 2: [1]}.get(classes, list(range(classes)))
    made: list[Tree] = [
        of_tree(tree, tree.value[:, 0, column] / len(trees), output)
        for tree in trees
        for output, column in enumerate(wanted)
    ]
    graph = graph_of(made, width, len(wanted), single=True)
    return {"graph": graph, "link": "second" if classes == 2 else "identity"}


def _linear(estimator: Any, _width: int) -> Found:
    return {**_coefficients(estimator.coef_, estimator.intercept_), "link": "identity"}


def _logistic(estimator: Any, _width: int) -> Found:
    link = "sigmoid" if len(estimator.coef_) == 1 else "softmax"
    return {**_coefficients(estimator.coef_, estimator.intercept_), "link": link}


def _coefficients(slopes: npt.NDArray[Any], offsets: Any) -> Found:
    rows = np.atleast_2d(slopes).astype(np.float64)
    return {
        "coefficients": rows.tolist(),
        "offsets": np.broadcast_to(np.ravel(offsets), len(rows)).astype(np.float64).tolist(),
    }


def _converted(estimator: Any, width: int) -> Found:
    """Whatever else skl2onnx knows, in float64 where its operators take that."""
    try:
        return _convert(estimator, width, single=False)
    except Exception:  # noqa: BLE001 - converter and runtime raise what they like for what they lack
        try:
            return _convert(estimator, width, single=True)
        except Exception as refused:
            raise UncompilableError(f"skl2onnx can't convert {type(estimator).__name__}: {refused}") from refused


def _convert(estimator: Any, width: int, single: bool) -> Found:
    import onnxruntime  # noqa: PLC0415 - with the converter, half a second that most models need not wait for
    from skl2onnx import to_onnx  # noqa: PLC0415
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType  # noqa: PLC0415

    kind = FloatTensorType if single else DoubleTensorType
    classes = len(getattr(estimator, "classes_", ()))
    if classes and not hasattr(estimator, "predict_proba"):
        raise UncompilableError(f"{type(estimator).__name__} gives no probabilities")
    options = {id(estimator): {"zipmap": False}} if classes else None
    model = to_onnx(estimator, initial_types=[("rows", kind([None, width]))], options=options, target_opset=17)
    graph = model.SerializeToString()
    onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return {"graph": graph, "single": single, "link": "identity"}


_LINEAR = ("ElasticNet", "ElasticNetCV", "Lasso", "LassoCV", "LinearRegression", "Ridge", "RidgeCV", "SGDRegressor")

_COMPILERS: Mapping[type, Callable[[Any, int], Found]] = {
    HistGradientBoostingClassifier: _histogram,
    HistGradientBoostingRegressor: _histogram,
    GradientBoostingClassifier: _boosting,
    GradientBoostingRegressor: _boosting,
    RandomForestClassifier: _forest,
    RandomForestRegressor: _forest,
    ExtraTreesClassifier: _forest,
    ExtraTreesRegressor: _forest,
    DecisionTreeClassifier: _tree,
    DecisionTreeRegressor: _tree,
    linear_model.LogisticRegression: _logistic,
    linear_model.LogisticRegressionCV: _logistic,
    **{getattr(linear_model, name): _linear for name in _LINEAR},
}
