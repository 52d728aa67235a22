"""A version's entry in tracking: in the model registry of MLflow's protocol, and its run with all that it logged.

Files are written before the documents that tell of them; those come with the version's node, in one transaction.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass

from heirloom.core.lineage.graph import Document
from heirloom.core.run.attempt import trained
from heirloom.core.run.evidence import Evidence
from heirloom.core.run.journal import Journal
from heirloom.core.run.record import Record, succeeded
from heirloom.core.run.tracked import logged, milliseconds
from heirloom.core.run.upload import LARGEST
from heirloom.core.storage import Location, Objects
from heirloom.core.tracking.documents import Document as Tracked
from heirloom.core.tracking.registry.owned import RESERVED
from heirloom.core.tracking.registry.trained import Trained, claimed, registered


@dataclass(frozen=True)
class Entry:
    """``run`` is the id of the pipeline's run, whose ``record`` is logged; ``version`` is what is registered."""

    model: str
    run: str
    record: Record
    version: Trained
    journal: Journal

    def documents(self, at: str) -> tuple[Tracked, ...]:
        """What is to be written now. Raises Invalid for a registered model that is not the pipeline's."""
        now, run = milliseconds(at), self.journal.tracked(self.run)
        model = claimed(self.model, "", self.journal.tracking)
        return (*registered(model, self.version, now), *(logged(run, self.record, now) if run else ()))


def entry_of(state: Document, evidence: Evidence, number: int, journal: Journal, objects: Objects) -> Entry:
    """The entry of a version, once its files are among those of its run."""
    run, record = state["run"], succeeded(trained(state, journal.lineage), evidence)
    tracked, model = journal.tracked(run["id"]), Location.from_uri(state["training"]["model_uri"])
    source, identity = model.uri.rpartition("/")[0], ""
    if tracked is not None:
        identity = tracked.id
        source = _keep(Location.from_uri(tracked.data["info"]["artifact_uri"]), record.artifacts, model, objects)
    tags = {f"{RESERVED}{name}": value for name, value in facts_of(state, evidence).items()}
    return Entry(run["model"], run["id"], record, Trained(number, source, identity, tags), journal)


def facts_of(state: Document, evidence: Evidence) -> dict[str, str]:
    """What registries say of a version, in texts."""
    scores = evidence.scores
    return {
        "run": state["run"]["id"],
        "dataset": state["dataset"]["id"],
        "git_commit": state["project"]["git_commit"] or "unknown",
        "metric": scores.metric,
        "score": repr(scores.score),
        "objective_met": str(scores.met).lower(),
    }


def _keep(home: Location, files: Mapping[str, bytes], model: Location, objects: Objects) -> str:
    """Write the run's files and its model; the folder that the model is in.

    A model that is too large for one copy stays where it is.
    """
    for name, body in files.items():
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        objects.write(Location(home.bucket, f"{home.key}/{name}"), body, kind)
    folder, _, name = model.key.rpartition("/")
    if objects.describe(model).size > LARGEST:
        return Location(model.bucket, folder).uri
    objects.copy(model, Location(home.bucket, f"{home.key}/{name}"))
    return home.uri
