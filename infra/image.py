"""The image that trains and serves every model, as a name that SageMaker understands."""

from __future__ import annotations

from aws_cdk import IgnoreMode
from aws_cdk import aws_ecr_assets as ecr_assets
from constructs import Construct

from infra import REPOSITORY
from infra.grant import Grant
from infra.settings import Settings

# The embedded AWS runs the programs of this name as processes: no Docker is needed on a laptop.
LOCAL_IMAGE = "heirloom-image:local"
DOCKERFILE = "image/Dockerfile"
PULL = ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
# SageMaker refuses OCI manifests, which Docker writes where containerd stores its images:
# https://github.com/aws/amazon-sagemaker-feedback/issues/180
DOCKER_MANIFEST = "type=image,oci-mediatypes=false"


class Image(Construct):
    """On AWS built from image/Dockerfile at deployment, for amd64: SageMaker's serverless endpoints take no other."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self._asset = None if settings.local else self._build()

    @property
    def uri(self) -> str:
        return self._asset.image_uri if self._asset else LOCAL_IMAGE

    def pull(self) -> list[Grant]:
        """What a role needs to pull the image: nothing where there is no registry."""
        if not self._asset:
            return []
        return [
            Grant("ecr", PULL, [self._asset.repository.repository_arn]),
            Grant("ecr", ["GetAuthorizationToken"], ["*"], "A token of ECR is for the whole registry."),
        ]

    def describe(self) -> list[Grant]:
        """What a caller of CreateModelPackage needs: SageMaker looks the image up with the caller's rights.

        As in https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonSageMakerModelRegistryFullAccess.html.
        """
        if not self._asset:
            return []
        return [Grant("ecr", ["BatchGetImage", "DescribeImages"], [self._asset.repository.repository_arn])]

    def _build(self) -> ecr_assets.DockerImageAsset:
        return ecr_assets.DockerImageAsset(
            self,
            "Asset",
            directory=str(REPOSITORY),
            file=DOCKERFILE,
            platform=ecr_assets.Platform.LINUX_AMD64,
            outputs=[DOCKER_MANIFEST],
            exclude=_ignored(),
            ignore_mode=IgnoreMode.DOCKER,
        )


def _ignored() -> list[str]:
    """What the Dockerfile's own ignore file keeps out, which Docker reads but the CDK does not.

    It decides when the image is built again, and so when every endpoint moves to a new one.
    """
    lines = (REPOSITORY / f"{DOCKERFILE}.dockerignore").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]
