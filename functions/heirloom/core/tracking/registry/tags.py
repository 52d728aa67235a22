"""Tags of models and of versions. They leave the time of the last update as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from heirloom.core.tracking import limits
from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.documents import Document
from heirloom.core.tracking.registry import found
from heirloom.core.tracking.registry.names import check_tag, model_name, version_number
from heirloom.core.tracking.registry.owned import check_reserved
from heirloom.core.tracking.steps import Step, carry_out
from heirloom.core.tracking.tracking import Answer, Tracking

Tags = Mapping[str, str]
Tagged = tuple[Document, Document]
"""A model, and whose tags are meant: its own or a version's."""


def set_of_model(asked: Asked, tracking: Tracking) -> Answer:
    """POST registered-models/set-tag."""
    return _change(asked, _model(asked, tracking), _with(asked), tracking)


def delete_of_model(asked: Asked, tracking: Tracking) -> Answer:
    """DELETE registered-models/delete-tag; there may be none."""
    return _change(asked, _model(asked, tracking), _without(asked), tracking)


def set_of_version(asked: Asked, tracking: Tracking) -> Answer:
    """POST model-versions/set-tag."""
    return _change(asked, _version(asked, tracking), _with(asked), tracking)


def delete_of_version(asked: Asked, tracking: Tracking) -> Answer:
    """DELETE model-versions/delete-tag; there may be none."""
    return _change(asked, _version(asked, tracking), _without(asked), tracking)


def _model(asked: Asked, tracking: Tracking) -> Callable[[], Tagged]:
    name = model_name(asked)

    def look() -> Tagged:
        model = found.model(name, tracking)
        return model, model

    return look


def _version(asked: Asked, tracking: Tracking) -> Callable[[], Tagged]:
    name, number = model_name(asked), version_number(asked)
    return lambda: found.version(name, number, tracking)


def _with(asked: Asked) -> Callable[[Tags], Tags]:
    key, value = asked.needed("key"), asked.text("value")
    check_tag(key, value)
    return lambda tags: {**tags, key: value}


def _without(asked: Asked) -> Callable[[Tags], Tags]:
    key = asked.needed("key")
    limits.check_key(key, "key")
    return lambda tags: {name: value for name, value in tags.items() if name != key}


def _change(asked: Asked, look: Callable[[], Tagged], alter: Callable[[Tags], Tags], tracking: Tracking) -> Answer:
    key = asked.needed("key")

    def plan() -> Step:
        model, document = look()
        check_reserved(model.data, key)
        tags = alter(document.data["tags"])
        changed = document.with_data({**document.data, "tags": tags})
        return Step({}, (changed,) if tags != document.data["tags"] else ())

    return carry_out(tracking.documents, plan)
