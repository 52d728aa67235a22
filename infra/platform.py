"""The stacks: what holds data in one, everything else in another. Wiring of constructs only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aws_cdk import App, CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_logs as logs
from constructs import Construct

from heirloom.adapters.project_folder import read_projects
from heirloom.core.errors import Invalid
from heirloom.core.project.definition import Project
from infra import REPOSITORY
from infra.abandoned import Abandoned
from infra.api import Api
from infra.batch import Batch
from infra.capture import Capture
from infra.dashboard import Dashboard
from infra.data import DataStack
from infra.endpoints import Endpoints
from infra.function import LOG_RETENTION, PlatformFunction, Runtime
from infra.image import Image
from infra.intake import Intake
from infra.labels import Labels
from infra.monitor import Monitor
from infra.paging import Paging
from infra.probes import Probes
from infra.project import ModelProject
from infra.release import answering
from infra.rollback import Rollback
from infra.settings import Settings
from infra.slo import ModelSlo
from infra.steps import LINEAGE, Steps
from infra.tracking import Tracking
from infra.trials import Trials


class HeirloomApp(App):
    """Both stacks, for what the context chooses. The flags of cdk.json hold whether or not the CLI starts it."""

    def __init__(self, *, context: Mapping[str, Any] | None = None, outdir: str | None = None) -> None:
        flags = json.loads((REPOSITORY / "cdk.json").read_text())["context"]
        super().__init__(context={**flags, **(context or {})}, outdir=outdir)
        settings = Settings.from_context(self.node)
        self.data = DataStack(self, "Data", stack_name=f"{settings.prefix}-data")
        self.platform = PlatformStack(self, "Platform", settings=settings, data=self.data)
        self.platform.add_stack_dependency(self.data)


class PlatformStack(Stack):
    """Everything that can be made again from the repository: it holds no data."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, data: DataStack) -> None:
        super().__init__(
            scope, construct_id, stack_name=settings.prefix, description="Heirloom: pipelines, endpoints, API"
        )
        self._settings = settings
        self._data = data
        self._runtime = Runtime(self, "Runtime", settings=settings)
        self._endpoints = Endpoints(self, "Endpoints", prefix=settings.prefix)
        self._intake = Intake(self, "Intake", runtime=self._runtime, data=data)
        self._abandoned = Abandoned(self, "Abandoned", prefix=settings.prefix, runtime=self._runtime, data=data)
        self._trials = Trials(data, answering(self, settings.prefix))
        self._api = Api(self, "Api", runtime=self._runtime, data=data, endpoints=self._endpoints, trials=self._trials)
        Capture(
            self,
            "Capture",
            runtime=self._runtime,
            data=data,
            endpoints=self._endpoints,
            trials=self._trials,
            log_group=self._api.predictions_log,
        )
        Monitor(self, "Monitor", runtime=self._runtime, data=data)
        self._tracking = Tracking(self, "Tracking", runtime=self._runtime, data=data, api=self._api)
        Labels(self, "Labels", runtime=self._runtime, data=data, trials=self._trials)
        self._paging = Paging(self, "Paging", settings=settings, runtime=self._runtime, data=data, api=self._api)
        self._rollback = Rollback(
            self,
            "Rollback",
            prefix=settings.prefix,
            runtime=self._runtime,
            data=data,
            endpoints=self._endpoints,
            trials=self._trials,
            api=self._api,
            paging=self._paging,
        )
        Probes(self, "Probes", runtime=self._runtime, data=data, api=self._api)
        self._batch = Batch(
            self,
            "Batch",
            runtime=self._runtime,
            data=data,
            endpoints=self._endpoints,
            buckets=settings.batch_buckets,
        )
        self._add_projects()
        self._add_outputs()

    def _add_projects(self) -> None:
        image = Image(self, "Image", settings=self._settings)
        steps = Steps(
            self,
            "Steps",
            runtime=self._runtime,
            data=self._data,
            endpoints=self._endpoints,
            image=image,
            trials=self._trials,
        )
        registry = self._registry()
        log_group = logs.LogGroup(self, "PipelineLogs", retention=LOG_RETENTION, removal_policy=RemovalPolicy.DESTROY)
        models = Construct(self, "Models")
        for project in _projects(self._settings):
            model = ModelProject(
                models,
                project.name,
                project=project,
                folder=self._settings.models / project.name,
                prefix=self._settings.prefix,
                data=self._data,
                image=image,
                steps=steps,
                registry=registry,
                log_group=log_group,
            )
            self._watch(model, project)
            self._intake.grant_start(model.pipeline)
            self._rollback.grant_retrain(model.pipeline)
            self._api.grant_release(model.release)
            self._abandoned.grant_start(model.release)

    def _watch(self, model: ModelProject, project: Project) -> None:
        """Alarms on what the project promises, and a picture of it."""
        prefix, paging = self._settings.prefix, self._paging
        slo = ModelSlo(model, "Slo", project=project, prefix=prefix, pages=paging.pages, rollbacks=paging.rollbacks)
        if self._settings.dashboards:
            Dashboard(model, "Dashboard", project=project, prefix=prefix, alarms=slo.alarms.values())

    def _registry(self) -> PlatformFunction:
        """What Custom::HeirloomProject calls: it writes projects' records, and clears up after deleted ones."""
        registry = PlatformFunction(
            self, "Registry", runtime=self._runtime, handler="register_project", timeout=Duration.minutes(5)
        )
        self._data.lineage.grant(registry, *LINEAGE, "DeleteItem")
        self._data.routes.grant(registry, "GetItem", "PutItem", "DeleteItem")
        self._data.grant_track(registry)
        self._endpoints.grant_find(registry)
        self._endpoints.grant_delete(registry)
        return registry

    def _add_outputs(self) -> None:
        """What the CLI and other programs find the deployment by."""
        outputs = {
            "ApiId": self._api.api.api_id,
            "ApiUrl": self._api.api.api_endpoint,
            "DataBucket": self._data.uploads.name,
            "ArtifactBucket": self._data.artifacts.name,
            "LineageTable": self._data.lineage.name,
            "RoutesTable": self._data.routes.name,
            "PredictionsTable": self._data.predictions.name,
            "TrackingTable": self._data.tracking.name,
            "BatchMachine": self._batch.state_machine.state_machine_arn,
            "Prefix": self._settings.prefix,
            **self._paging.outputs,
            **self._tracking.outputs,
        }
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)


def _projects(settings: Settings) -> tuple[Project, ...]:
    try:
        projects = read_projects(settings.models)
    except Invalid as invalid:
        raise SystemExit(str(invalid)) from invalid
    for project in projects:
        settings.check_name(project.name)
    return projects
