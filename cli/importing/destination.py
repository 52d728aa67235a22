"""A stack as the place that things are imported to: MLflow's protocol, spoken so that nothing comes twice.

What makes something new may be asked again, too: names are there once, and all else is made with a client token, which
is what it is of. That is also its tag FROM, by which a later import finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from cli.importing.batches import batches, pairs
from cli.importing.records import Document, LoggedModel, Point, Run
from cli.importing.stack import Api, patient
from heirloom.core.errors import Conflict, NotFound, Unavailable
from heirloom.core.tracking.repeated import TOKEN

FROM, DONE, CREATED = "heirloom.imported_from", "heirloom.imported", "heirloom.created"
"""Tags: what a thing was imported from; that all of it is there, and as what; when it was made at its source, in ms."""
PAGE, SMALLEST_PAGE = 250, 10
"""Results of a page: a function's answer has 6 MB, and a run may be large. A page that fails is asked for in parts."""


@dataclass(frozen=True)
class Placed:
    """A run or a logged model of the stack: where its files go, and which tags it has."""

    id: str
    place: str
    tags: Mapping[str, str]
    deleted: bool = False

    @property
    def origin(self) -> str:
        return self.tags.get(FROM, "")

    @property
    def done(self) -> str:
        return self.tags.get(DONE, "")


class Destination:
    """Experiments, runs and logged models of a stack; registry.py has the rest. Raises the errors of heirloom.core."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def post(self, path: str, body: Document, method: str = "POST") -> Any:
        """What changes nothing where it comes again."""
        return patient(lambda: self._api(method, path, body))

    def get(self, path: str, **query: Any) -> Any:
        """An answer to a question."""
        asked = f"{path}?{urlencode(query)}" if query else path
        return patient(lambda: self._api("GET", asked))

    def make(self, path: str, body: Document, find: Callable[[], Any]) -> Any:
        """The answer to what makes something with a name of its own; what ``find`` finds of it where it is there.

        So it is when an answer was lost, or somebody was quicker. Raises Conflict where ``find`` gives None.
        """
        try:
            return self.post(path, body)
        except Conflict:
            if (found := find()) is None:
                raise
            return found

    def pages(self, path: str, what: str, body: Document) -> Iterator[Any]:
        """All results of a search."""
        token, most = "", PAGE
        while True:
            asked = {**body, "max_results": most, **({"page_token": token} if token else {})}
            try:
                found = self.post(path, asked)
            except Unavailable:
                if most <= SMALLEST_PAGE:
                    raise
                most //= 5
                continue
            yield from found.get(what, [])
            token = found.get("next_page_token", "")
            if not token:
                return

    def experiment_of(self, origin: str) -> Any | None:
        """The experiment that was imported from there, deleted or not."""
        asked = {"filter": f"tags.`{FROM}` = '{origin}'", "view_type": "ALL"}
        return next(self.pages("experiments/search", "experiments", asked), None)

    def experiments(self) -> Iterator[Any]:
        """All experiments, deleted ones too."""
        return self.pages("experiments/search", "experiments", {"view_type": "ALL"})

    def is_empty(self, experiment: str) -> bool:
        """Whether nobody has logged to an experiment."""
        asked = {"experiment_ids": [experiment], "max_results": 1}
        runs = self.post("runs/search", {**asked, "run_view_type": "ALL"}).get("runs")
        return not runs and not self.post("logged-models/search", asked).get("models")

    def create_experiment(self, name: str, tags: Mapping[str, str]) -> str:
        """Its id."""

        def find() -> Any | None:
            found = self.experiment_of(tags[FROM])
            return found and {"experiment_id": found["experiment_id"]}

        return str(self.make("experiments/create", {"name": name, "tags": pairs(tags)}, find)["experiment_id"])

    def tag_experiment(self, experiment: str, tags: Mapping[str, str]) -> None:
        """Set tags."""
        for key, value in tags.items():
            self.post("experiments/set-experiment-tag", {"experiment_id": experiment, "key": key, "value": value})

    def move_experiment(self, experiment: str, move: str) -> None:
        """``delete`` or ``restore`` it."""
        with suppress(NotFound):  # there is none to move: it went the first time, and the answer was lost
            self.post(f"experiments/{move}", {"experiment_id": experiment})

    def runs(self, experiment: str) -> Iterator[Placed]:
        """All runs of an experiment."""
        asked = {"experiment_ids": [experiment], "run_view_type": "ALL"}
        return map(_run, self.pages("runs/search", "runs", asked))

    def create_run(self, experiment: str, run: Run, origin: str) -> Placed:
        """A run with nothing in it but where it is from."""
        body = {"experiment_id": experiment, "user_id": run.user, "start_time": run.start, "run_name": run.name}
        return _run(self.post("runs/create", {**body, "tags": pairs({FROM: origin}), TOKEN: origin})["run"])

    def log(self, run: str, points: list[Point], params: Mapping[str, str], tags: Mapping[str, str]) -> None:
        """Points, parameters and tags; the tag DONE, if it is among them, with the last of it."""
        last = {DONE: tags[DONE]} if DONE in tags else {}
        rest = {key: value for key, value in tags.items() if key not in last}
        found = batches(points, params, rest)
        found[-1]["tags"] += pairs(last)
        for batch in found:
            self.post("runs/log-batch", {"run_id": run, **batch})

    def end_run(self, run: str, status: str, end: int | None) -> None:
        """Set its status and when it has ended."""
        ended = {} if end is None else {"end_time": end}
        self.post("runs/update", {"run_id": run, "status": status, **ended})

    def delete_run(self, run: str) -> None:
        """Delete it; it can be restored."""
        self.post("runs/delete", {"run_id": run})

    def models(self, experiment: str) -> Iterator[Placed]:
        """All logged models of an experiment that are not deleted."""
        return map(_model, self.pages("logged-models/search", "models", {"experiment_ids": [experiment]}))

    def create_model(self, experiment: str, model: LoggedModel, run: str, tags: Mapping[str, str]) -> Placed:
        """A logged model whose files are not there yet."""
        body = {
            "experiment_id": experiment,
            "name": model.name,
            "model_type": model.kind,
            "source_run_id": run,
            "params": pairs(model.params),
            "tags": pairs(tags),
            TOKEN: tags[FROM],
        }
        return _model(self.post("logged-models", body)["model"])

    def finish_model(self, model: str, status: str, tags: Mapping[str, str]) -> None:
        """Say that its files are there, or won't be."""
        path = f"logged-models/{quote(model)}"
        self.post(path, {"model_id": model, "status": status}, "PATCH")
        self.post(f"{path}/tags", {"model_id": model, "tags": pairs(tags)}, "PATCH")

    def artifact_root(self) -> str:
        """Where the experiments' files are: below the experiment that is always there."""
        location = str(self.get("experiments/get", experiment_id="0")["experiment"]["artifact_location"])
        return location.rpartition("/")[0]


def texts(told: list[Mapping[str, str]] | None) -> dict[str, str]:
    """Tags and parameters by their keys."""
    return {each["key"]: each["value"] for each in told or ()}


def _run(told: Mapping[str, Any]) -> Placed:
    info = told["info"]
    deleted = info["lifecycle_stage"] == "deleted"
    return Placed(info["run_id"], info["artifact_uri"], texts(told["data"].get("tags")), deleted)


def _model(told: Mapping[str, Any]) -> Placed:
    info = told["info"]
    return Placed(info["model_id"], info["artifact_uri"], texts(info.get("tags")))
