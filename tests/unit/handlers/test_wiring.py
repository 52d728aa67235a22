"""The adapters behind the ports, and what a handler loads before it is called."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from heirloom import handlers, wiring
from heirloom.adapters import s3, stepfunctions
from heirloom.adapters.artifacts import S3Artifacts
from heirloom.adapters.dynamodb.decisions import DynamoDecisions
from heirloom.adapters.dynamodb.incidents import DynamoIncidents
from heirloom.adapters.dynamodb.lineage import DynamoLineage
from heirloom.adapters.dynamodb.predictions import DynamoPredictions
from heirloom.adapters.dynamodb.routes import DynamoRoutes
from heirloom.adapters.dynamodb.trials import DynamoTrials
from heirloom.adapters.label_files import StoredLabelFiles
from heirloom.adapters.logs import CloudWatchRecent
from heirloom.adapters.pagerduty import NoPager, PagerDuty
from heirloom.adapters.predict_function import LambdaProbe
from heirloom.adapters.sagemaker.deployments import SageMakerDeployments
from heirloom.adapters.sagemaker.endpoints import SageMakerEndpoints
from heirloom.adapters.sagemaker.registry import SageMakerRegistry
from heirloom.adapters.sns import SnsAnnouncements
from heirloom.core.incident.desk import Desk
from heirloom.core.prediction.answered import Observer
from heirloom.core.prediction.label_reading import Taking
from heirloom.core.project.recent import RecentProjects
from heirloom.core.release.route import RecentRoutes
from heirloom.core.rollback.ports import Ports
from heirloom.core.run.journal import Journal
from heirloom.core.tracking.tracking import Tracking

NAMES = sorted(
    path.stem
    for path in Path(next(iter(handlers.__path__))).glob("*.py")
    if path.stem not in ("__init__", "edge", "custom_resource", "mlflow_wire")
)
ENVIRONMENT = {
    "HEIRLOOM_PREFIX": "heirloom",
    "HEIRLOOM_LINEAGE_TABLE": "lineage",
    "HEIRLOOM_ROUTES_TABLE": "routes",
    "HEIRLOOM_PREDICTIONS_TABLE": "predictions",
    "HEIRLOOM_TRACKING_TABLE": "tracking",
    "HEIRLOOM_ARTIFACT_BUCKET": "artifacts",
    "HEIRLOOM_API_URL": "https://a1b2c3.execute-api.us-east-1.amazonaws.com",
    "HEIRLOOM_PAGERDUTY_SECRET": "pagerduty",
    "HEIRLOOM_PAGERDUTY_URL": "https://events.pagerduty.com",
    "HEIRLOOM_PAGER_SECONDS": "240",
    "HEIRLOOM_PAGES_TOPIC": "arn:aws:sns:us-east-1:111122223333:pages",
    "HEIRLOOM_PREDICT_FUNCTION": "predict",
    "HEIRLOOM_PREDICT_LOG": "/aws/lambda/predict",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "none",
}
ADAPTERS: dict[str, type] = {
    "lineage": DynamoLineage,
    "routes": DynamoRoutes,
    "recent_routes": RecentRoutes,
    "recent_projects": RecentProjects,
    "observer": Observer,
    "objects": s3.S3Objects,
    "executions": stepfunctions.StepFunctionsExecutions,
    "registry": SageMakerRegistry,
    "deployments": SageMakerDeployments,
    "endpoints": SageMakerEndpoints,
    "patient_endpoints": SageMakerEndpoints,
    "predictions": DynamoPredictions,
    "taking": Taking,
    "label_files": StoredLabelFiles,
    "trials": DynamoTrials,
    "answers": stepfunctions.StepFunctionsAnswers,
    "incidents": DynamoIncidents,
    "pager": PagerDuty,
    "desk": Desk,
    "announcements": SnsAnnouncements,
    "decisions": DynamoDecisions,
    "probe": LambdaProbe,
    "recent_requests": CloudWatchRecent,
    "rollback": Ports,
    "tracking": Tracking,
    "own_tracking": Tracking,
    "experiment_artifacts": S3Artifacts,
    "journal": Journal,
}


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    yield
    for name in (*ADAPTERS, "_client"):
        getattr(wiring, name).cache_clear()


@pytest.mark.parametrize("name", ADAPTERS)
def test_makes_each_adapter_once(name: str) -> None:
    make: Any = getattr(wiring, name)

    made = make()

    assert type(made) is ADAPTERS[name]
    assert make() is made


def test_reads_the_names_of_the_stack() -> None:
    assert (wiring.prefix(), wiring.artifact_bucket()) == ("heirloom", "artifacts")
    assert wiring.clock()().tzinfo is not None


def test_where_no_secret_is_set_up_nobody_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEIRLOOM_PAGERDUTY_SECRET", "")

    assert type(wiring.pager()) is NoPager


def test_whoever_pages_has_so_much_patience() -> None:
    desk = wiring.desk()

    assert (desk.patience.seconds, desk.prefix, desk.api) == (240, "heirloom", wiring.api_url())
    assert desk.pager is wiring.pager()


def test_a_line_goes_to_the_log_whole_and_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    wiring.log()('{"a": 1}')

    assert capsys.readouterr().out == '{"a": 1}\n'


def test_a_caller_who_waits_gets_an_answer_before_the_api_gives_up() -> None:
    config = wiring._client("sagemaker-runtime", 25, 1).meta.config

    assert config.connect_timeout + config.read_timeout < 29
    assert config.retries["total_max_attempts"] == 1


def test_handlers_load_neither_boto3_nor_the_environment_before_they_are_called() -> None:
    modules = ", ".join(f"heirloom.handlers.{name}" for name in NAMES)
    code = f"import sys, {modules}; sys.exit('boto3' in sys.modules or 'urllib3' in sys.modules)"
    python_path = {"PYTHONPATH": str(Path(next(iter(handlers.__path__))).parents[1])}

    done = subprocess.run([sys.executable, "-c", code], env=python_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_a_handler_is_short(name: str) -> None:
    lines = (Path(next(iter(handlers.__path__))) / f"{name}.py").read_text(encoding="utf-8").splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("def handle"))

    assert len(lines) - start <= 25
