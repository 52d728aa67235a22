"""The model registry: a finished training job becomes a numbered version, with its evidence, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from heirloom.core.lineage.graph import MAKES, Document, Edge, Node, version_id
from heirloom.core.project.registration import endpoint_name
from heirloom.core.release.order import PROMOTE, Order, release_input
from heirloom.core.release.route import Mark
from heirloom.core.run.entry import entry_of, facts_of
from heirloom.core.run.evidence import Evidence, read_evidence
from heirloom.core.run.journal import Journal
from heirloom.core.run.pipeline import event_of, run_of
from heirloom.core.storage import Location, Objects

JSON = "application/json"


@dataclass(frozen=True)
class Submission:
    """A model to number. ``token`` makes it idempotent: the same token gets the same version."""

    group: str
    token: str
    image: str
    model_uri: str
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Package:
    """A SageMaker model package; ``number`` counts from 1 within its group."""

    number: int
    arn: str


class Registry(Protocol):
    """SageMaker's model registry. Raises Invalid, Denied or Unavailable."""

    def submit(self, submission: Submission) -> Package:
        """Number the model, in a group that is made when it is not there."""


@dataclass(frozen=True)
class Version:
    """A registered version; ``release`` is the input of the state machine that puts it in service."""

    number: int
    name: str
    package_arn: str
    release: Mapping[str, Any]


def register_version(
    state: Document, bucket: str, prefix: str, journal: Journal, objects: Objects, registry: Registry, at: str
) -> Version:
    """Number what the run trained and keep its evidence in the artifact ``bucket``, below versions/ and with its run.

    The version is in the lineage and in tracking's registry, and its run is logged, in one transaction. Repeated, it
    answers with the same version. Raises Invalid for evidence that is missing or broken, and for a registered model of
    this name that people have put versions into.
    """
    run, lineage = state["run"], journal.lineage
    evidence = read_evidence(objects.read(Location.from_uri(state["training"]["output_uri"])))
    package = registry.submit(_submission(state, prefix, evidence))
    folder = Location(bucket, f"versions/{run['model']}/{package.number}/")
    for name, body in evidence.files.items():
        objects.write(Location(bucket, folder.key + name), body, JSON)
    name = endpoint_name(prefix, run["model"], package.number)
    node = _node(state, package, name, folder.uri, evidence, at)
    made = Edge(f"run#{run['id']}", MAKES, node.key)
    now = {**state, "version": {"number": package.number}}
    event = event_of(now, "version", "done", at, score=evidence.scores.score)
    entry = entry_of(state, evidence, package.number, journal, objects)
    if not journal.add(node, made, run=run_of(state), event=event, documents=lambda: entry.documents(at)):
        node = lineage.node(node.kind, node.id) or node
    return Version(package.number, name, package.arn, _release(state, node, name))


def _release(state: Document, version: Node, name: str) -> dict[str, Any]:
    run, project = state["run"], state["project"]
    mark = Mark("pipeline", version.created_at, f"trained by run {run['id']}")
    return release_input(Order(run["id"], PROMOTE, mark, project["keep"], project["canary"]), version, name, run)


def _submission(state: Document, prefix: str, evidence: Evidence) -> Submission:
    return Submission(
        group=f"{prefix}-{state['run']['model']}",
        token=state["run"]["id"],
        image=state["project"]["image"],
        model_uri=state["training"]["model_uri"],
        facts=facts_of(state, evidence),
    )


def _node(state: Document, package: Package, name: str, folder: str, evidence: Evidence, at: str) -> Node:
    model, scores = state["run"]["model"], evidence.scores
    summary = {
        "number": package.number,
        "endpoint": name,
        "run": state["run"]["id"],
        "dataset": state["dataset"]["id"],
        "metric": scores.metric,
        "score": scores.score,
        "baseline": scores.baseline.get(scores.metric),
        "at_least": scores.at_least,
        "met": scores.met,
    }
    data = {
        **summary,
        "scores": asdict(scores),
        "model_uri": state["training"]["model_uri"],
        "evidence_uri": folder,
        "image": state["project"]["image"],
        "variants": [state["project"]["variant"]],
        "scaling": state["project"]["scaling"],
        "git_commit": state["project"]["git_commit"],
        "package_arn": package.arn,
        "smoke": evidence.smoke,
        "compiled": evidence.compiled,
    }
    return Node("version", version_id(model, package.number), model, at, data, summary)
