"""The image's ``train``: one SageMaker training job, from a CSV and a project to a scored and stored model.

Reads the channels ``data`` (a CSV, and schema.json where the pipeline checked it before) and ``code`` (project.tar.gz).
Leaves in the model's folder the project itself, model.skops and the evidence; the evidence in the output, too. Exits
with 1 and the reason in the failure file where it can't.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tarfile
import threading
import traceback
from functools import partial
from pathlib import Path

from heirloom.adapters.project_folder import read_packed_project
from heirloom.core.dataset.schema import Schema, inspect
from heirloom.core.errors import HeirloomError, Invalid
from heirloom.core.project.definition import Project
from heirloom.core.project.parameters import overlaid
from image.container import SCHEMA_FILE, Container, say
from image.packages import install

_STOPPED = 128 + signal.SIGTERM
_CHUNK = 2**20


def main() -> int:
    """The program: 0 when the model is stored, 1 with a reason when it is not."""
    _stop_when_told()
    container = Container.here()
    try:
        run(container)
    except HeirloomError as problem:
        container.fail(str(problem))
        return 1
    except Exception as defect:  # noqa: BLE001 - the edge of the program
        traceback.print_exc()
        container.fail(f"training broke: {type(defect).__name__}: {defect}")
        return 1
    return 0


def run(container: Container) -> None:
    """One training job. Raises HeirloomError for what the user can mend."""
    _unpack(container.channel("code"), container.model)
    project = read_packed_project(container.model)
    parameters = overlaid(project.training.parameters, container.hyperparameters())
    say(f"{project.name}: parameters {json.dumps(parameters)}, seed {project.training.seed}")
    file = _data_file(container.channel("data"))
    schema = _schema(file, project)
    install(container.model)

    from image.training import Job, train  # noqa: PLC0415 - seconds of imports, after all that fails without them

    train(Job(container, project, parameters, file, schema))


def _unpack(channel: Path, folder: Path) -> None:
    """The project into ``folder``, from the one archive of the channel: CDK names its assets by hash, S3 by key."""
    folder.mkdir(parents=True, exist_ok=True)
    archives = [file for file in sorted(channel.glob("*")) if file.is_file() and tarfile.is_tarfile(file)]
    if len(archives) != 1:
        found = ", ".join(archive.name for archive in archives) or "none"
        raise Invalid(f"channel code: expected one project.tar.gz, got {found}")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder, filter="data")


def _data_file(channel: Path) -> Path:
    files = sorted(channel.glob("*.csv"))
    if len(files) != 1:
        raise Invalid(f"channel data: expected one CSV file, got {', '.join(file.name for file in files) or 'none'}")
    return files[0]


def _schema(file: Path, project: Project) -> Schema:
    """As the pipeline found it; found here where somebody starts a job on a file that no pipeline checked."""
    checked = file.with_name(SCHEMA_FILE)
    if checked.exists():
        return Schema.from_document(json.loads(checked.read_text(encoding="utf-8")))
    with file.open("rb") as stream:
        return inspect(iter(partial(stream.read, _CHUNK), b""), project.data).schema


def _stop_when_told() -> None:
    """Exit at SIGTERM within the 120 s that SageMaker waits before SIGKILL, in the midst of a long fit, too.

    A handler would wait until the running C code returns; a thread that waits for the signal does not. As process 1 of
    a container, the program would not even get the signal's default action.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])

    def stop() -> None:
        signal.sigwait([signal.SIGTERM])
        say("stopped by SIGTERM")
        os._exit(_STOPPED)

    threading.Thread(target=stop, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
