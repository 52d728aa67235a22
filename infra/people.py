"""People: the user pool that they sign in to, their roles as its groups, and the app client of `heirloom login`."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from infra.export import export
from infra.nag import acknowledge

ROLES = ("viewer", "data-scientist", "admin")
"""The groups: core/tracking/roles.py says what each may."""
WORKING_DAY = Duration.hours(8)
"""For which a token opens the door. Nothing can end it sooner: who is removed has it until then."""


class People(Construct):
    """Nobody signs up: an admin adds people, and each chooses a password of their own at the first login.

    All of it is kept when the stack is deleted: a pool that is made again knows nobody. A pool costs nothing for up to
    10,000 people who log in within a month: https://aws.amazon.com/cognito/pricing/.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        pool = self._pool()
        client = cognito.UserPoolClient(
            self,
            "Client",
            user_pool=pool,
            # The password goes to Cognito over TLS; SRP, which keeps it here, takes a library of its own.
            auth_flows=cognito.AuthFlow(user_password=True),
            disable_o_auth=True,
            access_token_validity=WORKING_DAY,
            id_token_validity=WORKING_DAY,
            refresh_token_validity=Duration.days(30),
            enable_token_revocation=True,
            prevent_user_existence_errors=True,
        )
        client.apply_removal_policy(RemovalPolicy.RETAIN)
        for rank, role in enumerate(reversed(ROLES)):
            group = cognito.CfnUserPoolGroup(
                self, _id(role), user_pool_id=pool.user_pool_id, group_name=role, precedence=rank
            )
            group.apply_removal_policy(RemovalPolicy.RETAIN)
        self.pool = export(self, "Pool", pool.user_pool_id)
        self.client = export(self, "Client", client.user_pool_client_id)
        self._provider = export(self, "Provider", pool.user_pool_provider_name)

    @property
    def issuer(self) -> str:
        """What the tokens of this pool name as theirs, a URL."""
        return f"https://{self._provider}"

    def _pool(self) -> cognito.UserPool:
        pool = cognito.UserPool(
            self,
            "Pool",
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(username=True),
            sign_in_case_sensitive=False,
            password_policy=cognito.PasswordPolicy(
                min_length=12,
                require_digits=True,
                require_lowercase=True,
                require_symbols=True,
                require_uppercase=True,
                temp_password_validity=Duration.days(7),
            ),
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            account_recovery=cognito.AccountRecovery.NONE,
            feature_plan=cognito.FeaturePlan.LITE,
            deletion_protection=True,
            removal_policy=RemovalPolicy.RETAIN,
        )
        acknowledge(pool, "AwsSolutions-COG2", "A second factor is each person's own choice.")
        plus = (
            "The Plus plan costs $0.02 a person and month from the first person on; the Lite plan nothing up to 10,000."
        )
        acknowledge(pool, "AwsSolutions-COG8", plus)
        return pool


def _id(role: str) -> str:
    return "".join(word.capitalize() for word in role.split("-"))
