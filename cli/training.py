"""A training job on this machine: the image's own `train`, in the folders and the environment that SageMaker gives it.

No AWS takes part: no network is needed, and the program gets none of the caller's AWS variables.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.workspace import workspace
from heirloom.adapters.project_folder import bundle
from heirloom.core.dataset.schema import Summary
from heirloom.core.errors import Unavailable
from heirloom.core.project.definition import Project
from heirloom.core.project.parameters import text_of
from heirloom.core.run.evidence import FILES, Evidence, evidence_of
from local.sagemaker.container import Container, Fleet, Image, Program, make_tree, plain_environment
from local.sagemaker.contract import training_environment, write_input_config

GRACE = 20.0
"""Seconds between the request to end and the end: SageMaker gives 120."""
INSTANCE = "local"

OnLine = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """A project, the file that it learns from, as one pass over it found it, and the parameters as texts."""

    id: str
    folder: Path
    project: Project
    given: Mapping[str, str]
    file: Path
    summary: Summary
    git_commit: str


class Training:
    """A job in the folders below ``work``, which are the caller's to remove."""

    def __init__(self, job: Job, work: Path) -> None:
        self._job, self._work = job, work
        channels = ("input/data/data", "input/data/code")
        self._tree = make_tree(work, job.id, "input/config", *channels, "model", "output/data")
        self.code = bundle(job.folder, self._root / "input/data/code/project.tar.gz")
        """The SHA-256 of the packed project: the same files have the same one when they are deployed."""

    @property
    def _root(self) -> Path:
        return self._tree.root

    def run(self, on_line: OnLine) -> None:
        """Train; ``on_line`` gets what the program prints. Raises Unavailable with the reason of a failure."""
        row = _request(self._job)
        write_input_config(row, self._tree)
        channel = self._root / "input/data/data"
        (channel / "data.csv").symlink_to(self._job.file.resolve())
        schema = json.dumps(self._job.summary.schema.to_document(), ensure_ascii=False)
        (channel / "schema.json").write_text(schema, encoding="utf-8")
        image = Image((str(workspace().app / "image" / "bin"),))
        environment = {**plain_environment(image, self._tree), **training_environment(row, self._tree)}
        fleet = Fleet(self._work / "processes")
        container = Container(Program(["train"], self._tree, environment), fleet, on_line)
        container.start()
        try:
            code = container.wait(self._job.project.training.max_minutes * 60)
        finally:
            container.stop(GRACE)
        self._check(code)

    def evidence(self) -> Evidence:
        """What a training that ended well has left. Raises Invalid."""
        folder = self._root / "output/data"
        return evidence_of({name: (folder / name).read_bytes() for name in FILES if (folder / name).is_file()})

    def pack_model(self, target: Path) -> None:
        """model.tar.gz as SageMaker packs it."""
        with tarfile.open(target, "w:gz") as archive:
            for entry in sorted((self._root / "model").iterdir()):
                archive.add(entry, arcname=entry.name)

    def _check(self, code: int | None) -> None:
        if code == 0:
            return
        if code is None:
            raise Unavailable(f"it took longer than training.max_minutes, {self._job.project.training.max_minutes}")
        failure = self._root / "output/failure"
        told = failure.read_text(errors="replace").strip() if failure.is_file() else ""
        raise Unavailable(told or f"the training program ended with exit code {code}")


def _request(job: Job) -> dict[str, Any]:
    """The job as CreateTrainingJob would be asked for it (infra/workflows/pipeline.asl.json, TrainModel)."""
    parameters = {name: text_of(value) for name, value in job.project.training.parameters.items()}
    channels = [
        {"ChannelName": name, "ContentType": kind, "DataSource": {"S3DataSource": {}}}
        for name, kind in (("data", "text/csv"), ("code", "application/gzip"))
    ]
    return {
        "TrainingJobName": job.id,
        "TrainingJobArn": "",
        "AlgorithmSpecification": {"TrainingInputMode": "File"},
        "HyperParameters": {**parameters, **job.given},
        "InputDataConfig": channels,
        "ResourceConfig": {"InstanceType": INSTANCE},
        "Environment": {
            "HEIRLOOM_MODEL": job.project.name,
            "HEIRLOOM_RUN_ID": job.id,
            "HEIRLOOM_DATASET_ID": job.summary.sha256[:16],
            "HEIRLOOM_GIT_COMMIT": job.git_commit,
        },
    }
