"""Calling people: the topics that alarms and rollbacks speak to, and the functions that tell PagerDuty."""

from __future__ import annotations

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.api import Api
from infra.data import DataStack
from infra.dead_letters import DeadLetters
from infra.function import PlatformFunction, Runtime
from infra.grant import Grant
from infra.settings import Settings

PATIENCE = Duration.minutes(4)
"""For which a page is tried in one call. Lambda calls three times, one and two minutes apart: so PagerDuty may be out
of order for a quarter of an hour before a page becomes a dead letter."""


class Paging(Construct):
    """``pages`` is of all that people should hear, ``rollbacks`` of what the rollback acts on, too.

    Neither is encrypted by a key of SNS's own: CloudWatch can't publish to such a topic, and a key of ours costs $1 a
    month. What they carry is names and figures: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html.
    A page that can't be sent is a dead letter, of which an alarm tells.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        runtime: Runtime,
        data: DataStack,
        api: Api,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._runtime = runtime
        self._api = api
        self._dead_letters = DeadLetters(self, "DeadLetters", what="A page")
        self.pages = self._topic("Pages")
        self.rollbacks = self._topic("Rollbacks")
        self._notify(data)
        self._announce(data)

    @property
    def outputs(self) -> dict[str, str]:
        """What `heirloom incidents` finds its way by; without a secret nobody is called."""
        settings = self._settings
        told = {"PagerDutySecret": settings.pagerduty_secret, "PagerDutyUrl": settings.pagerduty_url}
        return {"DeadPages": self._dead_letters.queue.queue_url, **(told if settings.pagerduty_secret else {})}

    def tell_rollbacks(self, function: PlatformFunction) -> None:
        """Invoke ``function`` with what is said on the topic of rollbacks."""
        self.rollbacks.add_subscription(subscriptions.LambdaSubscription(function.function))

    def grant_announce(self, function: PlatformFunction) -> None:
        """Let ``function`` tell people."""
        function.allow(Grant("sns", ["Publish"], [self.pages.topic_arn]))
        function.set("HEIRLOOM_PAGES_TOPIC", self.pages.topic_arn)

    def _topic(self, construct_id: str) -> sns.Topic:
        """With a policy of its own, so that the alarms have to be named in it."""
        topic = sns.Topic(self, construct_id, enforce_ssl=True)
        alarms = Stack.of(self).format_arn(
            service="cloudwatch",
            resource="alarm",
            resource_name=f"{self._settings.prefix}-*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"ArnLike": {"aws:SourceArn": alarms}},
            )
        )
        return topic

    def _notify(self, data: DataStack) -> None:
        function = PlatformFunction(
            self,
            "NotifyPagerDuty",
            runtime=self._runtime,
            handler="notify_pagerduty",
            timeout=PATIENCE.plus(Duration.seconds(60)),
            dead_letters=self._dead_letters.queue,
        )
        data.predictions.grant(function, "GetItem", "Query", "PutItem")
        data.grant_read_routes(function)
        function.set("HEIRLOOM_PAGER_SECONDS", str(PATIENCE.to_seconds()))
        self._let_page(function)
        for topic in (self.pages, self.rollbacks):
            topic.add_subscription(
                subscriptions.LambdaSubscription(function.function, dead_letter_queue=self._dead_letters.queue)
            )

    def _announce(self, data: DataStack) -> None:
        """Changes of routes as PagerDuty's change events: what was deployed, promoted, rolled back before a breach."""
        dead_letters = DeadLetters(self, "Unannounced", what="A change of a route that PagerDuty was to hear of")
        function = PlatformFunction(
            self,
            "AnnounceChange",
            runtime=self._runtime,
            handler="announce_change",
            timeout=Duration.minutes(2),
        )
        self._let_page(function)
        data.routes.deliver(function, dead_letters.queue, {"eventName": ["INSERT", "MODIFY"]})

    def _let_page(self, function: PlatformFunction) -> None:
        secret = self._settings.pagerduty_secret
        function.set("HEIRLOOM_PREFIX", self._settings.prefix)
        function.set("HEIRLOOM_API_URL", self._api.api.api_endpoint)
        function.set("HEIRLOOM_PAGERDUTY_SECRET", secret)
        function.set("HEIRLOOM_PAGERDUTY_URL", self._settings.pagerduty_url)
        if secret:
            # Secrets Manager adds six letters to the name that a secret is made with.
            arn = Stack.of(self).format_arn(
                service="secretsmanager",
                resource="secret",
                resource_name=f"{secret}-??????",
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            )
            function.allow(Grant("secretsmanager", ["GetSecretValue"], [arn], "AWS ends a secret's ARN by chance."))
