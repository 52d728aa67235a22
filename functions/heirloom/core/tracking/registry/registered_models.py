"""Registered models: created, told, described, renamed and deleted."""

from __future__ import annotations

from heirloom.core.errors import Conflict
from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.documents import Document
from heirloom.core.tracking.registry import found, leaving
from heirloom.core.tracking.registry import model as models
from heirloom.core.tracking.registry.names import IS_PROMPT, model_name, new_tags, stage_name
from heirloom.core.tracking.registry.owned import check_stays
from heirloom.core.tracking.steps import Step, carry_out
from heirloom.core.tracking.tracking import Answer, Tracking


def create(asked: Asked, tracking: Tracking) -> Answer:
    """POST registered-models/create."""
    name, tags, description = model_name(asked), new_tags(asked), asked.text("description")

    def plan() -> Step:
        _check_free(found.holder(name, tracking), name, IS_PROMPT in tags)
        model = models.new(name, description, tags, tracking.now)
        return Step({"registered_model": models.told(model.data, [])}, (model,))

    return carry_out(tracking.documents, plan)


def get(asked: Asked, tracking: Tracking) -> Answer:
    """GET registered-models/get."""
    return _told(found.model(model_name(asked), tracking), tracking)


def update(asked: Asked, tracking: Tracking) -> Answer:
    """PATCH registered-models/update: the description; none where none is given."""
    name, description = model_name(asked), asked.text("description")

    def plan() -> Step:
        model = found.model(name, tracking)
        new = {**model.data, "description": description, "last_updated_timestamp": tracking.now}
        described = model.with_data(new)
        return Step(_told(described, tracking), (described,))

    return carry_out(tracking.documents, plan)


def rename(asked: Asked, tracking: Tracking) -> Answer:
    """POST registered-models/rename; its versions go with it (leaving.py)."""
    name, new_name = model_name(asked), model_name(asked, "new_name")

    def plan() -> Step:
        if _goes(name, new_name, tracking):
            return Step({})
        model = found.model(name, tracking)
        check_stays(model.data, "The name")
        if name == new_name:
            return Step({}, (model.with_data({**model.data, "last_updated_timestamp": tracking.now}),))
        if found.holder(new_name, tracking) is not None:
            raise Conflict(f"Registered Model (name={new_name}) already exists.")
        return leaving.begin(model, new_name, tracking)

    carry_out(tracking.documents, plan)
    leaving.finish(name, tracking)
    return _told(found.model(new_name, tracking), tracking)


def delete(asked: Asked, tracking: Tracking) -> Answer:
    """DELETE registered-models/delete, with its versions (leaving.py)."""
    name = model_name(asked)

    def plan() -> Step:
        if _goes(name, leaving.FOR_GOOD, tracking):
            return Step({})
        model = found.model(name, tracking)
        check_stays(model.data, "The versions")
        return leaving.begin(model, leaving.FOR_GOOD, tracking)

    carry_out(tracking.documents, plan)
    leaving.finish(name, tracking)
    return {}


def get_latest_versions(asked: Asked, tracking: Tracking) -> Answer:
    """GET and POST registered-models/get-latest-versions: of the stages that are given, else of each."""
    model = found.model(model_name(asked), tracking)
    newest = found.latest(model, tracking, [stage_name(stage) for stage in asked.texts("stages")])
    return {"model_versions": newest} if newest else {}


def _told(model: Document, tracking: Tracking) -> Answer:
    return {"registered_model": found.told([model], tracking)[0]}


def _goes(name: str, to: str, tracking: Tracking) -> bool:
    """Whether somebody has begun this very move already: then it is to be finished."""
    return leaving.goes_to(tracking.documents.get(*models.key_of(name))) == to


def _check_free(holder: Document | None, name: str, prompt: bool) -> None:
    """Raises Conflict. Prompts and models share their names."""
    if holder is None:
        return
    old = "Prompt" if IS_PROMPT in holder.data.get("tags", {}) else "Registered Model"
    new = "Prompt" if prompt else "Registered Model"
    if old != new:
        raise Conflict(
            f"Tried to create a {new.lower()} with name {name!r}, but the name is already taken by a {old.lower()}."
            " MLflow does not allow creating a model and a prompt with the same name."
        )
    raise Conflict(f"{new} (name={name}) already exists.")
