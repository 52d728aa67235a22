"""Sequences of requests, drawn from small pools, so that they meet: what is there, what is not, what is deleted."""

from __future__ import annotations

import json
from collections.abc import Mapping
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

    @property
    def reads(self) -> bool:
        """Whether it leaves all as it was."""
        return self.method == "GET" or self.path.endswith("search")

    def __repr__(self) -> str:
        return f"{self.method} {self.path} {self.named or ''} {self.values}{' in pages' if self.pages else ''}"


def often(*weighted: tuple[int, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """One of these, each as often as its number says; ``one_of`` takes the same one twice for once."""
    return st.sampled_from([each for count, each in weighted for _ in range(count)]).flatmap(lambda each: each)


# A few of each are drawn again and again, or nothing would ever meet.
KEYS = st.sampled_from(["a", "a", "a", "a", "b", "b", "c d", "e/f", "g.h"])
BAD_KEYS = st.sampled_from(["", "x" * 251, "../up", "no!", "/", "tab\t"])
VALUES = st.sampled_from(["x", "x", "y", "y", "", "Z", "0.1", "10", "a'b", "ü", "x" * 20])
LONG = st.sampled_from([6001, 8001, 5001, 20_001]).map(lambda length: "x" * length)
NAMES = st.sampled_from(["north", "north", "north", "south", "east", "North"])
NUMBERS = st.sampled_from([0, 1, 1, 2, 3, -1, 0.5, 1e300, "Infinity", "-Infinity", "0.25"])
BAD_NUMBERS = st.sampled_from(["no", None, True, [], {}])
TIMES = st.integers(0, 5)
STEPS = st.integers(-2, 3)
VIEWS = st.sampled_from(["ACTIVE_ONLY", "ALL", "DELETED_ONLY"])
SOME = st.sampled_from([1, 2, 3, 10])


def refs(kind: str, most: int) -> st.SearchStrategy[Ref]:
    """The first more often than the others."""
    return st.sampled_from([0, 0, 0, 1, *range(most)]).map(lambda place: Ref(kind, place))


def texts(usual: st.SearchStrategy[str], bad: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Now and then a bad one."""
    return often((31, usual), (1, bad))


RUNS, MODELS, EXPERIMENTS, DATASETS = refs("run", 6), refs("model", 4), refs("experiment", 4), refs("dataset", 4)
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


NUMBER_POINTS = st.fixed_dictionaries({"key": KEYS, "value": NUMBERS, "timestamp": TIMES, "step": STEPS})
POINTS = often(
    (8, NUMBER_POINTS),
    (1, st.fixed_dictionaries({"key": st.just("nan"), "value": st.just("NaN"), "timestamp": TIMES, "step": STEPS})),
)
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


def _run(experiment: str, name: str, start: int) -> Call:
    values = {"experiment_id": experiment, "run_name": name, "start_time": start}
    return Call("POST", "runs/create", values, creates=("run", "run.info.run_id"))


def _logged(place: int, points: Mapping[str, float | str], params: Mapping[str, str], tags: Mapping[str, str]) -> Call:
    metrics = [{"key": key, "value": value, "timestamp": 1, "step": 0} for key, value in points.items()]
    pairs = ([{"key": key, "value": value} for key, value in each.items()] for each in (params, tags))
    return Call("POST", "runs/log-batch", dict(zip(_BATCH, (Ref("run", place), metrics, *pairs), strict=True)))


_RECORD = {"inputs": {"q": 0}, "outputs": {"y": 1}, "expectations": {"e": 1}, "tags": {"a": "x"}}
_BATCH = ("run_id", "metrics", "params", "tags")
BEGINNING = [
    Call("POST", "experiments/create", {"name": "north"}, creates=("experiment", "experiment_id")),
    Call("POST", "experiments/create", {"name": "south"}, creates=("experiment", "experiment_id")),
    _run("1", "north", 500),
    _run("1", "east", 400),
    _run("1", "north", 600),
    _run("2", "south", 300),
    _logged(0, {"a": 1, "b": 2}, {"a": "x", "b": "10"}, {"a": "x"}),
    _logged(1, {"a": 2}, {"a": "y"}, {"a": "y", "b": "x"}),
    _logged(2, {"a": 1, "nan": "NaN"}, {"a": "x"}, {}),
    _logged(3, {"a": 0.5}, {}, {"b": "y"}),
    Call("POST", "runs/update", {"run_id": Ref("run", 1), "status": "FINISHED", "end_time": 1001}),
    Call("POST", "registered-models/create", {"name": "north"}),
    Call("POST", "model-versions/create", {"name": "north", "source": "s3://b/x"}),
    Call("POST", "model-versions/create", {"name": "north", "source": "s3://b/y", "run_id": Ref("run", 0)}),
    Call("POST", "model-versions/transition-stage", {"name": "north", "version": "1", "stage": "Staging"}),
    Call("POST", "registered-models/alias", {"name": "north", "alias": "best", "version": "1"}),
    Call("POST", "logged-models", {"experiment_id": "1", "name": "north"}, creates=("model", "model.info.model_id")),
    Call(
        "POST",
        "runs/log-metric",
        {"run_id": Ref("run", 0), "model_id": Ref("model", 0), "key": "a", "value": 1, "timestamp": 1, "step": 0},
    ),
    Call("POST", "logged-models", {"experiment_id": "1", "name": "south"}, creates=("model", "model.info.model_id")),
    Call("POST", "datasets/create", {"name": "north"}, creates=("dataset", "dataset.dataset_id")),
    Call("POST", "datasets/{}/records", {"records": json.dumps([_RECORD])}, named=Ref("dataset", 0)),
    Call("POST", "datasets/create", {"name": "south"}, creates=("dataset", "dataset.dataset_id")),
]
"""What each sequence begins with, so that the first calls have something to meet."""
