"""Version 0 of a model: the endpoint of the project's baseline rule, there from the first deployment."""

from __future__ import annotations

from hashlib import sha256

from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from heirloom.core.project.definition import Project, Serving
from infra.code import ProjectCode
from infra.image import Image
from infra.roles import ModelRoles

VARIANT = "AllTraffic"


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
        self.endpoint_name = _endpoint_name(f"{prefix}-{project.name}-v0", project.serving)
        self.endpoint = sagemaker.CfnEndpoint(
            self,
            "Endpoint",
            endpoint_name=self.endpoint_name,
            endpoint_config_name=config.attr_endpoint_config_name,
            # Else an update would set the instances back to the first number, whatever the traffic.
            retain_all_variant_properties=project.serving.scales or None,
        )
        if project.serving.scales:
            self._scale(project.serving)

    def _scale(self, serving: Serving) -> None:
        """As the release machine does it for the versions that pipelines make."""
        target = autoscaling.CfnScalableTarget(
            self,
            "ScalableTarget",
            service_namespace="sagemaker",
            scalable_dimension="sagemaker:variant:DesiredInstanceCount",
            resource_id=f"endpoint/{self.endpoint_name}/variant/{VARIANT}",
            min_capacity=serving.min_instances,
            max_capacity=serving.max_instances,
        )
        target.add_resource_dependency(self.endpoint)
        autoscaling.CfnScalingPolicy(
            self,
            "ScalingPolicy",
            policy_name="invocations-per-instance",
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration=autoscaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty(
                target_value=serving.invocations_per_instance,
                disable_scale_in=not serving.scale_in,
                predefined_metric_specification=autoscaling.CfnScalingPolicy.PredefinedMetricSpecificationProperty(
                    predefined_metric_type="SageMakerVariantInvocationsPerInstance"
                ),
            ),
        )


def _endpoint_name(name: str, serving: Serving) -> str:
    """Another name for another form, and for another machine: SageMaker changes neither in place.

    A new name is a new endpoint, to which the route moves before the old one goes. Not of a scaling endpoint's machine:
    https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-update.html
    """
    if serving.form == "serverless":
        return name
    return f"{name}-{sha256(serving.instance.encode()).hexdigest()[:6]}"


def _variant(serving: Serving, model_name: str) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
    """All traffic, on the kind of endpoint that the project asks for: as its trained versions get."""
    if serving.form == "realtime":
        return sagemaker.CfnEndpointConfig.ProductionVariantProperty(
            variant_name=VARIANT,
            model_name=model_name,
            initial_variant_weight=1,
            initial_instance_count=serving.min_instances,
            instance_type=serving.instance,
        )
    return sagemaker.CfnEndpointConfig.ProductionVariantProperty(
        variant_name=VARIANT,
        model_name=model_name,
        initial_variant_weight=1,
        serverless_config=sagemaker.CfnEndpointConfig.ServerlessConfigProperty(
            memory_size_in_mb=serving.memory_mb, max_concurrency=serving.max_concurrency
        ),
    )
