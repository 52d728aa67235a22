"""A Git repository with DVC as a source: each commit that changed what DVC pins is a run. DVC itself is not needed.

A run's key is its commit, its place too: what is in Git is read there, what DVC has instead in the repository's cache.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from cli.importing.dvc_project import LOCK, YAML, Data, Project, project_at
from cli.importing.dvc_values import merged, metrics_of, params_of
from cli.importing.git import Commit, Git
from cli.importing.known import PARENT
from cli.importing.records import Experiment, File, LoggedModel, Point, RegisteredModel, Run
from heirloom.core.errors import InvalidData, NotFound
from heirloom.core.tracking.inputs import DIGEST, NAME

NOTES = "dvc.notes"
"""The tag that says what of a commit could not be read."""
_CACHES = ("files/md5", "")
"""Below .dvc/cache: where DVC 3 keeps what it has, and where DVC 2 does."""


@dataclass(frozen=True)
class Pinned:
    """A commit, and what DVC's files say there; ``name`` and ``base`` of one that `dvc exp` has made."""

    commit: Commit
    project: Project
    name: str = ""
    base: str = ""


class DvcSource:
    """``folder`` is a repository, or a project within one; ``revisions`` which commits, as `git log` takes them."""

    def __init__(self, git: Git, folder: Path, revisions: str, name: str) -> None:
        self._git, self._revisions = git, revisions
        self._below = posixpath.normpath(folder.resolve().relative_to(git.root.resolve()).as_posix())
        self._uri = "/".join(filter(None, (f"dvc:{git.first}", self._below.removeprefix("."))))
        self._name = name or folder.resolve().name
        self._pinned: dict[str, Pinned] = {}

    @property
    def uri(self) -> str:
        return self._uri

    def experiments(self) -> Sequence[Experiment]:
        tags = {"mlflow.source.git.repoURL": url} if (url := _without_credentials(self._git.origin)) else {}
        return [Experiment("history", self._name, tags)]

    def runs(self, experiment: Experiment) -> Sequence[Run]:  # noqa: ARG002 # the port's: there is one
        found = [Pinned(each, self._project(each.sha)) for each in self._git.commits(self._revisions)]
        known = {each.commit.sha for each in found}
        tried = [
            Pinned(next(self._git.commits(f"{sha}^!")), self._project(sha), name, base)
            for sha, (name, base) in self._git.experiments().items()
            if base in known
        ]
        kept = [each for each in found if not each.commit.changed.isdisjoint(each.project.pinned)] + tried
        if not kept:
            raise NotFound(f"{self._name}: no commit of {self._revisions} changes {LOCK}, parameters or metrics")
        self._pinned = {each.commit.sha: each for each in kept}
        return [self._run(each) for each in kept]

    def points(self, run: Run) -> Iterator[Point]:
        return (Point(key, value, run.start) for key, value in run.metrics.items())

    def models(self, experiment: Experiment) -> Sequence[LoggedModel]:  # noqa: ARG002 # the port's
        return ()

    def registered(self) -> Sequence[RegisteredModel]:
        return ()

    def files(self, place: str) -> Iterator[File]:
        for path in self._pinned[place].project.files:
            if (body := self._read(self._pinned[place], path)) is not None:
                yield File(path, len(body))

    def fetch(self, place: str, file: File, folder: Path) -> Path:
        target = folder / "file"
        target.write_bytes(self._read(self._pinned[place], file.path) or b"")
        return target

    def _project(self, sha: str) -> Project:
        return project_at(self._git.files(sha), self._below, lambda path: self._git.read(sha, path))

    def _run(self, pinned: Pinned) -> Run:
        commit, project = pinned.commit, pinned.project
        notes = list(project.notes)
        params = merged(self._values(pinned, project.params, params_of, notes))
        metrics = merged(self._values(pinned, project.metrics, metrics_of, notes))
        tags = {
            "mlflow.user": commit.author,
            "mlflow.note.content": commit.message.strip(),
            "mlflow.source.type": "PROJECT",
            "mlflow.source.name": YAML,
            "mlflow.source.git.commit": commit.sha,
            "git.author": f"{commit.author} <{commit.email}>",
            **{f"dvc.artifact.{name}": artifact for name, artifact in project.artifacts.items()},
            **({PARENT: pinned.base} if pinned.base in self._pinned else {}),
            **({NOTES: "\n".join(notes)} if notes else {}),
        }
        return Run(
            key=commit.sha,
            name=pinned.name or f"{commit.sha[:7]} {commit.subject}".strip(),
            start=commit.at * 1000,
            end=commit.at * 1000,
            user=commit.author,
            params=params,
            tags=tags,
            metrics=metrics,
            datasets=[_dataset(data, commit.sha) for data in project.data.values()],
            place=commit.sha,
        )

    def _values(self, pinned: Pinned, paths: list[str], read: Any, notes: list[str]) -> Iterator[tuple[str, Any]]:
        """What each file says; a note on each that can't be read."""
        for path in paths:
            body = self._read(pinned, path)
            try:
                if body is None:
                    raise InvalidData(f"{path}: is neither in Git nor in DVC's cache")
                yield path, read(path, body)
            except InvalidData as wrong:
                notes.append(str(wrong))

    def _read(self, pinned: Pinned, path: str) -> bytes | None:
        """A file of a commit: from Git or, where DVC has it, from the cache."""
        body = self._git.read(pinned.commit.sha, path)
        digest = pinned.project.cached(path) if body is None else ""
        for cache in _CACHES if digest else ():
            kept = self._git.root / self._below / ".dvc" / "cache" / cache / digest[:2] / digest[2:]
            if kept.is_file():
                return kept.read_bytes()
        return body


def _dataset(data: Data, sha: str) -> dict[str, Any]:
    """As MLflow's protocol tells a dataset; what came out of a stage is one, too."""
    source = json.dumps({"path": data.path, "hash": data.hash, "rev": sha})
    known = {name: value for name, value in (("size", data.size), ("nfiles", data.files)) if value is not None}
    profile = {"profile": json.dumps(known)} if known else {}
    told = {"name": data.path[:NAME], "digest": data.hash[:DIGEST], "source_type": "dvc", "source": source}
    context = {"key": "mlflow.data.context", "value": data.way}
    return {"dataset": {**told, **profile}, "tags": [context]}


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if parts.scheme else url
