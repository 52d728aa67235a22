"""What a deployment can choose, by CDK context: ``cdk deploy -c target=local -c prefix=trial -c models=my/models``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from constructs import Node

from infra import REPOSITORY

TARGETS = ("aws", "local")


@dataclass(frozen=True)
class Settings:
    """``target``: who runs the templates; ``prefix``: of every name that AWS wants unique; ``models``: the projects."""

    target: str
    prefix: str
    models: Path

    @property
    def local(self) -> bool:
        return self.target == "local"

    @classmethod
    def from_context(cls, node: Node) -> Settings:
        """Read and check the context. ``models`` is relative to the repository."""
        target = str(node.try_get_context("target") or "aws")
        prefix = str(node.try_get_context("prefix") or "heirloom")
        models = REPOSITORY / str(node.try_get_context("models") or "models")
        if target not in TARGETS:
            raise SystemExit(f"context target: expected one of {', '.join(TARGETS)}, got {target!r}")
        # SageMaker names have at most 63 characters: <prefix>-<model, up to 40>-v<number>.
        if not re.fullmatch(r"[a-z][a-z0-9]{1,11}", prefix):
            raise SystemExit(f"context prefix: expected 2 to 12 lower-case letters and digits, got {prefix!r}")
        if not models.is_dir():
            raise SystemExit(f"context models: expected a folder of model projects, got {models}")
        return cls(target, prefix, models)
