"""What outlives the platform, in a stack of its own: uploads, artifacts, tables, and who signs in."""

from __future__ import annotations

from aws_cdk import Stack
from constructs import Construct

from infra.bucket import Bucket
from infra.function import PlatformFunction
from infra.grant import Grant
from infra.people import People
from infra.table import Table

QUARANTINE_DAYS = 30
RESULTS_DAYS = 90  # of files of labels: as long as the predictions are kept that they are about


class DataStack(Stack):
    """Everything in it is retained: deleting the stack deletes no data."""

    def __init__(self, scope: Construct, construct_id: str, *, stack_name: str) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=stack_name,
            description="Heirloom: uploads, artifacts, lineage, routes, predictions, experiments, people",
        )
        expiring = {"quarantine/": QUARANTINE_DAYS, "labels-results/": RESULTS_DAYS}
        self.uploads = Bucket(self, "Uploads", events=True, expire_after=expiring)
        self.artifacts = Bucket(self, "Artifacts", variable="HEIRLOOM_ARTIFACT_BUCKET")
        self.lineage = Table(self, "Lineage", variable="HEIRLOOM_LINEAGE_TABLE", partition_key="pk", sort_key="sk")
        self.routes = Table(self, "Routes", variable="HEIRLOOM_ROUTES_TABLE", partition_key="model", stream=True)
        self.predictions = Table(
            self,
            "Predictions",
            variable="HEIRLOOM_PREDICTIONS_TABLE",
            partition_key="id",
            sort_key="part",
            expires="expires",
            stream=True,
        )

        self.tracking = Table(
            self, "Tracking", variable="HEIRLOOM_TRACKING_TABLE", partition_key="partition", sort_key="id", stream=True
        )
        self.people = People(self, "People")

    def grant_read_routes(self, function: PlatformFunction, *operations: str) -> None:
        """Let ``function`` read routes; whoever knows the routes is told where their history is, too."""
        self.routes.grant(function, "GetItem", *operations)
        self.lineage.tell(function)

    def grant_change_routes(self, function: PlatformFunction) -> None:
        """Let ``function`` change routes: a route and its change in the lineage are one transaction."""
        self.routes.grant(function, "GetItem", "PutItem")
        self.lineage.grant(function, "GetItem", "Query", "PutItem")

    def grant_track(self, function: PlatformFunction) -> None:
        """Let ``function`` write runs and versions to tracking, where they say in which bucket their files are."""
        self.tracking.grant(function, "GetItem", "PutItem")
        self.artifacts.tell(function)

    def grant_read_profiles(self, function: PlatformFunction) -> None:
        """Let ``function`` read on what versions were trained."""
        reason = "The training profiles of all models' versions."
        function.allow(Grant("s3", ["GetObject"], self.artifacts.objects("versions/*"), reason))

    def grant_quarantine(self, function: PlatformFunction) -> None:
        """Let ``function`` read an upload, and move one that it refuses out of the way."""
        read = ["GetObject", "GetObjectVersion", "DeleteObject"]
        self.uploads.grant(function, read, "*", "People choose the names of the files that they upload.")
        # Without it S3 answers "denied" instead of "not found" for a file that is gone.
        function.allow(Grant("s3", ["ListBucket"], [self.uploads.arn]))
        self.uploads.grant(function, ["PutObject"], "quarantine/*", "A refused file keeps its name.")
