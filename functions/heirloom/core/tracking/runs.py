"""Runs: begun, ended, deleted, restored and searched."""

from __future__ import annotations

from collections.abc import Iterator

from heirloom.core.errors import Invalid, NotFound
from heirloom.core.tracking import experiments, limits
from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.documents import Data, Document, change
from heirloom.core.tracking.experiments import ACTIVE, ACTIVE_ONLY, CLEARING, DELETED
from heirloom.core.tracking.ids import EXPERIMENTS, partition_of_run, partitions_of_runs, run_id
from heirloom.core.tracking.index.find import data_of, find
from heirloom.core.tracking.index.open_runs import changed, mark
from heirloom.core.tracking.names import name_of
from heirloom.core.tracking.repeated import once, token_of
from heirloom.core.tracking.run import NAME_TAG, STATUSES, alter, found, told, unlogged
from heirloom.core.tracking.search.filter import parse_filter
from heirloom.core.tracking.search.kinds import RUNS
from heirloom.core.tracking.search.order import parse_order
from heirloom.core.tracking.search.page import check_max_results, offset, page
from heirloom.core.tracking.tracking import Answer, Tracking

_USUAL_RESULTS = 1000


def create(asked: Asked, tracking: Tracking) -> Answer:
    """POST runs/create; a client token's second run is its first."""
    experiment = experiments.active(asked.text("experiment_id", experiments.DEFAULT), tracking)
    tags = {key: limits.shortened(limits.TAG, value) for key, value in asked.pairs("tags")}
    drawn = tracking.draw()
    name = _name(asked.text("run_name"), tags.get(NAME_TAG, ""), drawn)
    identity = run_id(experiment.id, drawn)
    user, at, where = (
        asked.text("user_id"),
        asked.whole("start_time"),
        experiments.place(experiment, f"{identity}/artifacts"),
    )
    new = unlogged(identity, experiment.id, name, user, at, where)
    data = {**new, "tags": {**tags, **new["tags"]}}
    run = Document(partition_of_run(identity), identity, data)
    return {"run": told(once(token_of(asked), experiment.id, tracking.documents, run, mark(run)))}


def get(asked: Asked, tracking: Tracking) -> Answer:
    """GET runs/get; a deleted one, too."""
    run = found(named(asked), tracking).data
    experiment = tracking.documents.get(EXPERIMENTS, run["info"]["experiment_id"])
    return {"run": told(run, experiment.data["lifecycle_stage"] if experiment else DELETED)}


def update(asked: Asked, tracking: Tracking) -> Answer:
    """POST runs/update: status, end and name."""
    name, status = asked.text("run_name"), _status(asked)
    given = {
        **({"status": status} if status else {}),
        **({"end_time": asked.whole("end_time")} if asked.has("end_time") else {}),
        **({"run_name": name} if name else {}),
    }

    def updated(run: Data) -> Data:
        tags = {**run["tags"], NAME_TAG: name} if name else run["tags"]
        return {**run, "info": {**run["info"], **given}, "tags": tags}

    identity = named(asked)
    alter(identity, tracking, updated)
    return {"run_info": found(identity, tracking).data["info"]}


def delete(asked: Asked, tracking: Tracking) -> Answer:
    """POST runs/delete."""
    _mark(asked, tracking, {"lifecycle_stage": DELETED}, tracking.now)
    return {}


def restore(asked: Asked, tracking: Tracking) -> Answer:
    """POST runs/restore."""
    _mark(asked, tracking, {"lifecycle_stage": ACTIVE}, None)
    return {}


def search(asked: Asked, tracking: Tracking) -> Answer:
    """POST runs/search."""
    ids, text, order_by = asked.texts("experiment_ids"), asked.text("filter"), asked.texts("order_by")
    most, view = asked.whole("max_results", _USUAL_RESULTS), asked.text("run_view_type", ACTIVE_ONLY)
    check_max_results(RUNS, most)
    wanted, order = parse_filter(text, RUNS), parse_order(order_by, RUNS)
    question, before = repr((sorted(ids), text, order_by, view)), asked.text("page_token")
    up_to = offset(before, question) + most + 1
    shown, token = page(find(ids, view, wanted, order, up_to, tracking), most, before, question)
    runs = data_of(shown, tracking.documents)
    return {"runs": [told(run, stage) for run, stage in runs], **({"next_page_token": token} if token else {})}


def named(asked: Asked) -> str:
    """The id of the run that a request is about: older clients call it run_uuid. Raises Invalid."""
    return asked.text("run_id") or asked.text("run_uuid") or asked.needed("run_id")


def runs_of(ids: list[str], tracking: Tracking) -> Iterator[Data]:
    """All runs of these experiments, deleted ones, too."""
    known = {key[1] for key in tracking.documents.get_many([(EXPERIMENTS, each) for each in ids])}
    documents = tracking.documents.of_all([partition for each in known for partition in partitions_of_runs(each)])
    # in these partitions is another experiment's run now and then: ids.py
    return (document.data for document in documents if document.data["info"]["experiment_id"] in known)


def _name(given: str, tag: str, drawn: str) -> str:
    if given and tag and given != tag:
        raise Invalid(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values"
            f" (run_name='{given}', mlflow.runName='{tag}')."
        )
    return given or tag or name_of(drawn)


def _status(asked: Asked) -> str:
    """By its name or, of older clients, its number."""
    status = asked.values.get("status")
    if isinstance(status, int) and 0 < status <= len(STATUSES):
        return STATUSES[status - 1]
    text = asked.text("status")
    if text and text not in STATUSES:
        raise Invalid(f"Invalid run status '{text}': expected one of {', '.join(STATUSES)}")
    return text


def _mark(asked: Asked, tracking: Tracking, stage: Data, deleted: int | None) -> None:
    identity = named(asked)

    def marked(document: Document | None) -> list[Document]:
        if document is None or CLEARING in document.data:
            raise NotFound(f"Run with id={identity} not found")
        data = {**document.data, "info": {**document.data["info"], **stage}}
        kept = {name: value for name, value in data.items() if name != "deleted_at"}
        return changed(document, kept if deleted is None else {**kept, "deleted_at": deleted})

    change(tracking.documents, (partition_of_run(identity), identity), marked)
