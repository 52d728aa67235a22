"""The roles that SageMaker takes on for one model: one trains it, another serves it, neither sees another model."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.bucket import Bucket
from infra.code import ProjectCode
from infra.grant import Grant, role_with
from infra.image import Image

# The groups that SageMaker writes the logs of jobs and of endpoints to:
# https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
TRAINING_LOGS = "/aws/sagemaker/TrainingJobs"
ENDPOINT_LOGS = "/aws/sagemaker/Endpoints/"
RUNS = "The runs of this model, each in a folder of its own."
LOGS = "SageMaker makes a log stream a job and a log group an endpoint."
MAKE_LOGS = ("CreateLogGroup", "CreateLogStream", "DescribeLogStreams")
# How busy the machines of jobs and endpoints are, which SageMaker publishes with the role's rights:
# https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
METRICS = Grant(
    "cloudwatch",
    ["PutMetricData"],
    ["*"],
    "CloudWatch metrics have no resources; the condition names those of SageMaker.",
    conditions={"StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*"]}},
)


class ModelRoles(Construct):
    """``training`` reads the model's datasets and writes its runs; ``serving`` reads what the runs made."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        model: str,
        prefix: str,
        image: Image,
        code: ProjectCode,
        artifacts: Bucket,
    ) -> None:
        super().__init__(scope, construct_id)
        project = Grant("s3", ["GetObject"], [code.object_arns])
        datasets, runs = artifacts.objects(f"datasets/{model}/*"), artifacts.objects(f"runs/{model}/*")
        only_code = {"StringLike": {"s3:prefix": [code.keys]}}
        training = [
            Grant("s3", ["ListBucket"], [code.bucket_arn], conditions=only_code),
            artifacts.listing(f"datasets/{model}/*"),
            Grant("s3", ["GetObject"], datasets, "The datasets of this model, each named by its content."),
            Grant("s3", ["PutObject", "AbortMultipartUpload"], runs, RUNS),
            *self._logs(TRAINING_LOGS, f"{model}-*"),
        ]
        serving = [
            Grant("s3", ["GetObject"], runs, RUNS),
            *self._logs(f"{ENDPOINT_LOGS}{prefix}-{model}-v*", "*"),
        ]
        common = [project, METRICS, *image.pull()]
        self.training = role_with(self, "Training", service="sagemaker", grants=[*common, *training])
        self.serving = role_with(self, "Serving", service="sagemaker", grants=[*common, *serving])

    def _logs(self, group: str, streams: str) -> list[Grant]:
        """Make the group and its streams, and write to these streams; making one is checked before it has a name."""
        stack = Stack.of(self)
        arn = f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group:{group}"
        return [
            Grant("logs", MAKE_LOGS, [arn, f"{arn}:*"], LOGS),
            Grant("logs", ["PutLogEvents"], [f"{arn}:log-stream:{streams}"], LOGS),
        ]


def passing(role: iam.Role) -> Grant:
    """Handing this role to SageMaker, and to nothing else."""
    only = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    return Grant("iam", ["PassRole"], [role.role_arn], conditions=only)
