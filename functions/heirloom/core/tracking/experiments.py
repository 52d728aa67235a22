"""Experiments: what runs are sorted into. One document each, and one that keeps its name to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from heirloom.core.errors import Conflict, Invalid, NotFound
from heirloom.core.tracking import limits
from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.documents import Data, Document, change, change_beside
from heirloom.core.tracking.ids import EXPERIMENT_NAMES, EXPERIMENTS, LAST_EXPERIMENT, key_of_deleted, of_experiment
from heirloom.core.tracking.search.filter import parse_filter
from heirloom.core.tracking.search.kinds import EXPERIMENTS as KIND
from heirloom.core.tracking.search.order import parse_order
from heirloom.core.tracking.search.page import check_max_results, page
from heirloom.core.tracking.search.row import Row
from heirloom.core.tracking.tracking import Answer, Tracking

DEFAULT = "0"
"""The experiment of those who name none; it is always there."""
ACTIVE, DELETED = "active", "deleted"
CLEARING = "clearing"
"""Of what is being cleared away for good (clearing.py): it can't be restored any more."""
ACTIVE_ONLY, DELETED_ONLY, ALL = "ACTIVE_ONLY", "DELETED_ONLY", "ALL"
STAGES = {ACTIVE_ONLY: (ACTIVE,), DELETED_ONLY: (DELETED,), ALL: (ACTIVE, DELETED)}
"""What the view types of a search show."""
_USUAL_RESULTS = 1000


def create(asked: Asked, tracking: Tracking) -> Answer:
    """POST experiments/create."""
    name, tags = asked.needed("name"), dict(asked.pairs("tags"))
    limits.check_length("name", limits.EXPERIMENT_NAME, name)
    _ensure_default(tracking)
    made: list[str] = []

    def numbered(last: Document | None) -> list[Document]:
        if tracking.documents.get(EXPERIMENT_NAMES, name) is not None:
            raise _taken(name)
        last = last or Document(*LAST_EXPERIMENT, {"number": 0})
        number = last.data["number"] + 1
        identity = str(number)
        where = asked.text("artifact_location") or f"{tracking.artifact_root}/{identity}"
        experiment = Document(EXPERIMENTS, identity, _new(identity, name, where, tracking.now, tags))
        made[:] = [identity]
        return [last.with_data({"number": number}), experiment, Document(EXPERIMENT_NAMES, name, {"id": identity})]

    change(tracking.documents, LAST_EXPERIMENT, numbered)
    return {"experiment_id": made[0]}


def get(asked: Asked, tracking: Tracking) -> Answer:
    """GET experiments/get."""
    return {"experiment": _told(found(asked.needed("experiment_id"), tracking).data)}


def get_by_name(asked: Asked, tracking: Tracking) -> Answer:
    """GET experiments/get-by-name; deleted ones, too."""
    name = asked.needed("experiment_name")
    _ensure_default(tracking)
    claim = tracking.documents.get(EXPERIMENT_NAMES, name)
    if claim is None:
        raise NotFound(f"Could not find experiment with name '{name}'")
    return {"experiment": _told(found(claim.data["id"], tracking).data)}


def search(asked: Asked, tracking: Tracking) -> Answer:
    """POST and GET experiments/search."""
    text, order_by = asked.text("filter"), asked.texts("order_by")
    most, view = asked.whole("max_results", _USUAL_RESULTS), asked.text("view_type", ACTIVE_ONLY)
    check_max_results(KIND, most)
    wanted, order = parse_filter(text, KIND), parse_order(order_by, KIND)
    kept = [
        document.data
        for document in _all(tracking)
        if document.data["lifecycle_stage"] in stages(view) and wanted.holds(_row(document.data))
    ]
    shown, token = page(order.sort(kept, _row), most, asked.text("page_token"), repr((text, order_by, view)))
    return {"experiments": [_told(each) for each in shown], **({"next_page_token": token} if token else {})}


def rename(asked: Asked, tracking: Tracking) -> Answer:
    """POST experiments/update: another name."""
    identity, name = asked.needed("experiment_id"), asked.needed("new_name")
    limits.check_length("name", limits.EXPERIMENT_NAME, name)
    experiment = found(identity, tracking)
    if experiment.data["lifecycle_stage"] != ACTIVE:
        raise Invalid("Cannot rename a non-active experiment.")
    old = experiment.data["name"]
    if name == old:
        _alter(identity, tracking, lambda data: {**data, "last_update_time": tracking.now})
    else:
        claim = tracking.documents.get(EXPERIMENT_NAMES, old)
        renamed = experiment.with_data({**experiment.data, "name": name, "last_update_time": tracking.now})
        try:
            tracking.documents.write(
                renamed, Document(EXPERIMENT_NAMES, name, {"id": identity}), gone=[claim] if claim else []
            )
        except Conflict as error:
            raise _taken(name) from error
    return {}


def delete(asked: Asked, tracking: Tracking) -> Answer:
    """POST experiments/delete: its runs count as deleted with it."""
    _move(asked.needed("experiment_id"), ACTIVE, DELETED, tracking)
    return {}


def restore(asked: Asked, tracking: Tracking) -> Answer:
    """POST experiments/restore."""
    _move(asked.needed("experiment_id"), DELETED, ACTIVE, tracking)
    return {}


def set_tag(asked: Asked, tracking: Tracking) -> Answer:
    """POST experiments/set-experiment-tag."""
    identity, key, value = asked.needed("experiment_id"), asked.needed("key"), asked.text("value")
    limits.check_key(key, "key")
    limits.check_length("key", limits.NAME, key)
    limits.check_length("value", limits.EXPERIMENT_TAG, value)
    _change_tags(identity, tracking, lambda tags: {**tags, key: value})
    return {}


def delete_tag(asked: Asked, tracking: Tracking) -> Answer:
    """POST experiments/delete-experiment-tag."""
    identity, key = asked.needed("experiment_id"), asked.needed("key")

    def without(tags: dict[str, str]) -> dict[str, str]:
        if key not in tags:
            raise NotFound(f"No tag with name: {key} in experiment with id {identity}")
        return {name: value for name, value in tags.items() if name != key}

    _change_tags(identity, tracking, without)
    return {}


def found(identity: str, tracking: Tracking) -> Document:
    """The experiment. Raises NotFound."""
    if not identity.removeprefix("-").isdecimal():
        raise Invalid(f"Invalid experiment ID '{identity}'. Experiment ID must be a valid integer.")
    if identity == DEFAULT:
        _ensure_default(tracking)
    document = tracking.documents.get(EXPERIMENTS, identity)
    if document is None:
        raise NotFound(f"No Experiment with id={identity} exists")
    return document


def active(identity: str, tracking: Tracking) -> Document:
    """The experiment, if it is not deleted. Raises NotFound and Invalid."""
    document = found(identity, tracking)
    stage = document.data["lifecycle_stage"]
    if stage != ACTIVE:
        raise Invalid(f"The experiment {identity} must be in the 'active' state. Current state is {stage}.")
    return document


def place(experiment: Document, path: str) -> str:
    """The URI of what is at a path below the experiment's artifacts, whose own URI may end with a query."""
    uri, mark, query = experiment.data["artifact_location"].partition("?")
    return f"{uri.rstrip('/')}/{path}{mark}{query}"


def stages(view: str) -> tuple[str, ...]:
    """The lifecycle stages that a view type shows. Raises Invalid."""
    if view not in STAGES:
        raise Invalid(f"Invalid view type '{view}'. Valid view types are {list(STAGES)}")
    return STAGES[view]


def _new(identity: str, name: str, where: str, now: int, tags: dict[str, str]) -> Data:
    return {
        "experiment_id": identity,
        "name": name,
        "artifact_location": where,
        "lifecycle_stage": ACTIVE,
        "creation_time": now,
        "last_update_time": now,
        "tags": tags,
    }


def _ensure_default(tracking: Tracking) -> None:
    """MLflow's server has it from the beginning on; here it comes with the first who looks."""
    documents = tracking.documents
    if documents.get(EXPERIMENTS, DEFAULT) is None:
        before_all_others = tracking.now - 1
        data = _new(DEFAULT, "Default", f"{tracking.artifact_root}/{DEFAULT}", before_all_others, {})
        claim = Document(EXPERIMENT_NAMES, "Default", {"id": DEFAULT})
        try:
            documents.write(Document(EXPERIMENTS, DEFAULT, data), claim)
        except Conflict:
            return  # somebody else came first


def _all(tracking: Tracking) -> Iterator[Document]:
    _ensure_default(tracking)
    return tracking.documents.of(EXPERIMENTS)


def _move(identity: str, before: str, after: str, tracking: Tracking) -> None:
    """Its runs are deleted with it, so a document by their digits says so, too."""
    found(identity, tracking)
    key = key_of_deleted(of_experiment(identity))

    def moved(experiment: Document | None, known: Document | None) -> list[Document]:
        if experiment is None or experiment.data["lifecycle_stage"] != before or CLEARING in experiment.data:
            raise NotFound(f"No Experiment with id={identity} exists")
        data = {**experiment.data, "lifecycle_stage": after, "last_update_time": tracking.now}
        deleted = known or Document(*key, {"experiments": []})
        others = [each for each in deleted.data["experiments"] if each != identity]
        now = {"experiments": [*others, identity] if after == DELETED else others}
        return [experiment.with_data(data), deleted.with_data(now)]

    change_beside(tracking.documents, (EXPERIMENTS, identity), key, moved)


def _change_tags(identity: str, tracking: Tracking, new: Callable[[dict[str, str]], dict[str, str]]) -> None:
    active(identity, tracking)
    _alter(identity, tracking, lambda data: {**data, "tags": new(data["tags"])})


def _alter(identity: str, tracking: Tracking, new: Callable[[Data], Data]) -> None:
    def altered(document: Document | None) -> list[Document]:
        known = document or found(identity, tracking)
        return [known.with_data(new(known.data))]

    change(tracking.documents, (EXPERIMENTS, identity), altered)


def _taken(name: str) -> Conflict:
    return Conflict(f"Experiment(name={name}) already exists.")


def _row(data: Data) -> Row:
    return Row(attributes=data, metrics={}, params={}, tags=data["tags"])


def _told(data: Data) -> Answer:
    return {**data, "tags": [{"key": key, "value": value} for key, value in data["tags"].items()]}
