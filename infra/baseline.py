"""Version 0 of a model: the endpoint of the project's baseline rule, there from the first deployment."""

from __future__ import annotations

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from heirloom.core.project.definition import Project, Serving
from infra.code import ProjectCode
from infra.image import Image
from infra.roles import ModelRoles


class Baseline(Construct):
    """Only the endpoint has a name of ours: a new baseline replaces model and configuration under it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project: Project,
        prefix: str,
        image: Image,
        code: ProjectCode,
        roles: ModelRoles,
    ) -> None:
        super().__init__(scope, construct_id)
        model = sagemaker.CfnModel(
            self,
            "Model",
            execution_role_arn=roles.serving.role_arn,
            primary_container=sagemaker.CfnModel.ContainerDefinitionProperty(image=image.uri, model_data_url=code.uri),
        )
        config = sagemaker.CfnEndpointConfig(
            self, "Config", production_variants=[_variant(project.serving, model.attr_model_name)]
        )
        self.endpoint_name = f"{prefix}-{project.name}-v0"
        self.endpoint = sagemaker.CfnEndpoint(
            self,
            "Endpoint",
            endpoint_name=self.endpoint_name,
            endpoint_config_name=config.attr_endpoint_config_name,
        )


def _variant(serving: Serving, model_name: str) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
    """All traffic, on the kind of endpoint that the project asks for: as its trained versions get."""
    if serving.form == "realtime":
        return sagemaker.CfnEndpointConfig.ProductionVariantProperty(
            variant_name="AllTraffic",
            model_name=model_name,
            initial_variant_weight=1,
            initial_instance_count=1,
            instance_type=serving.instance,
        )
    return sagemaker.CfnEndpointConfig.ProductionVariantProperty(
        variant_name="AllTraffic",
        model_name=model_name,
        initial_variant_weight=1,
        serverless_config=sagemaker.CfnEndpointConfig.ServerlessConfigProperty(
            memory_size_in_mb=serving.memory_mb, max_concurrency=serving.max_concurrency
        ),
    )
