"""Filters: what they keep, and what they refuse in the words of MLflow that its own tests and people look for."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest

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
from heirloom.core.tracking.search.row import Row
from heirloom.core.tracking.search.terms import Term

RUN = Row(
    attributes={"run_id": "abc", "run_name": "Trial", "status": "FINISHED", "start_time": 10, "end_time": None},
    metrics={"rmse": 0.5, "odd name": 2.0, "nan": math.nan},
    params={"model": "Forest", "path": "a_b/100%"},
    tags={"mlflow.user": "me", "note": "it's\nlong"},
    datasets=({"name": "flights", "digest": "d1", "context": "train"}, {"name": "planes", "digest": "d2"}),
)


def row(**parts: Any) -> Row:
    return Row(**{"attributes": {}, "metrics": {}, "params": {}, "tags": {}, **parts})


def holds(text: str, found: Row = RUN, kind: Kind = RUNS) -> bool:
    return parse_filter(text, kind).holds(found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AND",
        "metrics.rmse < 1",
        "metric.rmse>=.5 and `metrics`.`odd name` = 2",
        "metrics.\"odd name\" > 1e0 AND metrics.'odd name' < 2.5",
        "params.model = 'Forest' param.model != 'Tree'",
        'parameter.model = "Forest" AND parameters.model LIKE "For%"',
        "run.status = 'FINISHED' AND attr.status != 'RUNNING' AND attributes.run_id = 'abc'",
        "run_name = 'Trial' AND `run name` ILIKE 'TRI__' AND attribute.\"Run Name\" LIKE '%ial'",
        "start_time = 10 AND created <= 10.0 AND Created > -1",
        "run_id IN ('x', \"abc\",) AND run_id not in ('ABC')",
        "tags.mlflow.user = 'me' AND tag.none IS NULL AND params.model is not null",
        "tags.note LIKE 'it%long' AND tags.note ILIKE '%IT_S%'",
        "params.path LIKE '%100_' AND params.path LIKE 'a_b%%'",
        "dataset.name = 'flights' AND datasets.digest IN ('d2') AND dataset.context LIKE 'tr%'",
        "dataset.name NOT IN ('flights') AND dataset.name != 'planes'",
        "metrics.nan != 1",
    ],
)
def test_keeps_what_is_so(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "metrics.rmse < 1 AND metrics.rmse > 1",
        "metrics.none != 1",
        "metrics.nan = 0",
        "params.none != 'x'",
        "params.model LIKE 'for%'",
        "params.model LIKE 'ores'",
        "params.model LIKE 'Forest_'",
        "params.path LIKE '%b%a%'",
        "end_time > 0",
        "user_id != 'x'",
        "tags.note IS NULL",
        "tags.none IS NOT NULL",
        "run_id IN ('x')",
        "run_id NOT IN ('abc', 'x')",
        "dataset.context = 'test'",
        "dataset.context != 'train'",  # the other one has none, which is unequal to nothing
        "dataset.name = 'none'",
    ],
)
def test_leaves_out_what_is_not(text: str) -> None:
    assert not holds(text)


def test_tells_what_it_is_about() -> None:
    found = parse_filter(
        "metrics.a > 1 and run_id in ('x') AND created = 5 AND tag.`b c` IS NULL AND start_time<1.5", RUNS
    )

    assert found.terms == (
        Term("metric", "a", ">", 1.0),
        Term("attribute", "run_id", "IN", ("x",)),
        Term("attribute", "start_time", "=", 5),
        Term("tag", "b c", "IS NULL", None),
        Term("attribute", "start_time", "<", 1.5),
    )


def test_a_quote_in_a_value_is_kept_as_it_is_written() -> None:
    assert parse_filter(r"params.a = 'it''s' AND params.b = 'it\'s'", RUNS).terms == (
        Term("parameter", "a", "=", "it''s"),
        Term("parameter", "b", "=", r"it\'s"),
    )


WRONG = {
    "  ": "Invalid filter '  '. Could not be parsed.",
    "metric.acc >= 0.94; metrics.rmse < 1": "Search filter contained multiple expression",
    "m.acc >= 0.94": "Invalid entity type 'm'. Valid values are ['attribute', ",
    "METRICS.acc >= 0.94": "Invalid entity type 'METRICS'",
    "`dummy.A` > 1": "Invalid entity type '`dummy'",
    "acc >= 0.94": "Invalid attribute key 'acc' specified. Valid keys are '{'Created', 'Run Name', ",
    "attribute._status != 'RUNNING'": "Invalid attribute key",
    "dataset.status = 'true'": "Invalid dataset key 'status' specified. Valid keys are '{'context', 'digest', 'name'}'",
    "metrics.A > 0.1 OR params.B = 'LR'": "Invalid clause(s) in filter string: 'OR params.B = 'LR''",
    "metrics.A > 0.1 AND (params.B = 'LR')": "Invalid clause(s) in filter string",
    "metrics.A > 0.1;": "Invalid clause(s) in filter string: ';'",
    "`metrics.A > 0.1": "Invalid clause(s) in filter string",
    "param`.A > 0.1": "Invalid clause(s) in filter string",
    "attribute.status = true": "Invalid clause(s) in filter string",
    "attribute.status IS 'RUNNING'": "Invalid clause(s) in filter string",
    "params.acc = 'LR": "Invalid clause(s) in filter string",
    "params.acc = LR'": "Invalid clause(s) in filter string",
    "tags.acc = \"LR'": "Invalid clause(s) in filter string",
    "tags.acc = = 'LR'": "Invalid clause(s) in filter string",
    "params.acc LR !=": "Invalid clause(s) in filter string",
    "metric.acc !=": "Invalid clause(s) in filter string",
    "metrics.1 > 1": "Invalid clause(s) in filter string",
    "run_id IN": "Invalid clause(s) in filter string",
    "run_id IN ('a'": "Invalid clause(s) in filter string",
    "run_id IN 'a'": "Invalid clause(s) in filter string",
    "1.0 > metrics.acc": "Invalid comparison clause. Expected 'Identifier' found '1.0'",
    "1=1": "Expected 'Identifier' found '1'",
    "metrics.acc IS NULL": "IS NULL / IS NOT NULL is only supported for tags and params, not for 'metric' 'acc'",
    "attribute.status IS NOT NULL": "IS NULL / IS NOT NULL is only supported for tags and params",
    "metric.model = '5'": "Expected numeric value type for metric. Found '5'",
    "metric.model = 5x": "Expected numeric value type for metric. Found 5x",
    "start_time = 'x'": "Expected numeric value type for numeric attribute: start_time. Found 'x'",
    "start_time IN (1)": "different type in list: (1)",
    "start_time IN ('1')": "Expected numeric value type for numeric attribute: start_time. Found ('1')",
    "params.acc = 5": "Expected a quoted string value for parameter (e.g. 'my-value'). Got value 5",
    "tags.acc = 5": "Expected a quoted string value for tag",
    "tags.acc IN ('5')": "Expected a quoted string value for tag (e.g. 'my-value'). Got value ('5')",
    "attribute.status = 1": "Expected a quoted string value for attributes. Got value 1",
    "dataset.name = 1": "Expected a quoted string value for dataset attributes. Got value 1",
    "params.acc = LR": "value is either not quoted or unidentified quote types used for string value LR.",
    "params.acc = `LR`": "value is either not quoted or unidentified quote types",
    "status IN ('x')": "Only ['run_id'] attributes support comparison with a list of quoted string values.",
    "run_id IN ()": "expected a non-empty list of string values, but got empty list",
    "run_id IN (,)": "expected a non-empty list of string values, but got ill-formed list",
    "run_id IN ('a',,'b')": "but got ill-formed list",
    "run_id IN ('a' 'b')": "but got ill-formed list",
    "run_id IN (1,'a')": "expected string value, punctuation, or whitespace, but got different type in list: (1, 'a')",
    "metrics.abc ~ 1.0": "Invalid comparator '~' not one of '{'!=', '<', '<=', '=', '>', '>='}'",
    "params.abc > 'x'": "Invalid comparator",
    "params.abc not  like 'x'": "Invalid comparator 'NOT LIKE'",
    "start_time LIKE 1234": "Invalid comparator 'LIKE'",
}


@pytest.mark.parametrize(("text", "message"), WRONG.items())
def test_refuses_what_is_wrong_in_the_words_of_mlflow(text: str, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_filter(text, RUNS)

    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (EXPERIMENTS, "name IS NULL", "IS NULL / IS NOT NULL is only supported for tags, not for 'attribute' 'name'"),
        (EXPERIMENTS, "metrics.a > 1", "Invalid entity type 'metrics'. Valid values are ['attribute', 'tag', 'tags']"),
        (EXPERIMENTS, "creation_time LIKE 5", "Invalid comparator 'LIKE'"),
        (REGISTERED_MODELS, "name!=something", "Parameter value is either not quoted or unidentified quote types used"),
        (REGISTERED_MODELS, "run_id='somerunID'", "Invalid attribute key 'run_id' specified."),
        (REGISTERED_MODELS, "evilhax = true", "Invalid clause(s) in filter string"),
        (REGISTERED_MODELS, "tags.a IS NULL", "Invalid comparator 'IS NULL'"),
        (MODEL_VERSIONS, "run_id IN (1,2,3)", "but got different type in list"),
        (MODEL_VERSIONS, "version_number = 'one'", "Expected numeric value type for numeric attribute: version_number"),
        (MODEL_VERSIONS, "version_number = one", "Expected numeric value type for numeric attribute: version_number"),
        (LOGGED_MODELS, "Foo", "Invalid filter string: 'Foo'. Expected a list of comparisons separated by 'AND'"),
        (LOGGED_MODELS, "name = 'foo' OR name = 'bar'", "Invalid filter string"),
        (LOGGED_MODELS, "foo.bar = 'a'", "Invalid entity type"),
        (LOGGED_MODELS, "name > 'foo'", "Invalid comparison operator for name: '>'. Expected one of {'!=', '=', "),
        (LOGGED_MODELS, "metrics.foo LIKE 0", "Invalid comparison operator for metrics.foo: 'LIKE'"),
        (LOGGED_MODELS, "tags.foo IS NULL", "Invalid comparison operator for tags.foo: 'IS NULL'"),
    ],
)
def test_each_kind_has_its_own_words(kind: Kind, text: str, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_filter(text, kind)

    assert message in str(refused.value)


def test_keeps_experiments_by_name_time_and_tag() -> None:
    found = row(attributes={"name": "Abc", "experiment_id": "7", "creation_time": 5}, tags={"k e y": "vaLue"})

    assert holds("name ILIKE 'a%' AND attribute.`name` != 'a' AND tag.\"k e y\" LIKE '%Lue'", found, EXPERIMENTS)
    assert holds("creation_time >= 5 AND experiment_id IN ('7') AND tags.none IS NULL", found, EXPERIMENTS)
    assert not holds("name LIKE 'a%'", found, EXPERIMENTS)


def test_keeps_model_versions_by_number_which_may_be_a_text() -> None:
    found = row(attributes={"name": "m", "version_number": 12, "run_id": "r", "source_path": "A/D"})

    assert holds("version_number=12 AND version_number = '12' AND version_number < 12.5", found, MODEL_VERSIONS)
    assert holds("source_path = 'A/D' AND run_id NOT IN ('x') AND name IN ('m')", found, MODEL_VERSIONS)


def test_a_number_may_have_more_digits_than_python_reads() -> None:
    assert holds(f"start_time < {'9' * 5000}")


PROMPT = "tags.`mlflow.prompt.is_prompt`"


@pytest.mark.parametrize("kind", [REGISTERED_MODELS, MODEL_VERSIONS])
@pytest.mark.parametrize(
    ("text", "models", "prompts"),
    [
        ("", True, False),
        ("name = 'x'", True, False),
        (f"{PROMPT} = 'false'", True, False),
        (f"{PROMPT} != 'true'", True, False),
        (f"{PROMPT} LIKE 'true' AND name = 'x'", True, False),
        (f"{PROMPT} = 'TRUE'", False, False),
        (f"{PROMPT} = 'true' AND name = 'x'", False, True),
        (f"{PROMPT} != 'false'", False, True),
        (f"{PROMPT} = 'true' AND name = 'y'", False, False),
    ],
)
def test_prompts_are_left_out_unless_they_are_asked_for(kind: Kind, text: str, models: bool, prompts: bool) -> None:
    model = row(attributes={"name": "x"})
    prompt = row(attributes={"name": "x"}, tags={"mlflow.prompt.is_prompt": "true"})

    assert holds(text, model, kind) is models
    assert holds(text, prompt, kind) is prompts


POINTS = (
    {"key": "accuracy", "value": 0.9, "dataset_name": "one", "dataset_digest": "d1"},
    {"key": "accuracy", "value": 0.5, "dataset_name": "two", "dataset_digest": "d2"},
    {"key": "loss", "value": 2.0, "dataset_name": None, "dataset_digest": None},
)
LOGGED = row(
    attributes={"name": "net", "model_id": "m-1", "status": "READY", "creation_timestamp": 5},
    params={"depth": "3"},
    tags={"tag 3": "v"},
    metric_points=POINTS,
)


@pytest.mark.parametrize(
    ("text", "datasets", "held"),
    [
        ("metrics.accuracy > 0.8 AND metrics.accuracy < 0.6 AND metrics.loss = 2", [], True),
        ("metrics.accuracy > 0.95", [], False),
        ("metrics.accuracy > 0.8", [{"dataset_name": "one"}], True),
        ("metrics.accuracy > 0.8", [{"dataset_name": "one", "dataset_digest": None}], True),
        ("metrics.accuracy > 0.8", [{"dataset_name": "two"}], False),
        ("metrics.accuracy > 0.8", [{"dataset_name": "one", "dataset_digest": "d2"}], False),
        ("metrics.accuracy > 0.8", [{"dataset_name": "two"}, {"dataset_name": "one", "dataset_digest": "d1"}], True),
        ("metrics.loss = 2", [{"dataset_name": "one"}], False),
        ("name = 'net'", [{"dataset_name": "one"}], True),
        ("", [{"dataset_name": "three"}], False),
        ("creation_time = 5 AND status = 'READY' AND params.depth IN ('3') AND tags.`tag 3` = \"v\"", [], True),
        ("source_run_id = 'x'", [], False),
    ],
)
def test_logged_models_are_held_against_all_points_of_the_datasets(text: str, datasets: Any, held: bool) -> None:
    assert parse_filter(text, LOGGED_MODELS, datasets).holds(LOGGED) is held


def test_refuses_a_dataset_without_a_name() -> None:
    with pytest.raises(Invalid, match=r"`dataset_name` in the `datasets` clause must be specified\."):
        parse_filter("", LOGGED_MODELS, [{"dataset_digest": "d"}])


def test_no_pattern_takes_long() -> None:
    text, pattern = "a" * 8000, "%a" * 1000 + "%b%"
    found = row(params={"p": text})

    began = time.process_time()

    assert not holds(f"params.p LIKE '{pattern}'", found)
    assert time.process_time() - began < 1
