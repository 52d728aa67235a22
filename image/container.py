"""SageMaker's container contract: where a program finds its input, leaves its output and says why it failed.

Source: "How Amazon SageMaker AI Provides Training Information" and "How Containers Serve Requests" in the developer
guide. ``SAGEMAKER_BASE_DIR``, the name that SageMaker's own toolkits use, moves /opt/ml for a run without a container.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# DescribeTrainingJob shows the first 1024 characters of the failure file as FailureReason.
_LONGEST_REASON = 1024

MODEL_FILE = "model.skops"
SCHEMA_FILE = "schema.json"
VERDICT_FILE = "compiled.json"


@dataclass(frozen=True)
class Container:
    """The directories below ``base``; ``environment`` is read once, here."""

    base: Path
    environment: Mapping[str, str]

    @classmethod
    def here(cls) -> Container:
        """The container that this process runs in."""
        return cls(Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")), dict(os.environ))

    @property
    def model(self) -> Path:
        """Packed as model.tar.gz after training, unpacked from it before serving."""
        return self.base / "model"

    @property
    def evidence(self) -> Path:
        """Packed as output.tar.gz after training."""
        return self.base / "output" / "data"

    def channel(self, name: str) -> Path:
        """An input channel in File mode."""
        return self.base / "input" / "data" / name

    def hyperparameters(self) -> dict[str, str]:
        """As CreateTrainingJob got them: texts. Those that SageMaker's SDK adds for itself are left out."""
        file = self.base / "input" / "config" / "hyperparameters.json"
        given: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
        return {name: value for name, value in given.items() if not name.startswith("sagemaker_")}

    def fail(self, reason: str) -> None:
        """Leave the reason where SageMaker looks for it, and in the log."""
        say(f"failed: {reason}")
        file = self.base / "output" / "failure"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(reason[:_LONGEST_REASON])


def say(text: str) -> None:
    """A line in the job's log."""
    sys.stdout.write(f"[heirloom] {text}\n")
    sys.stdout.flush()


def write_json(file: Path, document: Any) -> None:
    """Readable, and the same bytes for the same document."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
