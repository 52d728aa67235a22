"""Aliases: names for versions of a model, each of one version at a time. They are kept in the model's document, but
for those that a route gives (roles.py)."""

from __future__ import annotations

from heirloom.core.errors import Invalid, NotFound
from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.registry import found, roles
from heirloom.core.tracking.registry import version as versions
from heirloom.core.tracking.registry.names import LATEST, alias_name, model_name, version_number
from heirloom.core.tracking.registry.owned import check_alias
from heirloom.core.tracking.steps import Step, carry_out
from heirloom.core.tracking.tracking import Answer, Tracking


def put(asked: Asked, tracking: Tracking) -> Answer:
    """POST registered-models/alias: from now on it is this version's."""
    name, alias, number = model_name(asked), alias_name(asked, new=True), version_number(asked)

    def plan() -> Step:
        model, _ = found.version(name, number, tracking)
        check_alias(model.data, alias)
        return Step({}, (model.with_data({**model.data, "aliases": {**model.data["aliases"], alias: number}}),))

    return carry_out(tracking.documents, plan)


def get(asked: Asked, tracking: Tracking) -> Answer:
    """GET registered-models/alias: its version; of ``latest`` the newest one."""
    name, alias = model_name(asked), alias_name(asked)
    known = roles.shown(found.model(name, tracking), tracking)
    if alias.lower() == LATEST:
        number = max(known["latest"].values(), default=0)
        if not number:
            raise NotFound(f"Latest version not found for model {name}.")
    else:
        number = known["aliases"].get(alias, 0)
        if not number:
            raise Invalid(f"Registered model alias {alias} not found.")
    _, version = found.version(name, number, tracking)
    return {"model_version": versions.told(version.data, known)}


def delete(asked: Asked, tracking: Tracking) -> Answer:
    """DELETE registered-models/alias; there may be none."""
    name, alias = model_name(asked), alias_name(asked)

    def plan() -> Step:
        model = found.model(name, tracking)
        check_alias(model.data, alias)
        left = {each: number for each, number in model.data["aliases"].items() if each != alias}
        return Step({}, (model.with_data({**model.data, "aliases": left}),) if left != model.data["aliases"] else ())

    return carry_out(tracking.documents, plan)
