"""The language against MLflow's own code: it accepts the same, keeps the same rows and sorts them in the same way.

What is generated is what people write, right and wrong, but not what MLflow accepts by accident, since its parser is
one of SQL. Registered models and model versions have no prompts here: MLflow sorts these out elsewhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heirloom.core.errors import Invalid
from heirloom.core.tracking.search.filter import parse_filter
from heirloom.core.tracking.search.kinds import (
    EXPERIMENTS,
    LOGGED_MODELS,
    MODEL_VERSIONS,
    REGISTERED_MODELS,
    RUNS,
    Kind,
)
from heirloom.core.tracking.search.order import parse_model_order, parse_order
from heirloom.core.tracking.search.row import Row

pytest.importorskip("mlflow", reason="tests/requirements.txt")

from mlflow import entities
from mlflow.entities import model_registry as registry
from mlflow.utils import search_utils

Draw = Callable[[st.SearchStrategy[Any]], Any]
KEYS = ("a", "b b", "c.d")
TEXTS = ("", "x", "X", "xy", "a_b", "100%", "it's", "é")
PATTERNS = ("x%", "%y", "_", "%x%", "x_", "%", "X%", "x0", "x1", "a_b%", "%%")
TIMES = (-1, 0, 1, 2, 5)
METRICS = (math.nan, math.inf, -math.inf, -1.5, 0.0, 1.0, 2.5)
SELDOM = ("attribute", "tag", "tags")
COMMON = (*SELDOM, "attributes", "attr", "run", "metric", "metrics", "param", "params", "parameter", "parameters")


@dataclass(frozen=True)
class Oracle:
    """MLflow's code for a kind: ``entity`` makes its object of a row, ``matches`` holds a comparison against one."""

    utils: Any
    matches: Callable[[Any, Any], bool]
    entity: Callable[[Row], Any]
    name: Callable[[Any], str]
    order: Callable[[str], tuple[Any, ...]]
    texts: tuple[str, ...]
    times: tuple[str, ...]
    prefixes: tuple[str, ...]
    numbers: tuple[str, ...] = ("0", "1", "-1", "5", "2.5", "1.", ".5", "1e0", "-.5")
    usual: tuple[str, ...] = ()
    repeats: bool = False
    """Whether an order may have a key twice: of some kinds it is the SQL server that refuses this."""

    def kept(self, text: str, rows: Sequence[Row]) -> list[str] | None:
        """The names of those that the filter keeps; None where it is refused."""
        found = [self.entity(row) for row in rows]
        try:
            parsed = self.utils.parse_search_filter(text)
            held = [[self.matches(each, condition) for condition in parsed] for each in found]
        except Exception:  # noqa: BLE001  some of what is wrong it says with a ValueError
            return None
        return [self.name(each) for each, holds in zip(found, held, strict=True) if all(holds)]

    def sorted(self, order_by: Sequence[str], rows: Sequence[Row]) -> list[str] | None:
        """The names in order; None where it is refused."""
        found = [self.entity(row) for row in rows]
        try:
            keys = [self.order(each)[:-1] for each in order_by]
            keys = [(*rest, self.utils.translate_key_alias(key)) for *rest, key in keys]
            if not self.repeats and len(set(keys)) < len(keys):
                return None
            found = self.utils.sort(found, list(order_by or self.usual))
        except Exception:  # noqa: BLE001
            return None
        return [self.name(each) for each in found]


def _run(row: Row) -> entities.Run:
    return entities.Run(
        entities.RunInfo(experiment_id="0", lifecycle_stage="active", **row.attributes),
        entities.RunData(
            [entities.Metric(key, value, 0, 0) for key, value in row.metrics.items()],
            [entities.Param(*each) for each in row.params.items()],
            [entities.RunTag(*each) for each in row.tags.items()],
        ),
        entities.RunInputs([_dataset(each) for each in row.datasets]),
    )


def _dataset(known: Any) -> entities.DatasetInput:
    tags = [entities.InputTag("mlflow.data.context", known["context"])] if "context" in known else []
    return entities.DatasetInput(entities.Dataset(known["name"], known["digest"], "local", "here"), tags)


def _experiment(row: Row) -> entities.Experiment:
    tags = [entities.ExperimentTag(*each) for each in row.tags.items()]
    return entities.Experiment(artifact_location="", lifecycle_stage="active", tags=tags, **row.attributes)


def _registered(row: Row) -> registry.RegisteredModel:
    return registry.RegisteredModel(
        tags=[registry.RegisteredModelTag(*each) for each in row.tags.items()], **row.attributes
    )


def _version(row: Row) -> registry.ModelVersion:
    attributes = dict(row.attributes)
    renamed = {"version": attributes.pop("version_number"), "source": attributes.pop("source_path")}
    return registry.ModelVersion(
        tags=[registry.ModelVersionTag(*each) for each in row.tags.items()], **renamed, **attributes
    )


def _logged(row: Row) -> entities.LoggedModel:
    points = [entities.Metric(step=0, **each) for each in row.metric_points]
    return entities.LoggedModel(
        experiment_id="0", artifact_location="", params=dict(row.params), tags=dict(row.tags), metrics=points,
        **row.attributes,
    )  # fmt: skip


def _matches_logged(model: Any, condition: Any) -> bool:
    utils = search_utils.SearchLoggedModelsUtils
    measured = condition["type"] == "metric" or condition["key"] in utils.NUMERIC_ATTRIBUTES
    if not measured and condition["comparator"].upper() in ("<", "<=", ">", ">="):
        raise ValueError  # the SQL server checks the comparators of texts
    return bool(utils._does_logged_model_match_clause(model, condition))


ORACLES = {
    RUNS: Oracle(
        search_utils.SearchUtils,
        search_utils.SearchUtils._does_run_match_clause,
        _run,
        lambda run: run.info.run_id,
        search_utils.SearchUtils.parse_order_by_for_search_runs,
        ("run_id", "run_name", "user_id", "status", "artifact_uri"),
        ("start_time", "end_time"),
        (*COMMON, "dataset", "datasets"),
    ),
    EXPERIMENTS: Oracle(
        search_utils.SearchExperimentsUtils,
        search_utils.SearchExperimentsUtils._does_experiment_match_clause,
        _experiment,
        lambda experiment: experiment.experiment_id,
        search_utils.SearchExperimentsUtils.parse_order_by_for_search_experiments,
        ("experiment_id", "name"),
        ("creation_time", "last_update_time"),
        SELDOM,
        usual=("creation_time DESC", "experiment_id ASC"),
        repeats=True,
    ),
    REGISTERED_MODELS: Oracle(
        search_utils.SearchModelUtils,
        search_utils.SearchModelUtils._does_registered_model_match_clauses,
        _registered,
        lambda model: model.name,
        search_utils.SearchUtils.parse_order_by_for_search_registered_models,
        ("name",),
        ("last_updated_timestamp",),
        SELDOM,
    ),
    MODEL_VERSIONS: Oracle(
        search_utils.SearchModelVersionUtils,
        search_utils.SearchModelVersionUtils._does_model_version_match_clauses,
        _version,
        lambda version: version.run_id,
        search_utils.SearchModelVersionUtils.parse_order_by_for_search_model_versions,
        ("run_id", "name", "source_path"),
        ("version_number", "creation_timestamp", "last_updated_timestamp"),
        SELDOM,
        numbers=("0", "1", "-1", "5"),  # it cuts off a fraction, which the SQL server does not
        usual=("last_updated_timestamp DESC", "name ASC", "version_number DESC"),
    ),
    LOGGED_MODELS: Oracle(
        search_utils.SearchLoggedModelsUtils,
        _matches_logged,
        _logged,
        lambda model: model.model_id,
        lambda clause: (clause, True),
        ("model_id", "name", "model_type", "source_run_id"),
        ("creation_timestamp", "last_updated_timestamp"),
        COMMON,
    ),
}


@st.composite
def rows(draw: Draw, kind: Kind) -> list[Row]:
    """Two to six, each with a name of its own, which is its first attribute."""
    return [draw(row(kind, number)) for number in range(draw(st.integers(2, 6)))]


@st.composite
def row(draw: Draw, kind: Kind, number: int) -> Row:
    oracle = ORACLES[kind]
    name, *texts = oracle.texts
    seldom = texts if kind in (RUNS, MODEL_VERSIONS) else texts[1:]
    attributes: dict[str, Any] = {each: draw(st.sampled_from(TEXTS)) for each in texts}
    attributes |= {each: None for each in seldom if each not in ("name", "status", "user_id") and draw(st.booleans())}
    attributes |= {each: draw(st.sampled_from(TIMES)) for each in oracle.times}
    attributes[name] = str(number) if kind is EXPERIMENTS else f"x{number}"
    if kind is RUNS:
        attributes["end_time"] = draw(st.sampled_from((None, *TIMES)))
    if kind is MODEL_VERSIONS:
        attributes["version_number"] = number
    named = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(TEXTS), max_size=3)
    metrics = draw(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(METRICS), max_size=3))
    datasets = draw(st.lists(dataset(), max_size=2))
    return Row(attributes, metrics, draw(named), draw(named), datasets, draw(points()))


@st.composite
def dataset(draw: Draw) -> dict[str, str]:
    names = ("name", "digest", "context") if draw(st.booleans()) else ("name", "digest")
    return {name: draw(st.sampled_from(TEXTS)) for name in names}


@st.composite
def points(draw: Draw) -> list[dict[str, Any]]:
    """At most one a key, since MLflow's own code holds a comparison against the first, its SQL server against all; and
    no NaN, by which that code can't sort."""
    values = st.sampled_from([value for value in METRICS if not math.isnan(value)])
    found = draw(st.dictionaries(st.sampled_from(KEYS), values, max_size=3))
    about = st.sampled_from((None, "x", "y")).map(lambda name: {"dataset_name": name, "dataset_digest": name})
    return [{"key": key, "value": value, "timestamp": 0} | draw(about) for key, value in found.items()]


def quoted(text: str) -> st.SearchStrategy[str]:
    return st.sampled_from([f"{quote}{text}{quote}" for quote in ("'", '"') if quote not in text])


@st.composite
def keys(draw: Draw, kind: Kind) -> str:
    """What a comparison or an order may begin with, and what it may not."""
    oracle = ORACLES[kind]
    known = (*oracle.texts, *oracle.times)
    # The SQL server takes a timestamp for that of a registered model; the parser alone does not.
    strange = ("timestamp",) if kind is not REGISTERED_MODELS else ()
    attribute = draw(
        st.sampled_from((*known, *known, *known, *strange, "created", "Created", "experiment_id", "nothing"))
    )
    prefix = draw(st.sampled_from(("", "", *oracle.prefixes, *oracle.prefixes, "m", "METRICS", "datasets")))
    if prefix.startswith("attr") or prefix in ("", "run"):
        return f"{prefix}.{attribute}" if prefix else attribute
    if prefix == "datasets" and kind is RUNS:
        return f"{prefix}." + draw(st.sampled_from(("name", "digest", "context", "`name`", "a")))
    prefix = "m" if prefix == "datasets" and kind is LOGGED_MODELS else prefix  # it takes that for an attribute
    return f"{prefix}." + draw(st.sampled_from(("a", "a", "c.d", "`b b`", '"b b"', "none", "_1")))


@st.composite
def comparisons(draw: Draw, kind: Kind) -> str:
    left, how = draw(keys(kind)), draw(st.integers(0, 9))
    if how == 0 and kind in (RUNS, EXPERIMENTS):
        return left + draw(st.sampled_from((" IS NULL", " is not null", " IS NOT NULL")))
    space = draw(st.sampled_from((" ", "  ", "\n")))
    if how < 3 and not (kind is LOGGED_MODELS and re.match("param|tag", left)):  # there only the SQL server knows lists
        items = draw(st.lists(st.sampled_from((*TEXTS[:5], "x0", "x1", "1")).flatmap(quoted), max_size=3))
        return left + space + draw(st.sampled_from(("IN", "in", "NOT IN", "not in"))) + f"{space}({', '.join(items)})"
    comparator = draw(st.sampled_from(("=", "!=", "<", "<=", ">", ">=", " LIKE ", " ilike ", " like ", "~", "==")))
    text = st.sampled_from(TEXTS + PATTERNS).flatmap(quoted)
    number = st.sampled_from(ORACLES[kind].numbers)
    wrong = st.sampled_from(("unquoted", "`ticked`", "x.y", "5x", "null", "true", "'open", "''x'", "+1", ""))
    measured = any(f".{each}" in f".{left}" for each in (*ORACLES[kind].times, "metric"))
    right = draw(st.one_of(number if measured else text, number if measured else text, text, number, wrong))
    return left + comparator + space + right


@st.composite
def right_comparisons(draw: Draw, kind: Kind) -> str:
    utils, oracle = ORACLES[kind].utils, ORACLES[kind]
    known = [each for each in (*oracle.texts, *oracle.times) if each in utils.VALID_SEARCH_ATTRIBUTE_KEYS]
    prefix = draw(st.sampled_from(("", "attribute", *oracle.prefixes)))
    if prefix.startswith("attr") or prefix in ("", "run"):
        key = draw(st.sampled_from(known))
        lists = utils.LIST_SUPPORTED_KEYS is None or key in utils.LIST_SUPPORTED_KEYS
    else:
        lists = prefix.startswith("dataset")
        key = draw(st.sampled_from(("name", "digest", "context") if lists else ("a", "a", "`b b`", '"b b"', "c.d")))
    left = f"{prefix}.{key}" if prefix else key
    if key in oracle.times or prefix.startswith("metric"):
        comparator = draw(st.sampled_from(("=", "!=", "<", "<=", ">", ">=")))
        return left + comparator + draw(st.sampled_from(oracle.numbers))
    if lists and draw(st.booleans()):
        items = draw(st.lists(st.sampled_from((*TEXTS[:5], "x0", "x1", "1")).flatmap(quoted), min_size=1, max_size=3))
        return left + draw(st.sampled_from((" IN ", " not in "))) + f"({', '.join(items)})"
    if kind in (RUNS, EXPERIMENTS) and re.match("tag|param", prefix) and draw(st.booleans()):
        return left + draw(st.sampled_from((" IS NULL", " is not null")))
    comparator = draw(st.sampled_from(("=", "!=", " != ", " LIKE ", " ilike ")))
    return left + comparator + draw(st.sampled_from(TEXTS + PATTERNS).flatmap(quoted))


@st.composite
def filters(draw: Draw, kind: Kind) -> str:
    if draw(st.booleans()):
        return " AND ".join(draw(st.lists(right_comparisons(kind), min_size=1, max_size=2)))
    parts = draw(st.lists(comparisons(kind), min_size=1, max_size=3))
    joint = draw(st.sampled_from((" AND ", " AND ", " and ", "\nAND ", " OR ", " AND AND ", ", ", " ; ")))
    around = draw(st.sampled_from(("{}", "{}", "{}", " {} ", "AND {}", "{} AND", "({})", "{};")))
    return around.format(joint.join(parts))


@st.composite
def orders(draw: Draw, kind: Kind) -> list[str]:
    """Half of them are right, but for what they may have twice."""
    return draw(st.lists(right_order(kind) if draw(st.booleans()) else order(kind), max_size=2))


@st.composite
def right_order(draw: Draw, kind: Kind) -> str:
    known = [each for each in (*ORACLES[kind].texts, *ORACLES[kind].times) if each not in ("run_id", "source_path")]
    others = ("metrics.a", "metric.`b b`", "tags.a", "params.c.d", "run.run_id") if kind is RUNS else ()
    return draw(st.sampled_from((*known, *others))) + draw(st.sampled_from(("", " ASC", " DESC", "  desc")))


@st.composite
def order(draw: Draw, kind: Kind) -> str:
    key = draw(keys(kind))
    way = draw(st.sampled_from(("", "", " ASC", " DESC", " desc", "  aSc", "\tDESC", " up", " ASC DESC", " ", "!")))
    return key.removeprefix("attribute.") + way if kind is REGISTERED_MODELS else key + way


def name_of(kind: Kind, row: Row) -> str:
    return str(row.attributes[ORACLES[kind].texts[0]])


@pytest.mark.parametrize("kind", ORACLES, ids=lambda kind: kind.name)
@settings(max_examples=30, derandomize=True)
@given(data=st.data())
def test_accepts_the_same_filters_and_keeps_the_same_rows(kind: Kind, data: st.DataObject) -> None:
    text, found = data.draw(filters(kind), label="filter"), data.draw(rows(kind), label="rows")

    try:
        held = parse_filter(text, kind)
        ours = [name_of(kind, row) for row in found if held.holds(row)]
    except Invalid:
        ours = None

    assert ours == ORACLES[kind].kept(text, found)


@pytest.mark.parametrize("kind", [kind for kind in ORACLES if kind is not LOGGED_MODELS], ids=lambda kind: kind.name)
@settings(max_examples=30, derandomize=True)
@given(data=st.data())
def test_accepts_the_same_orders_and_sorts_in_the_same_way(kind: Kind, data: st.DataObject) -> None:
    order_by = data.draw(orders(kind), label="order_by")
    found = data.draw(rows(kind), label="rows")

    try:
        ours = [name_of(kind, row) for row in parse_order(order_by, kind).sort(found, lambda row: row)]
    except Invalid:
        ours = None

    assert ours == ORACLES[kind].sorted(order_by, found)


@settings(max_examples=30, derandomize=True)
@given(data=st.data())
def test_sorts_logged_models_in_the_same_way(data: st.DataObject) -> None:
    fields = st.sampled_from(
        ("name", "creation_time", "last_updated_timestamp", "metrics.a", "metrics.c.d", "params.a", "a")
    )
    asked = {"field_name": fields, "ascending": st.booleans(), "dataset_name": st.sampled_from((None, "x"))}
    order_by = data.draw(st.lists(st.fixed_dictionaries(asked), max_size=3), label="order_by")
    found = data.draw(rows(LOGGED_MODELS), label="rows")

    try:
        ours = [name_of(LOGGED_MODELS, row) for row in parse_model_order(order_by).sort(found, lambda row: row)]
    except Invalid:
        ours = None

    models = [_logged(row) for row in found]
    try:
        theirs = [model.model_id for model in search_utils.SearchLoggedModelsUtils.sort(models, order_by)]
    except Exception:  # noqa: BLE001
        theirs = None
    assert ours == theirs
