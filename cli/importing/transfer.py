"""Carry out a plan: experiments, then all runs as empty ones, so that they can name each other, then what is in them.

What breaks off may be begun anew at any point: a thing is made with the tag FROM on it, and gets the tag DONE with the
last of what it holds. What has the first tag alone is completed.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from cli.importing.destination import CREATED, DONE, FROM, Destination, Placed
from cli.importing.options import Options
from cli.importing.parallel import each
from cli.importing.plan import BARE, Plan, Target, is_done, mark
from cli.importing.records import File, LoggedModel, Point, Run, Source
from cli.importing.stack import Files
from cli.importing.tally import EXPERIMENTS, IMPORTED, MODELS, RUNS, UNCHANGED, Tally
from heirloom.core.errors import HeirloomError

Arrived = Callable[[int], object]
Kind = TypeVar("Kind", Run, LoggedModel)
STATUSES = {
    "READY": "LOGGED_MODEL_READY",
    "PENDING": "LOGGED_MODEL_PENDING",
    "FAILED": "LOGGED_MODEL_UPLOAD_FAILED",
}


class Transfer:
    """One import; ``arrived`` is called for each run and each logged model that is dealt with."""

    def __init__(
        self,
        source: Source,
        destination: Destination,
        files: Files,
        options: Options,
        tally: Tally,
        arrived: Arrived = lambda _: None,
    ) -> None:
        self._source, self._destination, self._files = source, destination, files
        self._options, self._tally, self._arrived = options, tally, arrived

    def carry_out(self, plan: Plan) -> None:
        """Experiments, runs and logged models."""
        self._known, self._links = plan.known, _links(plan)
        active = [(self._place(target), target.experiment) for target in plan.targets]
        self._each(self._fill, self._todo(plan.runs, RUNS), RUNS)
        self._each(self._finish, self._todo(plan.models, MODELS), MODELS)
        for identity, experiment in active:
            if identity and experiment.deleted:
                self._destination.move_experiment(identity, "delete")

    def copy(self, place: str, uri: str) -> None:
        """All files of a place, to below a URI."""
        self._copy(place, self._source.files(place), uri)

    def _place(self, target: Target) -> str:
        """The experiment, and in it every run and every logged model that is not there yet; its id if it is active."""
        experiment, identity = target.experiment, target.id
        tags = {**experiment.tags, FROM: self._known.origin(experiment.key), **created(experiment.created)}
        self._tally.count(EXPERIMENTS, UNCHANGED if target.known else IMPORTED)
        if not identity:
            identity = self._destination.create_experiment(target.name, tags)
        elif not target.known:
            self._destination.tag_experiment(identity, tags)
        elif target.deleted:
            if self._is_done(target):
                return ""
            self._destination.move_experiment(identity, "restore")
        self._known.experiments[experiment.key] = identity
        runs = [run for run in target.runs if run.key not in self._known.runs]
        self._each(lambda run: self._make_run(run, identity), runs, RUNS)
        models = [model for model in target.models if model.key not in self._known.models]
        self._each(lambda model: self._make_model(model, identity), models, MODELS)
        return identity

    def _is_done(self, target: Target) -> bool:
        artifacts, known = self._options.artifacts, self._known
        return all(is_done(run, known.runs.get(run.key), artifacts) for run in target.runs) and all(
            is_done(model, known.models.get(model.key), artifacts) for model in target.models
        )

    def _make_run(self, run: Run, experiment: str) -> None:
        self._known.runs[run.key] = self._destination.create_run(experiment, run, self._known.origin(run.key))

    def _make_model(self, model: LoggedModel, experiment: str) -> None:
        run = self._known.runs.get(model.run)
        tags = {**self._known.tags(model.tags), FROM: self._known.origin(model.key), **created(model.created)}
        self._known.models[model.key] = self._destination.create_model(experiment, model, run.id if run else "", tags)

    def _todo(self, records: Iterable[tuple[Kind, Placed | None]], kind: str) -> list[Kind]:
        """Those that are not as they should be; what somebody has deleted here is left so."""
        todo = []
        for record, placed in records:
            if placed is None:
                continue  # it could not be made
            deleted = isinstance(record, Run) and record.deleted
            if placed.deleted or (is_done(record, placed, self._options.artifacts) and not deleted):
                self._tally.count(kind, UNCHANGED)
                self._arrived(1)
            else:
                todo.append(record)
        return todo

    def _fill(self, run: Run) -> None:
        placed, artifacts = self._known.runs[run.key], self._options.artifacts
        if not is_done(run, placed, artifacts):
            points, tags = list(self._points(run)), self._known.tags(run.tags)
            files = list(self._source.files(run.place)) if artifacts else []
            done = {DONE: mark(run, artifacts)}
            self._relate(run, placed.id)
            self._destination.end_run(placed.id, run.status, run.end)
            self._destination.log(placed.id, points, run.params, tags if files else {**tags, **done})
            if files:
                self._copy_missing(run.place, files, placed)
                self._destination.log(placed.id, [], {}, done)
            self._tally.wrote(points=len(points))
        if run.deleted:
            self._destination.delete_run(placed.id)
        self._tally.count(RUNS, IMPORTED)
        self._arrived(1)

    def _points(self, run: Run) -> Iterator[Point]:
        """A run's history does not say of which logged model a point is; the logged model does."""
        links = self._links.get(run.key, {})
        for point in self._source.points(run):
            for linked in links.get(point.same, [point]):
                model = self._known.models.get(linked.model)
                yield replace(linked, model=model.id if model else "")

    def _relate(self, run: Run, identity: str) -> None:
        """What it has read and made: datasets and logged models."""
        read = [{"model_id": self._known.models[key].id} for key in run.inputs if key in self._known.models]
        if run.datasets or read:
            self._destination.post("runs/log-inputs", {"run_id": identity, "datasets": run.datasets, "models": read})
        made = [
            {"model_id": self._known.models[key].id, "step": step}
            for key, step in run.outputs
            if key in self._known.models
        ]
        if made:
            self._destination.post("runs/outputs", {"run_id": identity, "models": made})

    def _finish(self, model: LoggedModel) -> None:
        placed = self._known.models[model.key]
        if self._options.artifacts:
            self._copy_missing(model.place, list(self._source.files(model.place)), placed)
        tags = {**self._known.tags(model.tags), DONE: mark(model, self._options.artifacts)}
        self._destination.finish_model(placed.id, STATUSES[model.status], tags)
        self._tally.count(MODELS, IMPORTED)
        self._arrived(1)

    def _copy_missing(self, place: str, files: Sequence[File], placed: Placed) -> None:
        """Go on with what broke off; where the source has changed since all was here, copy all again."""
        whole = placed.done and not placed.done.endswith(BARE)
        there = {} if whole else self._files.there(placed.place)
        self._copy(place, (file for file in files if there.get(file.path, -1) != file.size), placed.place)

    def _copy(self, place: str, files: Iterable[File], uri: str) -> None:
        for file in files:
            with tempfile.TemporaryDirectory(prefix="heirloom-") as folder:
                fetched = self._source.fetch(place, file, Path(folder))
                self._files.put(uri, file.path, fetched)
                self._tally.wrote(artifacts=1, bytes=fetched.stat().st_size)

    def _each(self, work: Callable[[Kind], None], records: Sequence[Kind], kind: str) -> None:
        def failed(record: Kind, error: HeirloomError) -> None:
            self._tally.fail(kind, record.name, str(error))
            self._arrived(1)

        each(work, records, failed)


def _links(plan: Plan) -> dict[str, dict[object, list[Point]]]:
    """By run and by what makes points one: the points of logged models."""
    links: dict[str, dict[object, list[Point]]] = defaultdict(lambda: defaultdict(list))
    for model, _ in plan.models:
        for point in model.points:
            links[point.run][point.same].append(point)
    return links


def created(moment: int | None) -> dict[str, str]:
    """The tag that says when a thing was made at its source: the protocol has no other place for it."""
    return {} if moment is None else {CREATED: str(moment)}
