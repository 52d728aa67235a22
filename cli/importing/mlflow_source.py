"""An MLflow as a source: a server, a database or a folder, read by MLflow's own client, which knows all of them.

Only `heirloom import mlflow` imports this module, since MLflow takes two seconds and is an extra: open_mlflow is for
that. Credentials are MLflow's: MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Dataset, ViewType
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from cli.importing.records import Experiment, File, LoggedModel, Point, RegisteredModel, Run, Version
from cli.importing.registry import PROMPT
from heirloom.core.errors import Denied, HeirloomError, NotFound, Unavailable

PAGE = 1000
_KINDS: dict[str, type[HeirloomError]] = {
    "RESOURCE_DOES_NOT_EXIST": NotFound,
    "ENDPOINT_NOT_FOUND": NotFound,
    "PERMISSION_DENIED": Denied,
    "UNAUTHENTICATED": Denied,
}
_PROMPTS = f"tags.`{PROMPT}` = 'true'"


class MlflowSource:
    """``uri`` is where the client goes, ``name`` the same without credentials; ``deleted``: experiments and runs that
    are deleted come, too."""

    def __init__(self, uri: str, name: str, deleted: bool = False) -> None:
        self._tracking, self._name = uri, name
        self._view = ViewType.ALL if deleted else ViewType.ACTIVE_ONLY
        for noisy in ("mlflow", "alembic"):
            logging.getLogger(noisy).setLevel(logging.ERROR)
        with _translated("opening the source"):
            self._client = MlflowClient(tracking_uri=uri, registry_uri=uri)

    @property
    def uri(self) -> str:
        return self._name

    def experiments(self) -> Sequence[Experiment]:
        with _translated("the experiments of the source"):
            found = _all(lambda token: self._client.search_experiments(self._view, PAGE, page_token=token))
        told = [
            Experiment(
                each.experiment_id, each.name, dict(each.tags), each.lifecycle_stage == "deleted", each.creation_time
            )
            for each in found
        ]
        return sorted(told, key=lambda experiment: experiment.created or 0)

    def runs(self, experiment: Experiment) -> Sequence[Run]:
        with _translated(f"the runs of {experiment.name}"):
            found = _all(
                lambda token: self._client.search_runs([experiment.key], "", self._view, PAGE, page_token=token)
            )
            return sorted((_run(each) for each in found), key=lambda run: run.start)

    def points(self, run: Run) -> Iterator[Point]:
        with _translated(f"the metrics of {run.name}"):
            for key in run.metrics:
                for each in self._client.get_metric_history(run.key, key):
                    yield Point(each.key, each.value, each.timestamp, each.step)

    def models(self, experiment: Experiment) -> Sequence[LoggedModel]:
        with _translated(f"the logged models of {experiment.name}"):
            try:
                found = _all(lambda token: self._client.search_logged_models([experiment.key], page_token=token))
            except MlflowException as error:
                if error.error_code != "ENDPOINT_NOT_FOUND":
                    raise
                return []  # a server before MLflow 3
            return sorted(map(_model, found), key=lambda model: model.created or 0)

    def registered(self) -> Sequence[RegisteredModel]:
        with _translated("the registered models of the source"):
            plain = _all(lambda token: self._client.search_registered_models(None, PAGE, page_token=token))
            prompts = _all(lambda token: self._client.search_registered_models(_PROMPTS, PAGE, page_token=token))
            return [self._registered(each, False) for each in plain] + [
                self._registered(each, True) for each in prompts
            ]

    def files(self, place: str) -> Iterator[File]:
        with _translated(f"the files in {place}"):
            folders = [""]
            repository = get_artifact_repository(place, tracking_uri=self._tracking)
            while folders:
                for each in repository.list_artifacts(folders.pop() or None):
                    if each.is_dir:
                        folders.append(each.path)
                    else:
                        yield File(each.path, each.file_size)

    def fetch(self, place: str, file: File, folder: Path) -> Path:
        with _translated(f"{place}/{file.path}"):
            repository = get_artifact_repository(place, tracking_uri=self._tracking)
            target = None if isinstance(repository, LocalArtifactRepository) else str(folder)
            return Path(repository.download_artifacts(file.path, target))

    def _registered(self, told: Any, prompt: bool) -> RegisteredModel:
        asked = f"name = '{told.name}'" + (f" AND {_PROMPTS}" if prompt else "")
        found = _all(lambda token: self._client.search_model_versions(asked, page_token=token))
        versions = sorted((self._version(each) for each in found), key=lambda version: version.number)
        tags = {**told.tags, **({PROMPT: "true"} if prompt else {})}
        aliases = {alias: int(number) for alias, number in told.aliases.items()}
        return RegisteredModel(told.name, told.description or "", tags, aliases, versions, told.creation_timestamp)

    def _version(self, told: Any) -> Version:
        prompt = PROMPT in told.tags
        place = told.source if prompt else self._client.get_model_version_download_uri(told.name, told.version)
        return Version(
            number=int(told.version),
            source=told.source,
            place=place,
            run=told.run_id or "",
            run_link=told.run_link or "",
            description=told.description or "",
            stage=told.current_stage or "None",
            tags=dict(told.tags),
            created=told.creation_timestamp,
        )


def _run(told: Any) -> Run:
    info, data = told.info, told.data
    read = told.inputs.dataset_inputs if told.inputs else []
    return Run(
        key=info.run_id,
        name=info.run_name or "",
        status=info.status,
        start=info.start_time or 0,
        end=info.end_time,
        user=info.user_id or "",
        params=dict(data.params),
        tags=dict(data.tags),
        metrics=dict(data.metrics),
        datasets=[{"dataset": _dataset(each.dataset), "tags": [dict(tag) for tag in each.tags]} for each in read],
        inputs=[each.model_id for each in (told.inputs.model_inputs if told.inputs else [])],
        outputs=[(each.model_id, each.step) for each in (told.outputs.model_outputs if told.outputs else [])],
        place=info.artifact_uri,
        deleted=info.lifecycle_stage == "deleted",
    )


def _dataset(told: Dataset) -> dict[str, str]:
    return {name: value for name, value in told.to_dictionary().items() if value is not None}


def _model(told: Any) -> LoggedModel:
    points = [
        Point(
            each.key,
            each.value,
            each.timestamp,
            each.step or 0,
            each.run_id or "",
            told.model_id,
            each.dataset_name or "",
            each.dataset_digest or "",
        )
        for each in told.metrics or ()
    ]
    return LoggedModel(
        key=told.model_id,
        name=told.name,
        kind=told.model_type or "",
        status=str(told.status),
        run=told.source_run_id or "",
        tags=dict(told.tags or {}),
        params=dict(told.params or {}),
        points=points,
        place=told.artifact_location,
        created=told.creation_timestamp,
    )


def _all(page: Callable[[str | None], Any]) -> list[Any]:
    """All pages of a search."""
    found, token = [], None
    while True:
        these = page(token)
        found += these
        token = these.token
        if not token:
            return found


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """The errors of MLflow, of its stores' drivers and of the libraries behind its artifacts as those of the core."""
    try:
        yield
    except MlflowException as error:
        kind = _KINDS.get(error.error_code, Unavailable)
        raise kind(f"{what}: {error.message}") from error
    except HeirloomError:
        raise
    except Exception as error:  # each store raises what its own library does: this is the edge to them
        raise Unavailable(f"{what}: {type(error).__name__}: {error}") from error
