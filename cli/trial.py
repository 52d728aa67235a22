"""`heirloom run try`: what would other parameters score? A training job on a run's data that registers nothing.

The one command that uses the SageMaker SDK, as a person does who drives SageMaker from a laptop; it is large, and an
extra. See docs/sagemaker-sdk.md.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import asdict
from typing import Any

import click

from cli.options import connected
from cli.output import Output
from cli.ports import Ports
from cli.progress import Steps
from cli.rows import row_of
from cli.session import Session
from cli.waiting import newest_run
from heirloom.adapters.s3 import S3Objects
from heirloom.core.errors import Invalid, Unavailable
from heirloom.core.project.registration import Registration, registered
from heirloom.core.run.evidence import Scores, read_evidence
from heirloom.core.run.runs import RunDetail, show_run
from heirloom.core.storage import Location

MISSING = "this needs the SageMaker SDK, which is large (about 800 MB): pip install -e '.[sagemaker]'"


@click.command("try")
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("--set", "changes", multiple=True, metavar="PARAMETER=VALUE", help="Another value; may be repeated.")
@connected
def try_command(out: Output, session: Session, run_id: str | None, changes: tuple[str, ...]) -> None:
    """Train once more on the data of RUN, or of the newest run, with other parameters, and score it.

    Registers nothing: put the parameters that you like into model.yaml. Needs the SageMaker SDK.
    """
    if importlib.util.find_spec("sagemaker") is None:
        raise Invalid(MISSING)
    ports = Ports(session)
    detail = show_run(run_id or newest_run(ports), ports.lineage, ports.executions, ports.jobs)
    registration = _deployed(detail, ports)
    parameters = {**registration.project.training.parameters, **row_of(changes)}
    with Steps(out.notes).step(f"training on the data of {detail.run.id} with {_listed(parameters)}"):
        job = _train(session, detail, registration, parameters)
    scores = _scores(session, detail.run.model, job)
    document = {"job": job, "parameters": parameters, "scores": asdict(scores), "of_run": detail.scores}
    out.answer(document, lambda: _show(out, scores, detail))


def _deployed(detail: RunDetail, ports: Ports) -> Registration:
    registration = registered(detail.run.model, ports.lineage)
    if registration is None:
        raise Invalid(f"the project of {detail.run.model} is not deployed any more")
    if detail.job is None:
        raise Invalid(f"run {detail.run.id} has no training job to repeat: it is in the stage {detail.run.stage}")
    return registration


def _train(session: Session, detail: RunDetail, registration: Registration, parameters: dict[str, Any]) -> str:
    """The new job's name. Raises Unavailable when it fails."""
    request = {
        "job": detail.run.id,
        "base_name": f"{detail.run.model}-try",
        "parameters": {name: json.dumps(value) for name, value in parameters.items()},
        "code_uri": registration.code_uri,
    }
    # The SDK refuses every role that lacks the rights of its own catch-all role; ours have what the job uses.
    environment = {**os.environ, **session.environment, "SAGEMAKER_VALIDATE_ROLE": "false"}
    command = [sys.executable, "-m", "cli.sdk_training"]
    ended = subprocess.run(
        command, env=environment, input=json.dumps(request), capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise Unavailable(f"the SageMaker SDK failed: {ended.stderr.strip().rpartition(chr(10))[2]}")
    return ended.stdout.strip().rpartition("\n")[2]


def _scores(session: Session, model: str, job: str) -> Scores:
    location = Location(session.output("ArtifactBucket"), f"runs/{model}/{job}/output/output.tar.gz")
    return read_evidence(S3Objects(session.client("s3")).read(location)).scores


def _show(out: Output, scores: Scores, detail: RunDetail) -> None:
    before = detail.scores["test"] if detail.scores else {}
    names = [scores.metric, *sorted(set(scores.test) - {scores.metric})]
    rows = [(name, scores.test[name], before.get(name), scores.baseline.get(name)) for name in names]
    out.table((f"of {scores.test_rows} held-out rows", "this try", "the run", "baseline"), rows)


def _listed(parameters: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in parameters.items()) or "no parameters"
