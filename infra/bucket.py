"""An S3 bucket and its address: private, TLS only, versioned, and kept when the stack is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.export import export
from infra.function import PlatformFunction
from infra.grant import Grant
from infra.nag import acknowledge


class Bucket(Construct):
    """``variable`` is the environment variable in which functions find the bucket's name.

    Encrypted with keys of S3: a customer-managed key costs $1 a month and a request to KMS an object, and the role
    that may read an object is the boundary in either case. ``expire_after`` maps a prefix to days.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        variable: str | None = None,
        events: bool = False,
        expire_after: dict[str, int] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._variable = variable
        bucket = s3.Bucket(
            self,
            "Bucket",
            versioned=True,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=_lifecycle(expire_after or {}),
            removal_policy=RemovalPolicy.RETAIN,
        )
        if bucket.policy:
            bucket.policy.apply_removal_policy(RemovalPolicy.RETAIN)
        if events:
            _send_events(bucket)
        acknowledge(
            bucket,
            "AwsSolutions-S1",
            "Access logs are a second bucket to pay for and to keep private; every object version that is used is in "
            "the lineage, and who reads what is CloudTrail's data events, which an account turns on for all buckets.",
        )
        self.name = export(self, "Name", bucket.bucket_name)
        self.arn = export(self, "Arn", bucket.bucket_arn)

    def objects(self, *patterns: str) -> list[str]:
        """The ARNs of the objects under these key patterns."""
        return [f"{self.arn}/{pattern}" for pattern in patterns]

    def grant(self, function: PlatformFunction, operations: Sequence[str], pattern: str, reason: str) -> None:
        """Let ``function`` call these operations, such as GetObject, on keys like this, and tell it the bucket."""
        function.allow(Grant("s3", operations, self.objects(pattern), reason))
        self.tell(function)

    def tell(self, function: PlatformFunction) -> None:
        """Tell ``function`` the bucket's name, without a right to the bucket."""
        if self._variable:
            function.set(self._variable, self.name)

    def listing(self, pattern: str) -> Grant:
        """Listing the keys like this, and no others."""
        return Grant("s3", ["ListBucket"], [self.arn], conditions={"StringLike": {"s3:prefix": [pattern]}})


def _lifecycle(expire_after: dict[str, int]) -> list[s3.LifecycleRule]:
    everywhere = s3.LifecycleRule(
        id="leftovers",
        abort_incomplete_multipart_upload_after=Duration.days(7),
        noncurrent_version_expiration=Duration.days(90),
    )
    by_prefix = [
        s3.LifecycleRule(
            id=f"expire-{prefix.strip('/')}",
            prefix=prefix,
            expiration=Duration.days(days),
            noncurrent_version_expiration=Duration.days(1),
        )
        for prefix, days in expire_after.items()
    ]
    return [everywhere, *by_prefix]


def _send_events(bucket: s3.Bucket) -> None:
    """Set by the bucket's own property: the L2's ``event_bridge_enabled`` deploys a function of its own to do it."""
    resource = cast(s3.CfnBucket, bucket.node.default_child)
    resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
        event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
    )
