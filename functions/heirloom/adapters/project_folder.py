"""Model projects on disk: read and check a folder, and pack it for SageMaker.

Called by infra at synth, by `heirloom project check` and by the image, which finds the packed folder again. The parts
of Python in a folder are parsed, never run: reading a project does not trust it.
"""

from __future__ import annotations

import ast
import gzip
import hashlib
import io
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import yaml

from heirloom.core.errors import Invalid, NotFound, Problem
from heirloom.core.project.definition import Project
from heirloom.core.project.keys import Where
from heirloom.core.project.metrics import METRICS
from heirloom.core.project.reading import parse_project

_FILE = "model.yaml"


def read_project(folder: Path) -> Project:
    """The project in ``folder``, whose name must be the folder's.

    Raises Invalid with one line a problem, such as ``models/x/model.yaml:7: objective.metric: expected ..., got ...``.
    """
    document, lines = _load(folder / _FILE)
    try:
        project = _parse(folder, document, lines)
    except Invalid as invalid:
        raise _refusal([*invalid.problems, *_code_problems(folder)]) from invalid
    problems = _code_problems(folder, project.objective.metric)
    if project.name != folder.resolve().name:
        wrong = Problem("name", f"the folder's name {folder.resolve().name!r}", repr(project.name), lines[("name",)])
        problems.insert(0, _in_file(folder, wrong))
    if problems:
        raise _refusal(problems)
    return project


def read_packed_project(folder: Path) -> Project:
    """The project that ``bundle`` packed and SageMaker unpacked to ``folder``, whatever that folder is called."""
    return _parse(folder, *_load(folder / _FILE))


def read_projects(root: Path) -> tuple[Project, ...]:
    """The project of every folder in ``root`` that holds a model.yaml. Raises Invalid with the problems of all."""
    projects: list[Project] = []
    problems: list[Problem] = []
    for file in sorted(root.glob(f"*/{_FILE}")):
        try:
            projects.append(read_project(file.parent))
        except Invalid as invalid:
            problems += invalid.problems
    if problems:
        raise _refusal(problems)
    return tuple(projects)


def bundle(folder: Path, target: Path) -> str:
    """Pack the project's own files (not its data) as the gzipped tar ``target``; the sha256 of it, in hex.

    The same files give the same bytes, whoever packs them and when: SageMaker, the lineage and `cdk diff` compare it.
    """
    files = [folder / _FILE, *sorted(folder.glob("*.py")), *folder.glob("requirements.txt")]
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for file in files:
            content = file.read_bytes()
            entry = tarfile.TarInfo(file.name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    packed = gzip.compress(plain.getvalue(), mtime=0)
    target.write_bytes(packed)
    return hashlib.sha256(packed).hexdigest()


def git_commit(folder: Path) -> str:
    """The commit that last changed the folder, with ``-dirty`` where files differ from it; empty outside git."""
    commit = _git(folder, "log", "-1", "--format=%H", "--", ".")
    changed = _git(folder, "status", "--porcelain", "--", ".")
    return f"{commit}-dirty" if commit and changed else commit


class _Loader(yaml.SafeLoader):
    """YAML as a project may write it: no duplicate keys (PyYAML keeps the last, silently), no aliases."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call] # types-PyYAML leaves it out
            raise yaml.composer.ComposerError(None, None, "aliases are not allowed here", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a plain word", key.start_mark)
            if key.value in seen:
                twice = f"the key {key.value!r} is there twice"
                raise yaml.constructor.ConstructorError(None, None, twice, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _load(file: Path) -> tuple[object, dict[Where, int]]:
    """The document and the line of each key's path."""
    try:
        loader = _Loader(file.read_text(encoding="utf-8"))
        node = loader.get_single_node()
        lines = {} if node is None else dict(_lines(node, ()))
        return (None if node is None else loader.construct_document(node)), lines
    except FileNotFoundError as missing:
        raise NotFound(f"{file.parent} is not a model project: there is no {file}") from missing
    except UnicodeDecodeError as encoding:
        problem = Problem(str(file), "UTF-8", f"the byte {encoding.object[encoding.start]:#x}", 1)
        raise Invalid(str(problem), (problem,)) from encoding
    except yaml.MarkedYAMLError as broken:
        line = broken.problem_mark.line + 1 if broken.problem_mark else 1
        problem = Problem(f"{file}:{line}", f"valid YAML ({broken.problem})", line=line)
        raise Invalid(str(problem), (problem,)) from broken
    except (yaml.YAMLError, ValueError) as broken:  # ValueError: what looks like a date or a number, and is none
        problem = Problem(str(file), f"valid YAML ({broken})", line=1)
        raise Invalid(str(problem), (problem,)) from broken


def _lines(node: yaml.Node, path: Where) -> list[tuple[Where, int]]:
    found = [(path, node.start_mark.line + 1)]
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            found += _lines(value, inner)
            found.append((inner, key.start_mark.line + 1))
    return found


def _parse(folder: Path, document: object, lines: dict[Where, int]) -> Project:
    def locate(where: Where) -> int:
        """The line of the key, or of the nearest mapping around a key that is missing."""
        return next((lines[where[:depth]] for depth in range(len(where), -1, -1) if where[:depth] in lines), 1)

    try:
        return parse_project(document, locate)
    except Invalid as invalid:
        raise _refusal([_in_file(folder, problem) for problem in invalid.problems]) from invalid


def _in_file(folder: Path, problem: Problem) -> Problem:
    return Problem(f"{folder / _FILE}:{problem.line}: {problem.where}", problem.expected, problem.got, problem.line)


def _refusal(problems: list[Problem]) -> Invalid:
    return Invalid("\n".join(map(str, problems)), tuple(problems))


def _code_problems(folder: Path, metric: str | None = None) -> list[Problem]:
    needed = ["train"]
    if metric is not None and not any(metric in names for names in METRICS.values()):
        needed.append(metric)
    return [*_missing(folder / "model.py", needed), *_missing(folder / "baseline.py", ["predict"])]


def _missing(file: Path, functions: list[str]) -> list[Problem]:
    """What keeps ``file`` from having these functions at its top level."""
    if not file.is_file():
        return [Problem(str(file), f"a file that defines {' and '.join(functions)}", "no file")]
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except (SyntaxError, ValueError) as broken:
        line = getattr(broken, "lineno", None) or 1
        return [Problem(f"{file}:{line}", "valid Python", str(getattr(broken, "msg", broken)), line)]
    names = {name for statement in tree.body for name in _defined(statement)}
    return [
        Problem(str(file), f"a function {name}", f"{file.name} without it", 1)
        for name in functions
        if name not in names
    ]


def _defined(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        return [target.id for target in statement.targets if isinstance(target, ast.Name)]
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name for alias in statement.names]
    return []


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
