"""A model project: all that one folder of models/ deploys. Adding a folder changes no line here."""

from __future__ import annotations

import json
from pathlib import Path

from aws_cdk import CustomResource, Duration
from aws_cdk import aws_logs as logs
from constructs import Construct

from heirloom.adapters.project_folder import git_commit
from heirloom.core.project.definition import Project
from infra.baseline import Baseline
from infra.code import ProjectCode
from infra.data import DataStack
from infra.function import PlatformFunction
from infra.image import Image
from infra.pipeline import Pipeline
from infra.release import Release
from infra.roles import ModelRoles
from infra.steps import Steps

# Without an answer CloudFormation would wait an hour: three tries of five minutes, and Lambda's pauses between them.
WAIT_FOR_RECORD = Duration.minutes(20)


class ModelProject(Construct):
    """Code, roles, state machines and baseline endpoint of one model, and its record, which the registry writes."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project: Project,
        folder: Path,
        prefix: str,
        data: DataStack,
        image: Image,
        steps: Steps,
        registry: PlatformFunction,
        log_group: logs.ILogGroup,
    ) -> None:
        super().__init__(scope, construct_id)
        code = ProjectCode(self, "Code", model=project.name, folder=folder)
        roles = ModelRoles(
            self, "Roles", model=project.name, prefix=prefix, image=image, code=code, artifacts=data.artifacts
        )
        self.release = Release(
            self, "Release", model=project.name, prefix=prefix, steps=steps, roles=roles, log_group=log_group
        )
        self.pipeline = Pipeline(
            self,
            "Pipeline",
            model=project.name,
            prefix=prefix,
            steps=steps,
            roles=roles,
            release=self.release,
            artifacts=data.artifacts,
            log_group=log_group,
        )
        baseline = Baseline(self, "Baseline", project=project, prefix=prefix, image=image, code=code, roles=roles)
        record = CustomResource(
            self,
            "Record",
            resource_type="Custom::HeirloomProject",
            service_token=registry.arn,
            service_timeout=WAIT_FOR_RECORD,
            properties={
                "Model": project.name,
                "Spec": json.dumps(project.to_document(), sort_keys=True),
                "CodeUri": code.uri,
                "CodeHash": code.hash,
                "Image": image.uri,
                "StateMachineArn": self.pipeline.arn,
                "ReleaseMachineArn": self.release.arn,
                "BaselineEndpoint": baseline.endpoint_name,
                "GitCommit": git_commit(folder),
            },
        )
        # The first route points at the baseline, so it must answer; the function must be able to write when called.
        record.node.add_dependency(baseline.endpoint, registry)
