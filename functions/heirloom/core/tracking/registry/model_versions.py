"""Versions of registered models: created, told, described, moved from stage to stage, and deleted."""

from __future__ import annotations

from heirloom.core.errors import Invalid
from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.documents import Document
from heirloom.core.tracking.registry import found, roles
from heirloom.core.tracking.registry import version as versions
from heirloom.core.tracking.registry.names import (
    ACTIVE,
    ARCHIVED,
    IS_PROMPT,
    NONE,
    model_name,
    new_tags,
    stage_name,
    version_number,
)
from heirloom.core.tracking.registry.owned import check_free, check_stays
from heirloom.core.tracking.registry.sources import Claim, origin_of
from heirloom.core.tracking.repeated import TOKEN, token_of
from heirloom.core.tracking.steps import ROOM, Step, carry_out, fitting
from heirloom.core.tracking.tracking import Answer, Tracking


def create(asked: Asked, tracking: Tracking) -> Answer:
    """POST model-versions/create: the next number of its model, in the stage None; that of a client token again."""
    name, source, tags = model_name(asked), asked.needed("source"), new_tags(asked)
    run_link, description = asked.text("run_link"), asked.text("description")
    claim = Claim(source, asked.text("run_id"), asked.text("model_id"), IS_PROMPT in tags)
    origin, token = origin_of(claim, tracking), token_of(asked)

    def plan() -> Step:
        model, now = found.model(name, tracking), tracking.now
        if before := found.made_by(token, name, tracking):
            return Step({"model_version": versions.told(before.data, roles.shown(model, tracking))})
        check_free(model.data)
        number = model.data["last"] + 1
        latest = {**model.data["latest"], NONE: number}
        changed = {**model.data, "last": number, "latest": latest, "last_updated_timestamp": now}
        given = {"run_link": run_link, "description": description, "tags": tags, **({TOKEN: token} if token else {})}
        its = {"source": origin.source, "storage_location": origin.location, "run_id": origin.run_id}
        version = Document(*versions.key_of(name, number), versions.new(name, number, now) | its | given)
        written = (model.with_data(changed), version, *origin.registered(name, number, tracking))
        return Step({"model_version": versions.told(version.data, changed)}, written)

    return carry_out(tracking.documents, plan)


def get(asked: Asked, tracking: Tracking) -> Answer:
    """GET model-versions/get."""
    model, version = found.version(model_name(asked), version_number(asked), tracking)
    return {"model_version": versions.told(version.data, roles.shown(model, tracking))}


def update(asked: Asked, tracking: Tracking) -> Answer:
    """PATCH model-versions/update: the description; none where none is given."""
    name, number = model_name(asked), version_number(asked)
    description = asked.text("description") if asked.has("description") else None

    def plan() -> Step:
        model, version = found.version(name, number, tracking)
        data = {**version.data, "description": description, "last_updated_timestamp": tracking.now}
        told = versions.told(data, roles.shown(model, tracking))
        return Step({"model_version": told}, (version.with_data(data),))

    return carry_out(tracking.documents, plan)


def delete(asked: Asked, tracking: Tracking) -> Answer:
    """DELETE model-versions/delete, with its aliases; its number is not given again."""
    name, number = model_name(asked), version_number(asked)

    def plan() -> Step:
        model, version = found.version(name, number, tracking)
        check_stays(model.data, f"Version {number}")
        left = [each.data for each in found.all_versions(name, tracking) if each.id != version.id]
        changed = {
            "aliases": {alias: each for alias, each in model.data["aliases"].items() if each != number},
            "latest": versions.latest_of(left),
            "last_updated_timestamp": tracking.now,
        }
        return Step({}, (model.with_data({**model.data, **changed}),), (version,))

    return carry_out(tracking.documents, plan)


def get_download_uri(asked: Asked, tracking: Tracking) -> Answer:
    """GET model-versions/get-download-uri: where the version's artifacts are."""
    _, version = found.version(model_name(asked), version_number(asked), tracking)
    return {"artifact_uri": version.data["storage_location"]}


def transition_stage(asked: Asked, tracking: Tracking) -> Answer:
    """POST model-versions/transition-stage; all others of that stage are archived when that is asked for.

    Where those are more than one write takes, some are archived before: begun anew, it goes on.
    """
    name, number, asked_stage = model_name(asked), version_number(asked), asked.needed("stage")
    archive, stage = asked.yes("archive_existing_versions"), stage_name(asked_stage)
    if archive and stage not in ACTIVE:
        raise Invalid(
            "Model version transition cannot archive existing model versions because"
            f" '{asked_stage}' is not an Active stage. Valid stages are {ACTIVE}"
        )

    def plan() -> Step:
        now = tracking.now
        model, version = found.version(name, number, tracking)
        check_stays(model.data, f"The stage of version {number}")
        known = list(found.all_versions(name, tracking))
        others = [each for each in known if archive and each.id != version.id and each.data["current_stage"] == stage]
        going = fitting(others, ROOM - 2)
        last = len(going) == len(others)
        moved = [_in_stage(each, ARCHIVED, now) for each in going] + ([_in_stage(version, stage, now)] if last else [])
        as_then = {each.id: each.data for each in (*known, *moved)}
        changed = {**model.data, "latest": versions.latest_of(as_then.values()), "last_updated_timestamp": now}
        told = {"model_version": versions.told(moved[-1].data, changed)}
        return Step(told if last else None, (model.with_data(changed), *moved))

    return carry_out(tracking.documents, plan)


def _in_stage(version: Document, stage: str, now: int) -> Document:
    return version.with_data({**version.data, "current_stage": stage, "last_updated_timestamp": now})
