"""Models and versions as they are now. Whoever finds a model on its way elsewhere takes it there first (leaving.py)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from heirloom.core.errors import NotFound
from heirloom.core.tracking.documents import Data, Document
from heirloom.core.tracking.ids import MODEL_VERSIONS, REGISTERED_MODELS
from heirloom.core.tracking.registry import leaving, roles
from heirloom.core.tracking.registry import model as models
from heirloom.core.tracking.registry import version as versions
from heirloom.core.tracking.repeated import TOKEN
from heirloom.core.tracking.tracking import Answer, Tracking


def holder(name: str, tracking: Tracking) -> Document | None:
    """What has a name: a model, or one that is on its way to it."""
    document = tracking.documents.get(*models.key_of(name))
    if leaving.goes_to(document) is None:
        return document
    leaving.finish(name, tracking)
    return holder(name, tracking)


def model(name: str, tracking: Tracking) -> Document:
    """A model's document. Raises NotFound."""
    document = holder(name, tracking)
    if document is None or leaving.ARRIVING in document.data:
        raise NotFound(f"Registered Model with name={name} not found")
    return document


def version(name: str, number: int, tracking: Tracking) -> tuple[Document, Document]:
    """The documents of a model and of one of its versions. Raises NotFound."""
    keys = models.key_of(name), versions.key_of(name, number)
    both = tracking.documents.get_many(keys) if 0 < number <= versions.MOST else {}
    found, one = (both.get(key) for key in keys)
    if leaving.goes_to(found) is not None:
        leaving.finish(name, tracking)
        return version(name, number, tracking)
    if found is None or leaving.ARRIVING in found.data or one is None:
        raise NotFound(f"Model Version (name={name}, version={number}) not found")
    return found, one


def all_models(tracking: Tracking, beginning: str = "") -> list[Document]:
    """Every model, in the order of the names; of those names that begin so."""
    known = list(tracking.documents.of(REGISTERED_MODELS, beginning))
    going = [document for document in known if leaving.goes_to(document) is not None]
    for document in going:
        leaving.finish(document.id, tracking)
    if going:
        return all_models(tracking, beginning)
    return [document for document in known if leaving.ARRIVING not in document.data]


def all_versions(name: str, tracking: Tracking) -> Iterator[Document]:
    """Every version of a model in the order of the numbers; of all models for the name that is empty."""
    return tracking.documents.of(MODEL_VERSIONS, versions.beginning(name) if name else "")


def made_by(token: str, name: str, tracking: Tracking) -> Document | None:
    """The version that a client token has made, if it is still there."""
    versions_of = all_versions(name, tracking) if token else ()
    return next((each for each in versions_of if each.data.get(TOKEN) == token), None)


def latest(document: Document, tracking: Tracking, stages: Sequence[str] = ()) -> list[Answer]:
    """The newest version of each stage, or of these stages, as MLflow tells it; the oldest of them first."""
    return _latest([roles.shown(document, tracking)], tracking, stages)[0]


def told(documents: Sequence[Document], tracking: Tracking) -> list[Answer]:
    """Models as MLflow tells them, with their latest versions, which are read together."""
    shown = roles.all_shown(documents, tracking)
    return [models.told(data, newest) for data, newest in zip(shown, _latest(shown, tracking), strict=True)]


def _latest(shown: Sequence[Data], tracking: Tracking, stages: Sequence[str] = ()) -> list[list[Answer]]:
    wanted = [
        [
            versions.key_of(data["name"], number)
            for stage, number in sorted(data["latest"].items(), key=lambda pair: pair[1])
            if not stages or stage in stages
        ]
        for data in shown
    ]
    known = tracking.documents.get_many([key for keys in wanted for key in keys])
    return [
        [versions.told(known[key].data, data) for key in keys if key in known]
        for data, keys in zip(shown, wanted, strict=True)
    ]
