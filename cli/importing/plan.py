"""What there is to do: everything of the source beside what the stack has of it. Reads, and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cli.importing.destination import FROM, Destination, Placed, texts
from cli.importing.known import Known
from cli.importing.options import Options
from cli.importing.records import Experiment, LoggedModel, RegisteredModel, Run, Source, digest
from cli.importing.registry import Registry
from heirloom.core.errors import Conflict, NotFound

Record = Run | LoggedModel
ALWAYS_THERE = "Default"
"""The experiment that MLflow makes by itself: an empty one is nothing to import."""
BARE = "-"
"""What ends the digest of something whose files were left out."""


@dataclass(frozen=True)
class Target:
    """An experiment that is asked for. ``id`` is empty where the stack has none for it; ``known``: whether it was
    imported before, whole or in part, else it is new, or an empty one that has the name; ``deleted``: here."""

    experiment: Experiment
    name: str
    id: str = ""
    known: bool = False
    deleted: bool = False
    runs: Sequence[Run] = ()
    models: Sequence[LoggedModel] = ()


@dataclass(frozen=True)
class RegistryTarget:
    """A registered model that is asked for, and the tags of what the stack has of it; None where that is nothing."""

    model: RegisteredModel
    name: str
    there: Mapping[str, str] | None


@dataclass
class Plan:
    """``known`` has all runs and logged models that were imported before and, later, those that are made."""

    known: Known
    targets: list[Target] = field(default_factory=list)
    registry: list[RegistryTarget] = field(default_factory=list)

    @property
    def runs(self) -> Iterator[tuple[Run, Placed | None]]:
        """All of them, each with what the stack has of it at this moment."""
        return ((run, self.known.runs.get(run.key)) for each in self.targets for run in each.runs)

    @property
    def models(self) -> Iterator[tuple[LoggedModel, Placed | None]]:
        """All logged models, in the same way."""
        return ((model, self.known.models.get(model.key)) for each in self.targets for model in each.models)


def is_done(record: Record, placed: Placed | None, artifacts: bool) -> bool:
    """Whether all of it is here, as it is at the source now."""
    now = digest(record)
    return placed is not None and (placed.done == now or (not artifacts and placed.done == f"{now}{BARE}"))


def mark(record: Record, artifacts: bool) -> str:
    """What the tag DONE says once all of it is here."""
    return digest(record) if artifacts else f"{digest(record)}{BARE}"


class Planner:
    """Finds a plan."""

    def __init__(self, source: Source, destination: Destination, registry: Registry, options: Options) -> None:
        self._source, self._destination = source, destination
        self._registry, self._options = registry, options
        self._taken: list[str] = []

    def plan(self) -> Plan:
        """Raises Conflict where a name that is needed is somebody else's, for all of them at once; NotFound."""
        plan = Plan(Known(self._source.uri, self._options.names))
        here = list(self._destination.experiments())
        self._origins = {texts(each.get("tags")).get(FROM): each for each in here}
        self._names = {each["name"]: each for each in here}
        for experiment in self._source.experiments():
            self._look_at(experiment, plan)
        if self._options.patterns and self._options.experiments and not plan.targets:
            raise NotFound(f"{self._source.uri} has no experiment {' or '.join(self._options.patterns)}")
        if self._options.registry:
            self._look_at_registry(plan)
        if self._taken:
            hint = "give other names by --rename OLD=NEW or --prefix TEXT"
            raise Conflict("\n  ".join(["nothing was imported:", *self._taken, hint]))
        return plan

    def _look_at(self, experiment: Experiment, plan: Plan) -> None:
        there = self._origins.get(plan.known.origin(experiment.key))
        if there is not None:
            identity = there["experiment_id"]
            plan.known.experiments[experiment.key] = identity
            plan.known.add_runs(self._destination.runs(identity))
            plan.known.add_models(self._destination.models(identity))
        if self._options.experiments and self._options.wants(experiment.name):
            runs, models = self._source.runs(experiment), self._source.models(experiment)
            if there is not None or experiment.name != ALWAYS_THERE or runs or models:
                plan.targets.append(self._target(experiment, there, runs, models))

    def _target(
        self,
        experiment: Experiment,
        there: Mapping[str, Any] | None,
        runs: Sequence[Run],
        models: Sequence[LoggedModel],
    ) -> Target:
        name = there["name"] if there else self._options.names.of(experiment.name)
        here = there or self._names.get(name)
        if here is None:
            return Target(experiment, name, runs=runs, models=models)
        deleted = here["lifecycle_stage"] == "deleted"
        if there is None and (deleted or self._is_used(here)):
            self._taken.append(f"the experiment {name!r} is there, and is not from {self._source.uri}")
        elif deleted and not experiment.deleted:
            self._taken.append(f"the experiment {name!r} was imported, and is deleted here: restore it first")
        return Target(experiment, name, here["experiment_id"], there is not None, deleted, runs, models)

    def _is_used(self, here: Mapping[str, Any]) -> bool:
        return FROM in texts(here.get("tags")) or not self._destination.is_empty(here["experiment_id"])

    def _look_at_registry(self, plan: Plan) -> None:
        here = {tags.get(FROM): (name, tags) for name, tags in self._registry.models()}
        runs = {run.key for run, _ in plan.runs}
        for model in self._source.registered():
            if self._options.patterns and runs.isdisjoint(version.run for version in model.versions):
                continue
            origin, name = plan.known.origin(model.name), self._options.names.of(model.name)
            name, tags = here.get(origin) or (name, self._registry.tags_of(name))
            if tags is not None and tags.get(FROM) != origin:
                self._taken.append(f"the registered model {name!r} is there, and is not from {self._source.uri}")
            plan.registry.append(RegistryTarget(model, name, tags))
