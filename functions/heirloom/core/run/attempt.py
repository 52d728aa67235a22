"""What a run of the pipeline tries, read from the state of its execution and its nodes in the lineage."""

from __future__ import annotations

import posixpath

from heirloom.core.errors import NotFound
from heirloom.core.lineage.graph import Document, Lineage
from heirloom.core.project.definition import Project
from heirloom.core.project.parameters import overlaid
from heirloom.core.project.reading import parse_project
from heirloom.core.run.record import CLOUD, Attempt, Code, Data, Place

USER = "pipeline"


def attempt_of(state: Document, project: Project, data: Data | None = None) -> Attempt:
    """The attempt; ``state`` is the pipeline's, of which its input is enough."""
    run, deployed = state["run"], state["project"]
    return Attempt(
        id=run["id"],
        name=run["id"],
        project=project,
        parameters=overlaid(project.training.parameters, deployed["hyperparameters"]),
        data=data,
        code=Code(deployed.get("code_hash", ""), deployed["git_commit"] or ""),  # older executions have no hash
        place=Place(CLOUD, deployed["instance"], USER),
    )


def trained(state: Document, lineage: Lineage) -> Attempt:
    """The attempt of a run whose dataset is kept. Raises NotFound for a run that is not in the lineage."""
    run, dataset = state["run"], state["dataset"]
    node = lineage.node("run", run["id"])
    kept = lineage.node("dataset", f"{run['model']}/{dataset['id']}")
    if node is None or kept is None:
        raise NotFound(f"run {run['id']} or its dataset {dataset['id']} is not in the lineage")
    data = Data(posixpath.basename(run["key"]), kept.data["sha256"], f"{dataset['uri']}data.csv", dataset["rows"])
    return attempt_of(state, parse_project(node.data["project"]), data)
