"""Filters and orders of searches: right ones, and some that are wrong."""

from __future__ import annotations

from hypothesis import strategies as st

TEXT_OPERATORS = st.sampled_from(["=", "!=", "LIKE", "ILIKE"])
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
TEXTS = st.sampled_from(["x", "y", "z", "Z", "", "%", "x%", "_", "0.1", "10", "%ü%", "north", "North", "n%", "%th"])
KEYS = st.sampled_from(["a", "b", "`c d`", '"e/f"', "g.h", "nothing"])


def _quoted(text: str) -> str:
    return f"'{text}'"


def _joined(*parts: str) -> str:
    return " ".join(parts)


def compared(
    name: st.SearchStrategy[str], operators: st.SearchStrategy[str], values: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    return st.builds(_joined, name, operators, values)


def _of(entity: str, keys: st.SearchStrategy[str] = KEYS) -> st.SearchStrategy[str]:
    return keys.map(lambda key: f"{entity}.{key}")


QUOTED = TEXTS.map(_quoted)
NUMBERS = st.sampled_from(["0", "1", "0.5", "-1", "2.0", "1e3", ".5"])
TAGS = compared(_of("tags") | _of("tag"), TEXT_OPERATORS, QUOTED)
LISTS = st.lists(QUOTED, min_size=1, max_size=3).map(lambda texts: f"({', '.join(texts)})")


def filters(*clauses: st.SearchStrategy[str], accepted: str = "") -> st.SearchStrategy[str]:
    """``accepted``: what MLflow's server takes of this kind though it is wrong; docs/tracking.md lists it."""
    right = st.lists(st.one_of(*clauses), max_size=3).map(" AND ".join)
    wrong = WRONG.filter(lambda text: text != accepted)
    return st.integers(0, 9).flatmap(lambda draw: wrong if draw == 0 else right)


NULLS = st.builds(_joined, _of("params") | _of("tags"), st.sampled_from(["IS NULL", "IS NOT NULL"]))
RUNS = filters(
    compared(_of("metrics") | _of("metric"), NUMBER_OPERATORS, NUMBERS),
    compared(_of("params"), TEXT_OPERATORS, QUOTED),
    TAGS,
    NULLS,
    compared(st.just("attributes.status"), st.sampled_from(["=", "!="]), st.sampled_from(["'RUNNING'", "'FINISHED'"])),
    compared(st.sampled_from(["run_name", "attributes.run_name", "`run name`", "user_id"]), TEXT_OPERATORS, QUOTED),
    compared(
        st.sampled_from(["start_time", "attributes.end_time"]), NUMBER_OPERATORS, st.sampled_from(["1", "1001", "2003"])
    ),
    compared(
        st.sampled_from(["dataset.name", "datasets.digest", "dataset.context"]),
        TEXT_OPERATORS,
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
    compared(st.sampled_from(["name", "attributes.name"]), TEXT_OPERATORS, QUOTED),
    compared(st.sampled_from(["creation_time", "last_update_time"]), NUMBER_OPERATORS, st.sampled_from(["0", "5"])),
)
REGISTERED = filters(
    TAGS, compared(st.just("name"), TEXT_OPERATORS, QUOTED), LISTS.map(lambda texts: f"name IN {texts}")
)
VERSIONS = filters(
    TAGS,
    compared(st.sampled_from(["name", "run_id", "source_path"]), TEXT_OPERATORS, QUOTED),
    compared(st.just("version_number"), NUMBER_OPERATORS, st.sampled_from(["1", "2"])),
    LISTS.map(lambda texts: f"name IN {texts}"),
)
LOGGED = filters(
    compared(_of("metrics"), NUMBER_OPERATORS, NUMBERS),
    compared(_of("params"), TEXT_OPERATORS, QUOTED),
    compared(_of("tags"), TEXT_OPERATORS, QUOTED),
    compared(st.sampled_from(["name", "attributes.model_type", "source_run_id"]), TEXT_OPERATORS, QUOTED),
    compared(st.just("status"), st.sampled_from(["=", "!="]), st.sampled_from(["'READY'", "'PENDING'"])),
    accepted="params.a = 1",
)
EVALUATION = filters(
    compared(_of("tags"), TEXT_OPERATORS, QUOTED),
    compared(st.sampled_from(["name", "created_by"]), TEXT_OPERATORS, QUOTED),
    compared(st.sampled_from(["created_time"]), NUMBER_OPERATORS, st.sampled_from(["0", "5"])),
    LISTS.map(lambda texts: f"name IN {texts}"),
    accepted="name > 'a'",
)


def orders(*names: str) -> st.SearchStrategy[list[str]]:
    clause = st.builds(
        lambda name, how: f"{name} {how}".strip(), st.sampled_from(names), st.sampled_from(["", "ASC", "DESC"])
    )
    return st.lists(clause, max_size=2)


RUN_ORDERS = orders(
    "metrics.a",
    "metrics.nan",
    "metric.`c d`",
    "params.a",
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
EVALUATION_ORDERS = orders("name", "created_time", "last_update_time", "nonsense")
