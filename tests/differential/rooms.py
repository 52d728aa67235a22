"""The requests of each part of the protocol."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from tests.differential import filters
from tests.differential.calls import (
    BAD_KEYS,
    BAD_POINTS,
    DATASETS,
    EXPERIMENTS,
    INPUTS,
    KEYS,
    LONG,
    MODELS,
    NAMES,
    NUMBER_POINTS,
    PARAMS,
    POINTS,
    RUN_TAGS,
    RUNS,
    TAGS,
    VALUES,
    VIEWS,
    Call,
    Ref,
    call,
    creates,
    maybe,
    named,
    often,
    search,
    texts,
)

EXPERIMENT_IDS = st.lists(EXPERIMENTS, min_size=1, max_size=2)
EXPERIMENT_NAMES = texts(NAMES, st.sampled_from(["", "x" * 501]))
MODEL_NAMES = texts(NAMES, st.sampled_from(["", "a/b", "a:b", " "]))
MOMENTS = st.integers(0, 3).map(lambda place: Ref("moment", place))
"""No two runs begin at the same time: their order would be that of their ids."""
_KEYS = texts(KEYS, BAD_KEYS)
_STATUSES = st.sampled_from(["RUNNING", "FINISHED", "FAILED", "KILLED", "SCHEDULED"])
_MODEL_STATUSES = st.sampled_from(["LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED", "LOGGED_MODEL_PENDING"])
_SOURCES = st.sampled_from(["s3://b/x", "s3://b/y", "s3://b/z/1"])
_OUTPUTS = st.fixed_dictionaries({"model_id": MODELS, "step": st.integers(0, 2)})
_LOGGED_ORDERS = st.lists(
    st.fixed_dictionaries(
        {
            "field_name": st.sampled_from(["metrics.a", "name", "creation_timestamp", "model_type", "nonsense"]),
            "ascending": st.booleans(),
        }
    ),
    max_size=2,
)
_JSON_TAGS = st.dictionaries(st.sampled_from(["a", "b", "mlflow.user"]), VALUES, max_size=2).map(json.dumps)
_RECORDS = st.fixed_dictionaries(
    {"inputs": st.sampled_from([{"q": 0}, {"q": 0}, {"q": 1}, {"q": 0, "r": 1}, {}])},
    optional={
        "outputs": st.sampled_from([None, {"y": 1}, {"y": 1}, {"y": 2}, {}, "text"]),
        "expectations": st.dictionaries(st.sampled_from(["e", "f"]), st.sampled_from([1, "x", None]), max_size=2),
        "tags": st.dictionaries(st.sampled_from(["a", "t", "mlflow.user"]), VALUES, max_size=2),
        "source": st.sampled_from(
            [
                {"source_type": "TRACE", "source_data": {"trace_id": "t1"}},
                {"source_type": "human", "source_data": {}},
            ]
        ),
    },
)
_VERSIONS = st.sampled_from(["1", "1", "1", "2", "2", "2", "3", "x"])
_STAGES = st.sampled_from(["Staging", "Staging", "production", "None", "Archived", "Attic"])
_ALIASES = st.sampled_from(["best", "best", "Best", "latest", "v1", "no good"])

EXPERIMENTS_ROOM = [
    creates(call("POST", "experiments/create", name=EXPERIMENT_NAMES, tags=TAGS), "experiment", "experiment_id"),
    call("GET", "experiments/get", experiment_id=EXPERIMENTS),
    call("GET", "experiments/get-by-name", experiment_name=EXPERIMENT_NAMES),
    *[call("POST", "experiments/update", experiment_id=EXPERIMENTS, new_name=EXPERIMENT_NAMES)] * 2,
    call("POST", "experiments/delete", experiment_id=EXPERIMENTS),
    call("POST", "experiments/restore", experiment_id=EXPERIMENTS),
    call("POST", "experiments/set-experiment-tag", experiment_id=EXPERIMENTS, key=_KEYS, value=texts(VALUES, LONG)),
    call("POST", "experiments/delete-experiment-tag", experiment_id=EXPERIMENTS, key=KEYS),
    *[
        search(
            "POST",
            "experiments/search",
            filter=filters.EXPERIMENTS,
            order_by=filters.EXPERIMENT_ORDERS,
            view_type=VIEWS,
        )
    ]
    * 3,
]
RUNS_ROOM = [
    creates(
        call(
            "POST",
            "runs/create",
            experiment_id=EXPERIMENTS,
            run_name=NAMES,
            start_time=MOMENTS,
            user_id=maybe(VALUES),
            tags=TAGS,
        ),
        "run",
        "run.info.run_id",
    ),
    *[call("GET", "runs/get", run_id=RUNS)] * 3,
    call("POST", "runs/update", run_id=RUNS, status=_STATUSES, end_time=MOMENTS, run_name=maybe(NAMES)),
    call("POST", "runs/delete", run_id=RUNS),
    call("POST", "runs/restore", run_id=RUNS),
    call("POST", "runs/set-tag", run_id=RUNS, key=_KEYS, value=texts(VALUES, LONG)),
    call("POST", "runs/delete-tag", run_id=RUNS, key=KEYS),
    call("POST", "runs/log-parameter", run_id=RUNS, key=_KEYS, value=texts(VALUES, LONG)),
    *[
        st.tuples(RUNS, texts(POINTS, BAD_POINTS)).map(
            lambda drawn: Call("POST", "runs/log-metric", {"run_id": drawn[0], **drawn[1]})
        )
    ]
    * 2,
    *[
        call(
            "POST",
            "runs/log-batch",
            run_id=RUNS,
            metrics=st.lists(texts(POINTS, BAD_POINTS), max_size=4),
            params=st.lists(PARAMS, max_size=2),
            tags=st.lists(RUN_TAGS, max_size=2),
        )
    ]
    * 4,
    call("POST", "runs/log-inputs", run_id=RUNS, datasets=st.lists(INPUTS, max_size=2)),
    call("GET", "metrics/get-history", run_id=RUNS, metric_key=KEYS | st.just("nan")),
    search("GET", "metrics/get-history", run_id=RUNS, metric_key=KEYS | st.just("nan")),
    *[
        search(
            "POST",
            "runs/search",
            experiment_ids=EXPERIMENT_IDS,
            filter=filters.RUNS,
            order_by=filters.RUN_ORDERS,
            run_view_type=VIEWS,
        )
    ]
    * 4,
]
REGISTRY_ROOM = [
    call("POST", "registered-models/create", name=MODEL_NAMES, tags=TAGS, description=maybe(VALUES)),
    call("GET", "registered-models/get", name=MODEL_NAMES),
    call("PATCH", "registered-models/update", name=MODEL_NAMES, description=VALUES),
    call("POST", "registered-models/rename", name=MODEL_NAMES, new_name=MODEL_NAMES).filter(
        lambda renamed: renamed.values["name"] != renamed.values["new_name"]
    ),
    call("DELETE", "registered-models/delete", name=MODEL_NAMES),
    call("POST", "registered-models/set-tag", name=MODEL_NAMES, key=_KEYS, value=VALUES),
    call("DELETE", "registered-models/delete-tag", name=MODEL_NAMES, key=KEYS),
    call("POST", "registered-models/get-latest-versions", name=MODEL_NAMES, stages=st.lists(_STAGES, max_size=2)),
    call("POST", "registered-models/alias", name=MODEL_NAMES, alias=_ALIASES, version=_VERSIONS),
    call("GET", "registered-models/alias", name=MODEL_NAMES, alias=_ALIASES),
    call("DELETE", "registered-models/alias", name=MODEL_NAMES, alias=_ALIASES),
    *[call("POST", "model-versions/create", name=MODEL_NAMES, source=_SOURCES, run_id=RUNS, tags=TAGS)] * 2,
    call("GET", "model-versions/get", name=MODEL_NAMES, version=_VERSIONS),
    call("PATCH", "model-versions/update", name=MODEL_NAMES, version=_VERSIONS, description=VALUES),
    call("DELETE", "model-versions/delete", name=MODEL_NAMES, version=_VERSIONS),
    call("POST", "model-versions/set-tag", name=MODEL_NAMES, version=_VERSIONS, key=_KEYS, value=VALUES),
    call("DELETE", "model-versions/delete-tag", name=MODEL_NAMES, version=_VERSIONS, key=KEYS),
    call("GET", "model-versions/get-download-uri", name=MODEL_NAMES, version=_VERSIONS),
    *[
        call(
            "POST",
            "model-versions/transition-stage",
            name=MODEL_NAMES,
            version=_VERSIONS,
            stage=_STAGES,
            archive_existing_versions=st.booleans(),
        )
    ]
    * 2,
    *[search("GET", "registered-models/search", filter=filters.REGISTERED, order_by=filters.REGISTERED_ORDERS)] * 2,
    *[search("GET", "model-versions/search", filter=filters.VERSIONS, order_by=filters.VERSION_ORDERS)] * 2,
]
MODELS_ROOM = [
    creates(
        call(
            "POST",
            "logged-models",
            experiment_id=EXPERIMENTS,
            name=texts(NAMES, st.just("a/b")),
            model_type=maybe(NAMES),
            source_run_id=RUNS,
            tags=TAGS,
            params=TAGS,
        ),
        "model",
        "model.info.model_id",
    ),
    *[named("GET", "logged-models/{}", MODELS)] * 3,
    st.tuples(MODELS, _MODEL_STATUSES).map(
        lambda drawn: Call("PATCH", "logged-models/{}", {"model_id": drawn[0], "status": drawn[1]}, named=drawn[0])
    ),
    named("DELETE", "logged-models/{}", MODELS),
    *[
        st.tuples(MODELS, TAGS).map(
            lambda drawn: Call(
                "POST", "logged-models/{}/params", {"model_id": drawn[0], "params": drawn[1]}, named=drawn[0]
            )
        )
    ]
    * 2,
    named("PATCH", "logged-models/{}/tags", MODELS, tags=TAGS),
    named("DELETE", "logged-models/{}/tags/a", MODELS),
    *[
        st.tuples(RUNS, MODELS, NUMBER_POINTS).map(
            lambda drawn: Call("POST", "runs/log-metric", {"run_id": drawn[0], "model_id": drawn[1], **drawn[2]})
        )
    ]
    * 2,
    call("POST", "runs/outputs", run_id=RUNS, models=st.lists(_OUTPUTS, min_size=1, max_size=2)),
    *[
        search(
            "POST",
            "logged-models/search",
            experiment_ids=EXPERIMENT_IDS,
            filter=filters.LOGGED,
            order_by=_LOGGED_ORDERS,
        )
    ]
    * 2,
]
EVALUATION_ROOM = [
    creates(
        call(
            "POST",
            "datasets/create",
            name=NAMES,
            experiment_ids=st.lists(EXPERIMENTS, max_size=2, unique=True),
            tags=_JSON_TAGS,
        ),
        "dataset",
        "dataset.dataset_id",
    ),
    named("GET", "datasets/{}", DATASETS),
    named("DELETE", "datasets/{}", DATASETS),
    named("PATCH", "datasets/{}/tags", DATASETS, tags=_JSON_TAGS),
    named("DELETE", "datasets/{}/tags/a", DATASETS),
    named("GET", "datasets/{}/experiment-ids", DATASETS),
    named("POST", "datasets/{}/add-experiments", DATASETS, experiment_ids=EXPERIMENT_IDS),
    named("POST", "datasets/{}/remove-experiments", DATASETS, experiment_ids=EXPERIMENT_IDS),
    *[
        named(
            "POST",
            "datasets/{}/records",
            DATASETS,
            records=st.lists(_RECORDS, min_size=1, max_size=2).map(json.dumps),
        )
    ]
    * 3,
    *[named("GET", "datasets/{}/records", DATASETS)] * 2,
    *[
        search(
            "POST",
            "datasets/search",
            experiment_ids=st.lists(EXPERIMENTS, max_size=2),
            filter_string=filters.EVALUATION,
            order_by=filters.EVALUATION_ORDERS,
        )
    ]
    * 2,
]
ROOMS = {
    "experiments": EXPERIMENTS_ROOM,
    "runs": RUNS_ROOM,
    "registry": REGISTRY_ROOM,
    "models": MODELS_ROOM,
    "evaluation": EVALUATION_ROOM,
}


DRAWN = settings(
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
    report_multiple_bugs=False,
)
"""Drawn, and no more: `Both.agree` makes what it finds shorter."""


def sequences(*names: str, longest: int = 30) -> st.SearchStrategy[list[Call]]:
    """Requests of one of these parts, in any order, with some of the others among them."""
    everything = _any([each for room in ROOMS.values() for each in room])
    parts = [often((5, _any(ROOMS[name])), (1, everything)) for name in names]
    return st.sampled_from(parts).flatmap(lambda part: st.lists(part, min_size=longest // 2, max_size=longest))


def _any(calls: list[st.SearchStrategy[Call]]) -> st.SearchStrategy[Call]:
    return often(*((1, each) for each in calls))
