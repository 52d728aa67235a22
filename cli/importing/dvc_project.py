"""What the files of DVC say at one commit: which files hold parameters and metrics, which data went in and came out.

Formats: https://dvc.org/doc/user-guide/project-structure/dvcyaml-files; dvc.lock of schema 2.0, and of 1.0, which has
its stages at the root. What can't be read is noted, and the rest is taken.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from cli.importing.dvc_template import as_list, filled, stages
from cli.importing.dvc_values import mapping
from heirloom.core.errors import InvalidData

YAML, LOCK, PARAMS = "dvc.yaml", "dvc.lock", "params.yaml"
Read = Callable[[str], bytes | None]
"""A file by its path from the root of the repository; None where there is none."""


@dataclass(frozen=True)
class Data:
    """A file or a folder that DVC has: its hash, and its bytes and files where they are known; ``way`` is in or out."""

    path: str
    hash: str
    size: int | None
    files: int | None
    way: str


@dataclass
class Project:
    """Paths from the root of the repository, in the order of dvc.yaml; ``notes`` say what could not be read."""

    pipelines: list[str] = field(default_factory=list)
    params: list[str] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    data: dict[tuple[str, str], Data] = field(default_factory=dict)
    artifacts: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def locks(self) -> list[str]:
        return [posixpath.join(posixpath.dirname(path), LOCK) for path in self.pipelines]

    @property
    def pinned(self) -> list[str]:
        """A commit that changes one of these is a run."""
        return [*self.locks, *self.params, *self.metrics]

    @property
    def files(self) -> list[str]:
        """All that is kept of it, each once."""
        return list(dict.fromkeys([*self.pipelines, *self.pinned]))

    def cached(self, path: str) -> str:
        """The hash of a file that DVC has instead of Git; empty where it has none."""
        return next((data.hash for data in self.data.values() if data.path == path), "")


def project_at(there: Set[str], below: str, read: Read) -> Project:
    """The project below a folder, "." for all, of a commit that has these files."""
    within = "" if below == "." else f"{below}/"
    pipelines = (path for path in there if path.startswith(within) and posixpath.basename(path) == YAML)
    project = Project(sorted(pipelines, key=_by_depth))
    for path in project.pipelines:
        _take(path, read, project, there)
    for path in project.locks:
        if path in there:
            _take_lock(path, read, project, there)
    project.params = list(dict.fromkeys(project.params))
    project.metrics = list(dict.fromkeys(project.metrics))
    return project


def _take(path: str, read: Read, project: Project, there: Set[str]) -> None:
    document = _document(path, read, project)
    folder = posixpath.dirname(path)
    default = _below(folder, PARAMS)
    values = _values(document, folder, read, project)
    if default in there:
        project.params.append(default)
    for stage in stages(document, values):
        _take_stage(stage, _below(folder, str(stage.get("wdir") or "")), project)
    told = filled({name: document.get(name) for name in ("params", "metrics", "artifacts")}, values)
    project.params += [_below(folder, each) for each in _names(told["params"])]
    project.metrics += [_below(folder, each) for each in _names(told["metrics"])]
    for name, artifact in _mapping(told["artifacts"]).items():
        kind, where = _mapping(artifact).get("type"), _mapping(artifact).get("path")
        project.artifacts[str(name)] = f"{where} ({kind})" if kind else str(where)


def _take_stage(stage: Mapping[str, Any], folder: str, project: Project) -> None:
    for each in as_list(stage.get("params")):
        names = each if isinstance(each, Mapping) else [PARAMS]  # a name alone is one within params.yaml
        project.params += [_below(folder, str(name)) for name in names]
    project.metrics += [_below(folder, name) for name in _names(stage.get("metrics"))]


def _take_lock(path: str, read: Read, project: Project, there: Set[str]) -> None:
    """What is in Git is no data: code and metrics are named by the commit."""
    document, folder = _document(path, read, project), posixpath.dirname(path)
    locked = document.get("stages") if "schema" in document else document
    for stage in _mapping(locked).values():
        for kind, way in (("deps", "in"), ("outs", "out")):
            for each in as_list(_mapping(stage).get(kind)):
                data = _data(_mapping(each), folder, way)
                if data and data.path not in there:
                    project.data.setdefault((data.path, data.hash), data)


def _data(told: Mapping[str, Any], folder: str, way: str) -> Data | None:
    """What has no hash, such as a folder that DVC was told not to keep, is nothing that can be named."""
    digest = told.get(told.get("hash") or "md5") or told.get("etag") or told.get("checksum")
    path = str(told.get("path", ""))
    if not digest or not path:
        return None
    where = path if "://" in path else _below(folder, path)
    return Data(where, str(digest), told.get("size"), told.get("nfiles"), way)


def _values(document: Mapping[str, Any], folder: str, read: Read, project: Project) -> dict[str, Any]:
    """What templates may name: params.yaml, and the files and values below ``vars``."""
    values = dict(_document(_below(folder, PARAMS), read, Project()))
    for each in as_list(document.get("vars")):
        if isinstance(each, str):
            values |= _document(_below(folder, each.partition(":")[0]), read, project)
        else:
            values |= _mapping(each)
    return values


def _document(path: str, read: Read, project: Project) -> Mapping[str, Any]:
    """A file that has names and values; nothing, and a note, of one that has not."""
    try:
        return mapping(path, read(path) or b"")
    except InvalidData as wrong:
        project.notes.append(str(wrong))
        return {}


def _names(told: Any) -> Iterator[str]:
    """Files are listed by their names, or each as one with what is said of it."""
    for each in told if isinstance(told, list | Mapping) else []:
        yield from map(str, each if isinstance(each, Mapping) else [each])


def _mapping(told: Any) -> Mapping[str, Any]:
    return told if isinstance(told, Mapping) else {}


def _below(folder: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(folder, path)) if path else folder


def _by_depth(path: str) -> tuple[int, str]:
    return path.count("/"), path
