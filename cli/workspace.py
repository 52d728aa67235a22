"""Where things are on this machine: the models/ worked on, the app that deploys them, the embedded AWS's state.

The repository is the nearest folder, from here upwards, that holds a models/ or a cdk.json; outside of any, it is the
checkout that this command was installed from.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

MARKS = ("cdk.json", "models")


@dataclass(frozen=True)
class Workspace:
    """The folders that commands work in."""

    root: Path

    @property
    def models(self) -> Path:
        """The folder of the model projects."""
        return self.root / "models"

    @property
    def state(self) -> Path:
        """The folder of the embedded AWS; HEIRLOOM_STATE_DIR moves it."""
        return Path(os.environ.get("HEIRLOOM_STATE_DIR") or self.root / ".heirloom")

    @property
    def app(self) -> Path:
        """The checkout with the CDK app; the models may be in another repository."""
        return Path(__file__).resolve().parents[1]

    def shown(self, path: Path) -> str:
        """A path as the reader would type it: relative to here when it is below."""
        try:
            return str(path.resolve().relative_to(Path.cwd()))
        except ValueError:
            return str(path)


def workspace() -> Workspace:
    """The one around the current directory."""
    here = Path.cwd()
    found = next((folder for folder in (here, *here.parents) if any((folder / mark).exists() for mark in MARKS)), None)
    return Workspace(found or Path(__file__).resolve().parents[1])
