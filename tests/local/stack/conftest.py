"""The whole stack, put on the embedded AWS by `cdk deploy` itself, once for the tests of this folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.connection import Connection
from local.deploy import Deployment
from tests.local.stack.client import Stack
from tests.local.stack.command import Command
from tests.local.stack.programs import Programs

ROOT = Path(__file__).parents[3]
PROJECTS = Path(__file__).parent / "projects"


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An example of the repository, two copies of a small project, one that is released by a canary, and two that are
    not, of which one is watched by the naive rule."""
    folder = tmp_path_factory.mktemp("stack") / "models"
    example = "flight-delay"
    shutil.copytree(ROOT / "models" / example, folder / example, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PROJECTS / "enamel", folder / "enamel", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECTS / "paint" / "baseline.py", folder / "enamel")
    for name in ("lacquer", "stain"):
        shutil.copytree(PROJECTS / "lacquer", folder / name)
        for file in ("model.py", "baseline.py"):
            shutil.copy(folder / "enamel" / file, folder / name)
    description = folder / "stain" / "model.yaml"
    description.write_text(
        description.read_text().replace("name: lacquer", "name: stain").replace("rule: naive", "rule: confident")
    )
    for name in ("paint", "varnish"):
        shutil.copytree(PROJECTS / "paint", folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        description = folder / name / "model.yaml"
        description.write_text(description.read_text().replace("name: paint", f"name: {name}"))
    return folder


@pytest.fixture(scope="session")
def stack(aws: Connection, state_dir: Path, models: Path) -> Stack:
    """The deployed stack."""
    deployment = Deployment(aws, ROOT, state_dir, print, {"models": str(models)})
    outputs = deployment.deploy()
    return Stack(aws, outputs["heirloom"], deployment)


@pytest.fixture(scope="session")
def programs() -> Iterator[Programs]:
    """What runs programs with MLflow's client in them."""
    programs = Programs()
    yield programs
    programs.stop()


@pytest.fixture
def command(stack: Stack, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs `heirloom` on the deployed stack."""
    monkeypatch.setenv("HEIRLOOM_STATE_DIR", str(stack.deployment.state_dir))
    monkeypatch.setenv("HEIRLOOM_LOCAL", "1")
    return Command(capfd)
