"""Clearing away for good what was deleted long ago: runs, logged models and experiments, with their files.

As `mlflow gc` does. What is not deleted is never touched; nor is what a registered version points at. Whatever is being
cleared is marked first, and can't be restored from then on; its own document goes last, so what was broken off is found
again, and finished, by whoever clears next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from heirloom.core.errors import Conflict, Invalid, Unavailable
from heirloom.core.tracking.artifacts.path import below
from heirloom.core.tracking.artifacts.port import Artifacts
from heirloom.core.tracking.documents import ATTEMPTS, Data, Document, Documents, Key, change
from heirloom.core.tracking.experiments import CLEARING, DELETED
from heirloom.core.tracking.ids import (
    EXPERIMENT_NAMES,
    EXPERIMENTS,
    MODEL_VERSIONS,
    is_partition_of_runs,
    partition_of_history,
    partition_of_tokens,
    partitions_of_models,
    partitions_of_runs,
)
from heirloom.core.tracking.index.forget import forget
from heirloom.core.tracking.index.open_runs import farewell

RUN, MODEL, EXPERIMENT = "run", "logged model", "experiment"
_WHY = "a registered version is made of it"
_AT_ONCE = 100
"""Documents of a write."""


@dataclass(frozen=True)
class Deleted:
    """Something that is deleted, since ``at`` in ms since 1970; ``uri`` is where its files are, "" for an experiment.

    ``root`` is the key of what was deleted: of a run that goes with its experiment that one's. ``kept`` says why it
    stays nevertheless, "" where it goes.
    """

    kind: str
    key: Key
    name: str
    root: Key
    at: int
    uri: str = ""
    kept: str = ""


def since(deleted: Deleted) -> datetime:
    """The moment of the deletion."""
    return datetime.fromtimestamp(deleted.at / 1000, UTC)


def find(before: int, documents: Documents) -> list[Deleted]:
    """What was deleted before a moment (ms since 1970), in the order in which it can be cleared."""
    pointed = _Pointed.read(documents)
    return [each for experiment in documents.of(EXPERIMENTS) for each in _of(experiment, before, pointed, documents)]


def clear(deleted: Deleted, documents: Documents, artifacts: Artifacts) -> str:
    """Clear it away; the URI of files that are not in the store's own place and so stay, "" where none do.

    What was restored meanwhile stays as it is.
    """
    if not _marked(deleted.root, documents):
        return ""
    left = _without_files(deleted.uri, artifacts) if deleted.uri else ""
    for some in _batches(documents.of(partition_of_history(deleted.key[1])) if deleted.kind == RUN else ()):
        documents.write(gone=some)
    if deleted.kind == EXPERIMENT:
        documents.drop(partition_of_tokens(deleted.key[1]))
        forget(deleted.key[1], documents)
    _remove(documents, deleted.key, *([(EXPERIMENT_NAMES, deleted.name)] if deleted.kind == EXPERIMENT else []))
    return left


@dataclass(frozen=True)
class _Pointed:
    """What registered versions are made of: runs by id, and the places of their files."""

    runs: frozenset[str]
    places: tuple[str, ...]

    @classmethod
    def read(cls, documents: Documents) -> _Pointed:
        versions = [document.data for document in documents.of(MODEL_VERSIONS)]
        return cls(
            frozenset(version["run_id"] for version in versions if version["run_id"]),
            tuple(f"{version['storage_location']}/" for version in versions),
        )

    def to(self, document: Document) -> bool:
        """Whether a version is made of this run or logged model."""
        home = f"{document.data['info']['artifact_uri']}/"
        return document.id in self.runs or any(place.startswith(home) for place in self.places)


def _of(experiment: Document, before: int, pointed: _Pointed, documents: Documents) -> Iterator[Deleted]:
    """What is to go of an experiment, and at last the experiment; that stays whole where a version is made of any."""
    known = list(_runs_and_models(experiment.id, documents))
    made_of = {document.key for _, document in known if pointed.to(document)}
    is_old = _is_old(experiment.data, before)
    for kind, document in known:
        info, root = document.data["info"], experiment if is_old and not made_of else document
        if _is_old(root.data, before):
            name, why = info["run_name" if kind == RUN else "name"], _WHY if document.key in made_of else ""
            yield Deleted(kind, document.key, name, root.key, _moment(root.data), info["artifact_uri"], why)
    if is_old:
        why, name = _WHY.replace("it", f"{len(made_of)} in it") if made_of else "", experiment.data["name"]
        yield Deleted(EXPERIMENT, experiment.key, name, experiment.key, _moment(experiment.data), kept=why)


def _is_old(data: Data, before: int) -> bool:
    """Whether it was deleted before that moment, or somebody has begun to clear it away."""
    return _is_deleted(data) and (CLEARING in data or _moment(data) < before)


def _runs_and_models(experiment: str, documents: Documents) -> Iterator[tuple[str, Document]]:
    for kind, partitions in ((RUN, partitions_of_runs(experiment)), (MODEL, partitions_of_models(experiment))):
        for document in documents.of_all(partitions):
            if document.data["info"]["experiment_id"] == experiment:  # of another one now and then: ids.py
                yield kind, document


def _is_deleted(data: Data) -> bool:
    stage = data["lifecycle_stage"] if "lifecycle_stage" in data else data["info"]["lifecycle_stage"]
    return bool(stage == DELETED)


def _moment(data: Data) -> int:
    """When it was deleted: of an experiment and a logged model that is their last change."""
    if "deleted_at" in data:
        return int(data["deleted_at"])
    return int(data["last_update_time"] if "last_update_time" in data else data["info"]["last_updated_timestamp_ms"])


def _marked(key: Key, documents: Documents) -> bool:
    """Mark what is still deleted, so that it stays that; False where there is nothing to clear any more."""
    marked: list[bool] = []

    def mark(document: Document | None) -> list[Document]:
        marked[:] = [document is not None and _is_deleted(document.data)]
        if document is None or not marked[0] or CLEARING in document.data:
            return []
        return [document.with_data({**document.data, CLEARING: True})]

    change(documents, key, mark)
    return marked[0]


def _without_files(uri: str, artifacts: Artifacts) -> str:
    try:
        path = below(uri, artifacts.uri)
    except Invalid:
        return uri
    artifacts.delete(path)
    return ""


def _remove(documents: Documents, *keys: Key) -> None:
    """Delete documents together, whoever writes to them meanwhile."""
    for _ in range(ATTEMPTS):
        found = documents.get_many(keys)
        runs = [farewell(document) for document in found.values() if is_partition_of_runs(document.partition)]
        try:
            if found:
                documents.write(*runs, gone=list(found.values()))
        except Conflict:
            continue
        return
    raise Unavailable(f"{keys[0][1]} is being changed by too many at once: try again")


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    rest = iter(documents)
    while some := list(islice(rest, _AT_ONCE)):
        yield some
