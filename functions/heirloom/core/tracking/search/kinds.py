"""What can be searched, and by what: the identifiers, the comparators and the usual order of each kind.

They are those of MLflow's SQL server (store/tracking/sqlalchemy_store.py, store/model_registry/sqlalchemy_store.py);
where 3.17 knows more than 3.11, they are those of 3.17, since a client may be that new.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from heirloom.core.errors import Invalid

ATTRIBUTE, METRIC, PARAM, TAG, DATASET = "attribute", "metric", "parameter", "tag", "dataset"
TEXT, NUMBER = "text", "number"
"""The types of attributes; all other entities are of one type each, and that is called as they are."""
IS_NULL, IS_NOT_NULL, IN, NOT_IN, LIKE, ILIKE = "IS NULL", "IS NOT NULL", "IN", "NOT IN", "LIKE", "ILIKE"
_MEASURES = frozenset({">", ">=", "!=", "=", "<", "<="})
_TEXTS = frozenset({"!=", "=", LIKE, ILIKE})
_LISTS = frozenset({IN, NOT_IN})
_NULLS = frozenset({IS_NULL, IS_NOT_NULL})
_UNKNOWN = "Invalid attribute key '{key}' specified. Valid keys are '{allowed}'"
_DATASET_KEYS = frozenset({"name", "digest", "context"})
_SELDOM = {ATTRIBUTE: ATTRIBUTE, TAG: TAG, "tags": TAG}
_COMMON = {
    **dict.fromkeys((ATTRIBUTE, "attributes", "attr", "run"), ATTRIBUTE),
    **dict.fromkeys((METRIC, "metrics"), METRIC),
    **dict.fromkeys((PARAM, "parameters", "param", "params"), PARAM),
    **dict.fromkeys((TAG, "tags"), TAG),
}

Sorting = tuple[str, str, bool]
"""An entity, a key of it, and whether it ascends."""


@dataclass(frozen=True, eq=False)
class Kind:
    """``attributes`` that a filter may name, with their types; ``aliases``: what some of them are called in a row.

    ``lists``: the attributes that may be in a list, ``orders``: those that an order may name, ``usual``: the order
    where none is asked for, ``ties``: what decides in the end. ``most`` results are on a page.
    """

    name: str
    most: int
    entities: Mapping[str, str]
    attributes: Mapping[str, str]
    comparators: Mapping[str, frozenset[str]]
    lists: frozenset[str]
    orders: frozenset[str]
    ties: tuple[Sorting, ...]
    usual: tuple[Sorting, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    sorted_by: frozenset[str] = frozenset({ATTRIBUTE})
    repeats: bool = False
    """Whether an order may name the same twice."""
    nullable: str = ""
    """What can be IS NULL, in words."""
    registry: bool = False
    """Of the model registry: it leaves out prompts, and has words of its own."""
    clauses: str = "Invalid clause(s) in filter string: {clauses}"
    comparison: str = "Invalid comparator '{comparator}' not one of '{allowed}'"
    ordering: str = _UNKNOWN

    def type_of(self, entity: str, key: str) -> str:
        """What values it has: TEXT or NUMBER, or what the entity is called."""
        return self.attributes.get(key, TEXT) if entity == ATTRIBUTE else entity

    def allowed(self, entity: str, key: str) -> frozenset[str]:
        """The comparators."""
        return self.comparators[self.type_of(entity, key)]

    def searched(self, written: str) -> tuple[str, str]:
        """The entity and the key of what a filter names. Raises Invalid."""
        return self._identified(written, self.attributes, _UNKNOWN)

    def sorting(self, written: str) -> tuple[str, str]:
        """The entity and the key of what an order names. Raises Invalid."""
        entity, key = self._identified(written, self.orders, self.ordering)
        if entity not in self.sorted_by:
            raise Invalid(f"Invalid order_by entity: {entity}")
        return entity, key

    def _identified(self, written: str, known: Collection[str], words: str) -> tuple[str, str]:
        before, dot, after = written.partition(".")
        entity = self.entities.get(unquoted(before, "`")) if dot else ATTRIBUTE
        if entity is None:
            raise Invalid(f"Invalid entity type '{before}'. Valid values are {list(dict.fromkeys(self.entities))}")
        key = unquoted(after if dot else before)
        if entity == ATTRIBUTE and key not in known:
            raise Invalid(words.format(key=key, allowed=shown(known)))
        if entity == DATASET and key not in _DATASET_KEYS:
            raise Invalid(f"Invalid dataset key '{key}' specified. Valid keys are '{shown(_DATASET_KEYS)}'")
        return entity, self.aliases.get(key, key) if entity == ATTRIBUTE else key


def unquoted(text: str, quotes: str = "'\"`") -> str:
    """What is between the quotes, if there are any."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in quotes else text


def shown(names: Collection[str]) -> str:
    """As MLflow shows a set, but always in the same order."""
    return f"{{{', '.join(map(repr, sorted(names)))}}}"


def _typed(texts: Collection[str], numbers: Collection[str]) -> dict[str, str]:
    return {**dict.fromkeys(texts, TEXT), **dict.fromkeys(numbers, NUMBER)}


_RUN_TEXTS = frozenset({"artifact_uri", "run_id", "run_name", "status", "user_id"})
_RUN_NUMBERS = frozenset({"start_time", "end_time", "created", "Created"})
RUNS = Kind(
    name="runs",
    most=50_000,
    entities={**_COMMON, DATASET: DATASET, "datasets": DATASET},
    attributes=_typed(_RUN_TEXTS | {"run name", "Run name", "Run Name"}, _RUN_NUMBERS),
    comparators={
        TEXT: _TEXTS | _LISTS,
        NUMBER: _MEASURES,
        METRIC: _MEASURES,
        PARAM: _TEXTS | _NULLS,
        TAG: _TEXTS | _NULLS,
        DATASET: _TEXTS | _LISTS,
    },
    lists=frozenset({"run_id"}),
    nullable="tags and params",
    orders=_RUN_TEXTS | _RUN_NUMBERS,
    sorted_by=frozenset({ATTRIBUTE, METRIC, PARAM, TAG}),
    ties=((ATTRIBUTE, "start_time", False), (ATTRIBUTE, "run_id", True)),
    aliases={
        "created": "start_time",
        "Created": "start_time",
        "run name": "run_name",
        "Run name": "run_name",
        "Run Name": "run_name",
    },
)

_EXPERIMENT = _typed({"name", "experiment_id"}, {"creation_time", "last_update_time"})
EXPERIMENTS = Kind(
    name="experiments",
    most=50_000,
    entities=_SELDOM,
    attributes=_EXPERIMENT,
    comparators={TEXT: _TEXTS | _LISTS, NUMBER: _MEASURES, TAG: _TEXTS | _NULLS},
    lists=frozenset({"experiment_id"}),
    nullable="tags",
    orders=frozenset(_EXPERIMENT),
    usual=((ATTRIBUTE, "creation_time", False), (ATTRIBUTE, "experiment_id", True)),
    ties=((ATTRIBUTE, "experiment_id", False),),
    repeats=True,
)

REGISTERED_MODELS = Kind(
    name="registered models",
    most=1000,
    entities=_SELDOM,
    attributes=_typed({"name"}, ()),
    comparators={TEXT: _TEXTS | _LISTS, TAG: _TEXTS},
    lists=frozenset({"name"}),
    orders=frozenset({"name", "timestamp", "last_updated_timestamp"}),
    ties=((ATTRIBUTE, "name", True),),
    aliases={"timestamp": "last_updated_timestamp"},
    registry=True,
    ordering="Invalid order by key '{key}' specified. Valid keys are '{allowed}'",
)

MODEL_VERSIONS = Kind(
    name="model versions",
    most=200_000,
    entities=_SELDOM,
    attributes=_typed({"name", "run_id", "source_path"}, {"version_number"}),
    comparators={TEXT: _TEXTS | _LISTS, NUMBER: _MEASURES, TAG: _TEXTS},
    lists=frozenset({"name", "run_id"}),
    orders=frozenset({"name", "version_number", "creation_timestamp", "last_updated_timestamp"}),
    usual=((ATTRIBUTE, "last_updated_timestamp", False),),
    ties=((ATTRIBUTE, "name", True), (ATTRIBUTE, "version_number", False)),
    registry=True,
)

_EVALUATION_TIMES = frozenset({"created_time", "last_update_time"})
EVALUATION_DATASETS = Kind(
    name="evaluation datasets",
    most=50_000,
    entities={"tags": TAG},
    attributes=_typed({"name", "created_by", "last_updated_by"}, _EVALUATION_TIMES),
    comparators={TEXT: _TEXTS | {IN}, NUMBER: _MEASURES, TAG: _TEXTS},
    lists=frozenset({"name"}),
    orders=_EVALUATION_TIMES | {"name"},
    usual=((ATTRIBUTE, "created_time", False),),
    ties=((ATTRIBUTE, "dataset_id", False),),
    repeats=True,
)

_MODEL = _typed(
    {"name", "model_id", "model_type", "status", "source_run_id"},
    {"creation_timestamp", "creation_time", "last_updated_timestamp", "last_updated_time"},
)
LOGGED_MODELS = Kind(
    name="logged models",
    most=50_000,  # the SQL server has no limit, and MLflow's own client asks for 100
    entities=_COMMON,
    attributes=_MODEL,
    comparators={
        TEXT: _TEXTS | _LISTS,
        NUMBER: _MEASURES,
        METRIC: _MEASURES,
        PARAM: _TEXTS | _LISTS,
        TAG: _TEXTS | _LISTS,
    },
    lists=frozenset(_MODEL),
    orders=frozenset(_MODEL),
    ties=((ATTRIBUTE, "creation_timestamp", False), (ATTRIBUTE, "model_id", True)),
    aliases={"creation_time": "creation_timestamp", "last_updated_time": "last_updated_timestamp"},
    sorted_by=frozenset({ATTRIBUTE, METRIC}),
    repeats=True,
    clauses=(
        "Invalid filter string: {text!r}. Expected a list of comparisons separated by 'AND' "
        "(e.g. 'metrics.loss > 0.1 AND params.lr = 0.01')."
    ),
    comparison="Invalid comparison operator for {name}: '{comparator}'. Expected one of {allowed}.",
    ordering="Invalid order by field name: {key}",
)
