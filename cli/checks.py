"""What `heirloom project check` finds out about a project's folder and about a file of its data."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from heirloom.adapters.project_folder import read_project
from heirloom.core.dataset.schema import Schema, Summary, inspect
from heirloom.core.errors import Invalid, Problem
from heirloom.core.project.definition import Data, Project

CHUNK = 1 << 20
IMPORT_SECONDS = 60
# Run in a process of its own, inside the folder: whatever model.py does at import ends with that process.
IMPORT = "import sys; sys.dont_write_bytecode = True; sys.path.insert(0, '.'); import {0}; assert callable({0}.{1})"
HOOKS = {"model": "train", "baseline": "predict"}


@dataclass(frozen=True)
class Checked:
    """A folder's project, None when model.yaml can't be read as one, and what is wrong with the folder."""

    folder: Path
    project: Project | None
    problems: tuple[Problem, ...]


def check_folder(folder: Path) -> Checked:
    """Read model.yaml, and import the Python files when that is right. Raises NotFound for a folder without one."""
    try:
        project = read_project(folder)
    except Invalid as invalid:
        return Checked(folder, None, invalid.problems or (Problem(str(folder), "a model project", str(invalid)),))
    with ThreadPoolExecutor() as pool:  # importing scikit-learn takes seconds: both files at once
        found = list(pool.map(lambda hook: _import(folder, *hook), HOOKS.items()))
    return Checked(folder, project, tuple(problem for problem in found if problem))


def check_data(file: Path, data: Data) -> Summary:
    """Look through a CSV as the pipeline would. Raises InvalidData with the first thing that is wrong."""
    with file.open("rb") as opened:
        return inspect(itertools.takewhile(bool, iter(lambda: opened.read(CHUNK), b"")), data)


def check_baseline(folder: Path, file: Path, schema: Schema) -> Problem | None:
    """Ask baseline.py about the first rows of a checked file, in a process of its own: can its answers be used?"""
    where = f"{folder / 'baseline.py'}"
    request = json.dumps({"file": str(file.resolve()), "schema": schema.to_document()})
    command = [sys.executable, "-B", "-m", "cli.baseline_check"]
    try:
        ended = _run(command, folder, request)
    except subprocess.TimeoutExpired:
        return Problem(where, f"answers within {IMPORT_SECONDS} s")
    last = (ended.stderr if ended.returncode else ended.stdout).strip().rpartition("\n")[2]
    told = last or f"exit status {ended.returncode}" if ended.returncode else json.loads(last)["problem"]
    return Problem(where, f"an answer to each row of {file.name}", "; ".join(told.split("\n"))) if told else None


def _run(command: list[str], folder: Path, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, input=given, capture_output=True, text=True, timeout=IMPORT_SECONDS, check=False
    )


def _import(folder: Path, module: str, hook: str) -> Problem | None:
    where = f"{folder / module}.py"
    command = [sys.executable, "-c", IMPORT.format(module, hook)]
    try:
        ended = _run(command, folder)
    except subprocess.TimeoutExpired:
        return Problem(where, f"an import that ends within {IMPORT_SECONDS} s")
    if ended.returncode == 0:
        return None
    last = ended.stderr.strip().rpartition("\n")[2] or f"exit status {ended.returncode}"
    line = next(_lines_in(f"{module}.py", ended.stderr), 0)
    return Problem(f"{where}:{line}" if line else where, f"an import that succeeds and a function {hook}", last, line)


def _lines_in(file: str, traceback: str) -> Iterator[int]:
    """The lines of ``file`` in a traceback, the innermost first."""
    for text in reversed(traceback.splitlines()):
        place, _, rest = text.partition(f'{file}", line ')
        if rest and place.lstrip().startswith("File "):
            yield int(rest.split(",")[0])
