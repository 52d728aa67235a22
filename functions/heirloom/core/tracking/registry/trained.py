"""What a pipeline registers: the model of its project's name, and versions under the numbers that SageMaker gave them.

Only makes the documents: core/run/registry.py writes them together with the version's node in the lineage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from heirloom.core.errors import Invalid
from heirloom.core.tracking.documents import Document
from heirloom.core.tracking.registry import found, leaving
from heirloom.core.tracking.registry import model as models
from heirloom.core.tracking.registry import version as versions
from heirloom.core.tracking.registry.names import IS_PROMPT, NONE
from heirloom.core.tracking.registry.owned import PIPELINE, RESERVED, is_owned
from heirloom.core.tracking.steps import Step, carry_out
from heirloom.core.tracking.tracking import Tracking

OWNER_TAG = f"{RESERVED}{PIPELINE}"


@dataclass(frozen=True)
class Trained:
    """A version that a pipeline has trained: ``source`` is the URI of its folder, ``run_id`` its run in tracking."""

    number: int
    source: str
    run_id: str
    tags: Mapping[str, str]


def claim(name: str, description: str, tracking: Tracking) -> None:
    """Make the registered model of a project before anything is trained. Raises Invalid as ``claimed`` does."""

    def plan() -> Step:
        model = claimed(name, description, tracking)
        same = model == tracking.documents.get(*model.key)
        return Step({}, () if same else (model,))

    carry_out(tracking.documents, plan)


def claimed(name: str, description: str, tracking: Tracking) -> Document:
    """The registered model as it is the pipeline's from the next write on.

    One that people have made and that never had a version is taken over, with what they say of it. Raises Invalid
    for one with versions: their numbers and the pipeline's would be the same.
    """
    holder = found.holder(name, tracking)
    if holder is None:
        holder = models.new(name, description, {}, tracking.now)
    if is_owned(holder.data):
        return holder
    if leaving.ARRIVING in holder.data or holder.data["last"] or IS_PROMPT in holder.data["tags"]:
        raise Invalid(
            f"The registered model {name} was made by hand, and the pipeline of the project {name} needs the name for"
            f" the versions that it trains: rename it, such as MlflowClient().rename_registered_model('{name}',"
            f" '{name}-by-hand'), or give the project another name"
        )
    tags = {**holder.data["tags"], OWNER_TAG: "true"}
    return holder.with_data({**holder.data, PIPELINE: True, "tags": tags})


def registered(model: Document, trained: Trained, now: int) -> tuple[Document, Document]:
    """A claimed model with a new version, and the version; two runs may end in another order than their numbers'."""
    name, number = model.id, trained.number
    latest = {**model.data["latest"], NONE: max(number, model.data["latest"].get(NONE, 0))}
    changed = {"last": max(number, model.data["last"]), "latest": latest, "last_updated_timestamp": now}
    data = {
        **versions.new(name, number, now),
        "source": trained.source,
        "storage_location": trained.source,
        "run_id": trained.run_id,
        "run_link": "",
        "description": "",
        "tags": dict(trained.tags),
    }
    return model.with_data({**model.data, **changed}), Document(*versions.key_of(name, number), data)
