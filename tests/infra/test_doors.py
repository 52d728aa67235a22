"""Who gets in: people by a token of the user pool, programs by a signature and one of three policies."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest

from heirloom.adapters.memory.artifacts import MemoryArtifacts
from heirloom.core.tracking.artifacts.proxy import PROXY
from heirloom.core.tracking.endpoints import endpoints
from heirloom.core.tracking.roles import Role
from infra.people import ROLES
from infra.program_roles import ADMIN, DATA_SCIENTIST, VIEWER
from infra.tracking import PATHS
from tests.infra.synthesis import Stacks, leaves, listed

ASKED = {Role.VIEWER: VIEWER, Role.DATA_SCIENTIST: DATA_SCIENTIST, Role.ADMIN: ADMIN}
POLICIES = {Role.VIEWER: "Viewer", Role.DATA_SCIENTIST: "DataScientist", Role.ADMIN: "Admin"}
FILES = {
    Role.VIEWER: {"s3:GetObject"},
    Role.DATA_SCIENTIST: {"s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"},
    Role.ADMIN: {"s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject"},
}
LARGEST_POLICY = 6144
"""Characters without white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html."""


def of_kind(stacks: Stacks, kind: str) -> list[dict[str, Any]]:
    return [it["Properties"] for it in stacks.resources(f"AWS::{kind}").values() if it["Type"] == f"AWS::{kind}"]


def requests() -> list[tuple[str, Role]]:
    """A request of each endpoint, as IAM sees it below the stage, and the least role that it takes."""
    named = {"{model_id}": "m-1", "{tag_key}": "runs"}
    found = []
    for table, base in ((endpoints(MemoryArtifacts()), "mlflow"), (PROXY, "mlflow-artifacts")):
        for role, keys in table.items():
            for method, path in keys:
                below = "/".join(named.get(part, part) for part in path.split("/"))
                whole = f"{below}1/mlflow/runs/search" if below.endswith("/") else below
                found += [(f"{method}/api/{version}/{base}/{whole}", role) for version in ("2.0", "3.0")]
    return found


def policy(stacks: Stacks, role: Role) -> list[dict[str, Any]]:
    (found,) = [
        it["Properties"]["PolicyDocument"]["Statement"]
        for name, it in stacks.resources("AWS::IAM::ManagedPolicy").items()
        if name.startswith(f"TrackingPrograms{POLICIES[role]}")
    ]
    return list(found)


@pytest.mark.parametrize("role", Role)
def test_a_program_s_policy_lets_it_ask_what_its_role_may_and_no_more(role: Role) -> None:
    allowed = {asked for asked, _ in requests() if any(fnmatchcase(asked, pattern) for pattern in ASKED[role])}

    assert allowed == {asked for asked, least in requests() if least <= role}


@pytest.mark.parametrize("role", Role)
def test_a_policy_says_so_of_the_api_and_lets_a_program_reach_the_files(aws: Stacks, role: Role) -> None:
    asking, files, listing = policy(aws, role)
    patterns = {"".join(str(text) for _, text in leaves(it)).partition("/$default/")[2] for it in asking["Resource"]}

    assert listed(asking["Action"]) == ["execute-api:Invoke"]
    assert patterns == set(ASKED[role])
    assert set(listed(files["Action"])) == FILES[role]
    assert [text for _, text in leaves(files["Resource"]) if "*" in str(text)] == ["/experiments/*"]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["experiments/*"]}}


@pytest.mark.parametrize("role", Role)
def test_a_policy_is_not_longer_than_iam_takes(role: Role) -> None:
    """Of an account in the region with the longest name."""
    arn = len('"arn:aws:execute-api:ap-southeast-1:111122223333:abcdef1234/$default/",')

    assert sum(arn + len(pattern) for pattern in ASKED[role]) + 1000 < LARGEST_POLICY


def test_the_groups_of_the_pool_are_the_roles(aws: Stacks) -> None:
    groups = {it["GroupName"]: it["Precedence"] for it in of_kind(aws, "Cognito::UserPoolGroup")}

    assert list(ROLES) == [str(role) for role in Role]
    assert sorted(groups, key=groups.__getitem__, reverse=True) == list(ROLES)


def test_nobody_signs_up_and_passwords_are_strong(aws: Stacks) -> None:
    (pool,) = of_kind(aws, "Cognito::UserPool")
    (client,) = of_kind(aws, "Cognito::UserPoolClient")

    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 12
    assert (pool["MfaConfiguration"], pool["EnabledMfas"]) == ("OPTIONAL", ["SOFTWARE_TOKEN_MFA"])
    assert pool["UserPoolTier"] == "LITE", "what is free is"
    assert "UserPoolName" not in pool
    assert client["ExplicitAuthFlows"] == ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert client["AccessTokenValidity"] == 8 * 60
    assert "GenerateSecret" not in client


def test_each_route_asks_for_a_signature_and_those_of_people_for_a_token(aws: Stacks) -> None:
    routes = of_kind(aws, "ApiGatewayV2::Route")
    people = [it for it in routes if it["ApiId"]["Ref"].startswith("TrackingDoor")]

    assert {it["AuthorizationType"] for it in routes if it not in people} == {"AWS_IAM"}
    assert {it["RouteKey"]: it["AuthorizationType"] for it in people} == {f"ANY {path}": "JWT" for path in PATHS}


def test_a_token_is_of_this_pool_and_of_this_client(aws: Stacks) -> None:
    (authorizer,) = of_kind(aws, "ApiGatewayV2::Authorizer")

    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    assert authorizer["JwtConfiguration"] == {
        "Audience": [{"Fn::ImportValue": "heirloom-data:PeopleClient"}],
        "Issuer": {"Fn::Join": ["", ["https://", {"Fn::ImportValue": "heirloom-data:PeopleProvider"}]]},
    }


def test_both_apis_log_who_asked(aws: Stacks) -> None:
    formats = [it["AccessLogSettings"]["Format"] for it in of_kind(aws, "ApiGatewayV2::Stage")]

    assert len(formats) == 2
    assert sum("$context.authorizer.claims.username" in it for it in formats) == 1
    assert sum("$context.identity.caller" in it for it in formats) == 1
