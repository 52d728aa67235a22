"""Limits of the embedded SageMaker: AWS's own where they do not make a laptop wait. Tests inject shorter ones."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Settings:
    """Seconds and bytes. Each duration is read from HEIRLOOM_SAGEMAKER_<NAME>_SECONDS.

    stop_grace: between SIGTERM and SIGKILL (AWS, StopTrainingJob: 120 s).
    start_timeout: until /ping answers (AWS, "Use your own inference code with hosting services": 8 minutes).
    invoke_timeout: for the container's answer (AWS, same page: 60 s).
    realtime_bytes, serverless_bytes: request and answer ("Amazon SageMaker AI endpoints and quotas": 25 MB and 4 MB).
    """

    state_dir: Path
    stop_grace: float = 120.0
    start_timeout: float = 120.0
    invoke_timeout: float = 60.0
    realtime_bytes: int = 25 * MEGABYTE
    serverless_bytes: int = 4 * MEGABYTE

    @property
    def images_file(self) -> Path:
        return self.state_dir / "images.json"

    @property
    def work_dir(self) -> Path:
        """Where jobs and endpoints have their files; emptied at each start."""
        return self.state_dir / "sagemaker" / "work"

    @property
    def state_file(self) -> Path:
        return self.state_dir / "sagemaker" / "state.json"

    @property
    def processes_dir(self) -> Path:
        return self.state_dir / "processes"


def read_settings() -> Settings:
    """From the environment of the emulator's process."""

    def seconds(name: str, otherwise: float) -> float:
        return float(os.environ.get(f"HEIRLOOM_SAGEMAKER_{name}_SECONDS", otherwise))

    return Settings(
        state_dir=Path(os.environ.get("HEIRLOOM_STATE_DIR", ".heirloom")).resolve(),
        stop_grace=seconds("STOP_GRACE", Settings.stop_grace),
        start_timeout=seconds("START_TIMEOUT", Settings.start_timeout),
        invoke_timeout=seconds("INVOKE_TIMEOUT", Settings.invoke_timeout),
    )
