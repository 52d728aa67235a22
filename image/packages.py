"""What a project's requirements.txt asks for over what the image has, put beside the model and on the import path.

The image's own packages stay as they are: what trained a model and what serves it must not differ, so a requirement
that contradicts them is refused by pip. Needs a network, or pip configured to go without.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from importlib.metadata import distributions
from pathlib import Path

from heirloom.core.errors import Invalid
from image.container import say

_FOLDER = "packages"


def install(project: Path) -> None:
    """At training: into the model's folder, so that serving needs no installation."""
    requirements = project / "requirements.txt"
    if requirements.is_file():
        _install(requirements, project / _FOLDER)


def use(model: Path) -> None:
    """At serving: what training left beside the model; a baseline, which nobody trained, is given its own."""
    target = model / _FOLDER
    requirements = model / "requirements.txt"
    if not target.is_dir() and requirements.is_file():
        target = Path(tempfile.mkdtemp(prefix="packages-"))  # SageMaker mounts the model's folder read-only
        _install(requirements, target)
    sys.path.append(str(target))


def _install(requirements: Path, target: Path) -> None:
    missing = _missing(requirements)
    target.mkdir(exist_ok=True)
    sys.path.append(str(target))
    if missing:
        say(f"installing {' '.join(missing)}")
        _pip("--no-deps", "--target", str(target), *missing)


def _missing(requirements: Path) -> list[str]:
    """What pip would add to the environment, at which versions."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
        own = {f"{found.name}=={found.version}" for found in distributions() if found.name != "heirloom"}
        constraints.write("\n".join(sorted(own)))
        constraints.flush()
        report = _pip(
            "--dry-run", "--report", "-", "--constraint", constraints.name, "--requirement", str(requirements)
        )
    found = [package["metadata"] for package in json.loads(report)["install"]]
    return [f"{metadata['name']}=={metadata['version']}" for metadata in found]


def _pip(*arguments: str) -> str:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise Invalid(f"requirements.txt can't be installed: {ran.stderr.strip()[-800:]}")
    return ran.stdout
