"""Sequences of requests, drawn from small pools, so that they meet: what is there, what is not, what is deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

BASE = "/api/2.0/mlflow/"
MISSING = {"run": "f" * 32, "model": "m-" + "f" * 32, "experiment": "999", "dataset": "d-" + "f" * 32}
"""Ids of what is not there."""


@dataclass(frozen=True)
class Ref:
    """The id of what was created as the ``place``-th of its kind; of nothing where there is none."""

    kind: str
    place: int


@dataclass(frozen=True)
class Call:
    """``values`` hold Refs for ids; so does ``path``, in which {} stands for ``named``. ``pages``: all of a search."""

    method: str
    path: str
    values: dict[str, Any]
    named: Ref | None = None
    pages: bool = False
    creates: tuple[str, ...] = ()
    """A kind, and where in the answer its id is."""

    def __repr__(self) -> str:
        return f"{self.method} {self.path} {self.named or ''} {self.values}{' in pages' if self.pages else ''}"


KEYS = st.sampled_from(["a", "b", "c d", "e/f", "g.h"])
BAD_KEYS = st.sampled_from(["", "x" * 251, "../up", "no!", "/", "tab\t"])
VALUES = st.sampled_from(["", "x", "y", "Z", "0.1", "10", "a'b", "ü", "x" * 20])
LONG = st.sampled_from(["x" * 6001, "x" * 8001, "x" * 5001])
NAMES = st.sampled_from(["north", "south", "east", "North"])
NUMBERS = st.sampled_from([0, 1, -1, 0.5, 1e300, 2, 3, "Infinity", "-Infinity", "0.25"])
BAD_NUMBERS = st.sampled_from(["no", None, True, [], {}])
TIMES = st.integers(0, 5)
STEPS = st.integers(-2, 3)
VIEWS = st.sampled_from(["ACTIVE_ONLY", "DELETED_ONLY", "ALL"])
SOME = st.integers(1, 4)


def refs(kind: str, most: int = 3) -> st.SearchStrategy[Ref]:
    return st.integers(0, most).map(lambda place: Ref(kind, place))


def texts(usual: st.SearchStrategy[str], bad: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Now and then a bad one."""
    return st.integers(0, 11).flatmap(lambda draw: bad if draw == 0 else usual)


RUNS, MODELS, EXPERIMENTS, DATASETS = (refs(kind) for kind in ("run", "model", "experiment", "dataset"))
TAGS = st.lists(st.fixed_dictionaries({"key": KEYS, "value": VALUES}), max_size=3, unique_by=lambda tag: tag["key"])


def call(method: str, path: str, **values: st.SearchStrategy[Any]) -> st.SearchStrategy[Call]:
    return st.fixed_dictionaries(values).map(lambda drawn: Call(method, path, drawn))


def named(method: str, path: str, of: st.SearchStrategy[Ref], **values: st.SearchStrategy[Any]) -> Any:
    return st.tuples(of, st.fixed_dictionaries(values)).map(lambda drawn: Call(method, path, drawn[1], named=drawn[0]))


def search(method: str, path: str, **values: st.SearchStrategy[Any]) -> st.SearchStrategy[Call]:
    return st.fixed_dictionaries({**values, "max_results": SOME}).map(
        lambda drawn: Call(method, path, {name: each for name, each in drawn.items() if each != ""}, pages=True)
    )


def creates(calls: st.SearchStrategy[Call], *where: str) -> st.SearchStrategy[Call]:
    return calls.map(lambda each: Call(each.method, each.path, each.values, each.named, creates=where))


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.just(""), values)


POINTS = st.fixed_dictionaries(
    {"key": KEYS, "value": NUMBERS, "timestamp": TIMES, "step": STEPS}
) | st.fixed_dictionaries({"key": st.just("nan"), "value": st.just("NaN"), "timestamp": TIMES, "step": STEPS})
"""NaN is of a metric that no filter names: docs/tracking.md says what is not the same."""
BAD_POINTS = st.fixed_dictionaries({"key": KEYS, "value": BAD_NUMBERS, "timestamp": TIMES}) | st.fixed_dictionaries(
    {"key": texts(KEYS, BAD_KEYS), "value": NUMBERS, "timestamp": st.sampled_from([-1, "x", None])}
)
PARAMS = st.fixed_dictionaries({"key": texts(KEYS, BAD_KEYS), "value": texts(VALUES, LONG)})
RUN_TAGS = st.fixed_dictionaries(
    {"key": texts(KEYS | st.just("mlflow.runName"), BAD_KEYS), "value": texts(VALUES, LONG)}
)
INPUTS = st.fixed_dictionaries(
    {
        "dataset": st.fixed_dictionaries(
            {
                "name": st.sampled_from(["d1", "d2"]),
                "digest": st.sampled_from(["1", "2"]),
                "source_type": st.just("local"),
                "source": st.just("s"),
            }
        ),
        "tags": st.sampled_from(["train", "eval"]).map(lambda text: [{"key": "mlflow.data.context", "value": text}]),
    }
)
BEGINNING = [
    Call("POST", "experiments/create", {"name": "north"}, creates=("experiment", "experiment_id")),
    Call("POST", "experiments/create", {"name": "south"}, creates=("experiment", "experiment_id")),
    Call(
        "POST",
        "runs/create",
        {"experiment_id": "1", "run_name": "north", "start_time": 500},
        creates=("run", "run.info.run_id"),
    ),
    Call(
        "POST",
        "runs/create",
        {"experiment_id": "1", "run_name": "east", "start_time": 400},
        creates=("run", "run.info.run_id"),
    ),
    Call("POST", "registered-models/create", {"name": "north"}),
    Call("POST", "model-versions/create", {"name": "north", "source": "s3://b/x"}),
    Call("POST", "logged-models", {"experiment_id": "1", "name": "north"}, creates=("model", "model.info.model_id")),
    Call("POST", "datasets/create", {"name": "north"}, creates=("dataset", "dataset.dataset_id")),
]
"""What each sequence begins with, so that the first calls have something to meet."""
