"""Filters and orders of searches: right ones, and some that are wrong."""

from __future__ import annotations

from collections.abc import Collection

from hypothesis import strategies as st

from tests.differential.calls import often

NUMBER_OPERATORS = st.sampled_from(["=", "!=", ">", ">=", "<", "<="])
WRONG = st.sampled_from(
    [
        "nonsense",
        "metrics.a = 'x'",
        "params.a > '1'",
        "params.a = 1",
        "tags.a = x",
        "attributes.colour = 'red'",
        "colours.red = 'x'",
        "metrics.a LIKE '1'",
        "metrics.a = 1 OR metrics.b = 2",
        "status IN ('RUNNING')",
        "metrics.a IN (1)",
        "tags.a = 'x' tags.b = 'y'",
        "name > 'a'",
        "= 1",
        "'a' = 'a'",
        "tags.a IS NULL",
        "start_time = 'x'",
        "attributes.start_time > 1.5",
        "name IN ()",
        "run_id IN ('a', 1)",
    ]
)
TEXTS = st.sampled_from(["x", "x", "y", "y", "z", "Z", "", "%", "_", "0.1", "10", "north", "North"])
PATTERNS = st.sampled_from(["x", "X", "X%", "%x%", "Y", "_", "%", "%ü%", "", "10", "NORTH", "north", "n%", "%TH"])
KEYS = st.sampled_from(["a", "a", "a", "b", "b", "`c d`", '"e/f"', "g.h", "nothing"])


def _quoted(text: str) -> str:
    return f"'{text}'"


def _joined(*parts: str) -> str:
    return " ".join(parts)


def compared(
    name: st.SearchStrategy[str], operators: st.SearchStrategy[str], values: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    return st.builds(_joined, name, operators, values)


QUOTED = TEXTS.map(_quoted)


def texts(name: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        compared(name, st.sampled_from(["=", "!="]), QUOTED),
        compared(name, st.sampled_from(["LIKE", "ILIKE"]), PATTERNS.map(_quoted)),
    )


def _of(entity: str, keys: st.SearchStrategy[str] = KEYS) -> st.SearchStrategy[str]:
    return keys.map(lambda key: f"{entity}.{key}")


NUMBERS = st.sampled_from(["0", "1", "0.5", "-1", "2.0", "1e3", ".5"])
TAGS = texts(_of("tags") | _of("tag"))
LISTS = st.lists(QUOTED, min_size=1, max_size=3).map(lambda texts: f"({', '.join(texts)})")


def filters(*clauses: st.SearchStrategy[str], accepted: Collection[str] = ()) -> st.SearchStrategy[str]:
    """``accepted``: what MLflow's server takes of this kind though it is wrong; docs/tracking.md lists it."""
    one = st.one_of(*clauses)
    some = st.lists(one, min_size=2, max_size=3).map(" AND ".join)
    return often((8, st.just("")), (8, one), (3, some), (1, WRONG.filter(lambda text: text not in accepted)))


NULLS = st.builds(_joined, _of("params") | _of("tags"), st.sampled_from(["IS NULL", "IS NOT NULL"]))
RUNS = filters(
    compared(_of("metrics") | _of("metric"), NUMBER_OPERATORS, NUMBERS),
    texts(_of("params")),
    TAGS,
    NULLS,
    compared(st.just("attributes.status"), st.sampled_from(["=", "!="]), st.sampled_from(["'RUNNING'", "'FINISHED'"])),
    texts(st.sampled_from(["run_name", "attributes.run_name", "`run name`", "user_id"])),
    compared(
        st.sampled_from(["start_time", "attributes.end_time"]), NUMBER_OPERATORS, st.sampled_from(["1", "1001", "2003"])
    ),
    compared(
        st.sampled_from(["dataset.name", "datasets.digest", "dataset.context"]),
        st.sampled_from(["=", "!=", "LIKE", "ILIKE"]),
        st.sampled_from(["'d1'", "'1'", "'train'", "'d%'"]),
    ),
    compared(
        st.sampled_from(["dataset.name"]),
        st.sampled_from(["IN", "NOT IN"]),
        st.sampled_from(["('d1')", "('d1', 'd2')"]),
    ),
)
EXPERIMENTS = filters(
    TAGS,
    texts(st.sampled_from(["name", "attributes.name"])),
    compared(st.sampled_from(["creation_time", "last_update_time"]), NUMBER_OPERATORS, st.sampled_from(["0", "5"])),
)
REGISTERED = filters(TAGS, texts(st.just("name")), LISTS.map(lambda texts: f"name IN {texts}"))
VERSIONS = filters(
    TAGS,
    texts(st.sampled_from(["name", "run_id", "source_path"])),
    compared(st.just("version_number"), NUMBER_OPERATORS, st.sampled_from(["1", "2"])),
    LISTS.map(lambda texts: f"name IN {texts}"),
)
LOGGED = filters(
    compared(_of("metrics"), NUMBER_OPERATORS, NUMBERS),
    texts(_of("params")),
    texts(_of("tags")),
    texts(st.sampled_from(["name", "attributes.model_type", "source_run_id"])),
    accepted=("params.a = 1", "tags.a = x"),
)
EVALUATION = filters(
    texts(_of("tags")),
    texts(st.sampled_from(["name", "created_by"])),
    compared(st.sampled_from(["created_time"]), NUMBER_OPERATORS, st.sampled_from(["0", "5"])),
    LISTS.map(lambda texts: f"name IN {texts}"),
    accepted=("name > 'a'",),
)


def orders(*names: str) -> st.SearchStrategy[list[str]]:
    """By one of these mostly, the first more often than the others."""
    hows, fields = st.sampled_from(["", "ASC", "DESC", "DESC"]), st.sampled_from([*names[:3] * 2, *names])
    clauses = st.lists(st.tuples(fields, hows), max_size=2, unique_by=lambda clause: clause[0])
    return clauses.map(lambda drawn: [" ".join(clause).strip() for clause in drawn])


RUN_ORDERS = orders(
    "metrics.a",
    "params.a",
    "metrics.nan",
    "metric.`c d`",
    "tags.b",
    "attributes.status",
    "start_time",
    "end_time",
    "run_name",
    "nonsense",
    "a b c",
)
EXPERIMENT_ORDERS = orders("name", "creation_time", "last_update_time", "experiment_id", "nonsense")
REGISTERED_ORDERS = orders("name", "timestamp", "last_updated_timestamp", "nonsense")
VERSION_ORDERS = orders("name", "version_number", "creation_timestamp", "last_updated_timestamp", "nonsense")
EVALUATION_ORDERS = orders("name", "last_update_time", "nonsense").map(lambda clauses: [*clauses, "created_time"])
"""Of equal ones that with the greater id comes first, and ids are drawn."""
