"""A project's own files as SageMaker reads them: project.tar.gz among the assets of the CDK."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from aws_cdk import AssetStaging, FileAssetPackaging, Stack
from aws_cdk import aws_s3 as s3
from constructs import Construct

from heirloom.adapters.project_folder import bundle


class ProjectCode(Construct):
    """``hash`` is the sha256 of the archive, ``uri`` its place in S3, ``keys`` a pattern of every place it may have.

    Rights are given to the pattern: a run, and the endpoint of version 0 until it is updated, read the code that they
    began with while a deployment brings another. An Asset's key would end in .gz, the last suffix alone, while
    SageMaker documents .tar.gz for a ModelDataUrl:
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html
    """

    def __init__(self, scope: Construct, construct_id: str, *, model: str, folder: Path) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        staging = self._stage(folder)
        location = stack.synthesizer.add_file_asset(
            packaging=FileAssetPackaging.FILE,
            source_hash=f"{model}-{staging.asset_hash}.tar",
            file_name=staging.relative_staged_path(stack),
        )
        self.uri = location.s3_object_url
        self.keys = location.object_key.replace(staging.asset_hash, "?" * len(staging.asset_hash))
        self.bucket_arn = s3.Bucket.from_bucket_name(self, "Assets", location.bucket_name).bucket_arn

    @property
    def object_arns(self) -> str:
        return f"{self.bucket_arn}/{self.keys}"

    def _stage(self, folder: Path) -> AssetStaging:
        """The archive is copied when it is staged, so the packed file itself need not stay."""
        with TemporaryDirectory() as scratch:
            packed = Path(scratch) / "project.tar.gz"
            self.hash = bundle(folder, packed)
            return AssetStaging(self, "Staging", source_path=str(packed))
