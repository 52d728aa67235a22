"""A model project as people name it: by its folder, or by the model's name where the folder is in models/."""

from __future__ import annotations

from pathlib import Path

from cli.checks import check_folder
from cli.workspace import Workspace
from heirloom.core.errors import Invalid, NotFound
from heirloom.core.project.definition import Project


def find_folder(named: str, here: Workspace) -> Path:
    """The folder that a word names. Raises NotFound."""
    tried = [Path(named), Path(here.shown(here.models / named))]
    found = next((folder for folder in tried if (folder / "model.yaml").is_file()), None)
    if found is None:
        raise NotFound(f"{named}: expected a model project's folder, such as {Path(here.shown(here.models)) / 'NAME'}")
    return found


def checked_project(folder: Path) -> Project:
    """The project, as `heirloom project check` would pass it. Raises Invalid with all that is wrong."""
    checked = check_folder(folder)
    if checked.project is None or checked.problems:
        raise Invalid("\n  ".join([f"{folder} can't be trained:", *map(str, checked.problems)]), checked.problems)
    return checked.project
