"""IAM holds for SageMaker as it does for MiniStack's own services."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.embedded import policy
from tests.local.sagemaker.conftest import Lab

ARN = "arn:aws:sagemaker:us-east-1:111122223333"


def as_user(lab: Lab, name: str, *statements: dict[str, Any]) -> Any:
    """A session of a user who has only these grants."""
    iam = lab.client("iam")
    iam.create_user(UserName=name)
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="grants", PolicyDocument=policy(*statements))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    session = boto3.session.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="us-east-1")
    return lambda service: session.client(service, endpoint_url=lab.aws.endpoint_url)


def test_a_job_needs_the_right_to_pass_its_role(lab: Lab) -> None:
    create = {"Effect": "Allow", "Action": "sagemaker:CreateTrainingJob", "Resource": f"{ARN}:training-job/mine-*"}
    sagemaker = as_user(lab, "trainer", create)("sagemaker")
    image = lab.image("access")

    with pytest.raises(ClientError, match=r"\(AccessDeniedException\).*perform: iam:PassRole on resource: arn:aws:iam"):
        sagemaker.create_training_job(**lab.job_request("mine-1", image))
    with pytest.raises(ClientError, match=r"perform: sagemaker:CreateTrainingJob on resource: .*training-job/theirs"):
        sagemaker.create_training_job(**lab.job_request("theirs", image))

    allowed = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    passing = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": lab.role, "Condition": allowed}
    permitted = as_user(lab, "passer", create, passing)("sagemaker")
    permitted.create_training_job(**lab.job_request("mine-2", image))
    with pytest.raises(ClientError, match=r"perform: sagemaker:AddTags"):
        permitted.create_training_job(**lab.job_request("mine-3", image, Tags=[{"Key": "a", "Value": "b"}]))


def test_an_endpoint_is_invoked_only_with_a_grant_on_it(lab: Lab) -> None:
    lab.deploy("guarded", lab.image("guarded"))
    grant = {"Effect": "Allow", "Action": "sagemaker:InvokeEndpoint", "Resource": f"{ARN}:endpoint/guarded"}
    caller, stranger = as_user(lab, "caller", grant), as_user(lab, "stranger")

    answer = caller("sagemaker-runtime").invoke_endpoint(EndpointName="guarded", Body=b"name")

    assert answer["Body"].read() == b"guarded\n"
    with pytest.raises(
        ClientError, match=r"\(AccessDeniedException\).*sagemaker:InvokeEndpoint on resource: .*guarded"
    ):
        stranger("sagemaker-runtime").invoke_endpoint(EndpointName="guarded", Body=b"name")
    with pytest.raises(ClientError, match=r"\(AccessDeniedException\).*sagemaker:ListEndpoints"):
        stranger("sagemaker").list_endpoints()


def test_an_update_needs_the_new_configuration_too(lab: Lab) -> None:
    grant = {"Effect": "Allow", "Action": "sagemaker:UpdateEndpoint", "Resource": f"{ARN}:endpoint/*"}
    sagemaker = as_user(lab, "updater", grant)("sagemaker")

    with pytest.raises(ClientError, match=r"perform: sagemaker:UpdateEndpoint on resource: .*endpoint-config/any"):
        sagemaker.update_endpoint(EndpointName="any", EndpointConfigName="any")


def test_a_role_that_does_not_trust_sagemaker_is_refused(lab: Lab) -> None:
    trust = {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    }
    role = lab.client("iam").create_role(RoleName="for-ec2", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]

    with pytest.raises(ClientError, match=r"\(ValidationException\).*Could not assume role .*for-ec2"):
        lab.sagemaker.create_training_job(**lab.job_request("untrusted", "any", RoleArn=role))


def test_a_request_without_a_signature_is_refused(lab: Lab) -> None:

    client = boto3.client(
        "sagemaker",
        region_name="us-east-1",
        endpoint_url=lab.aws.endpoint_url,
        config=Config(signature_version=UNSIGNED),
    )

    with pytest.raises(ClientError, match=r"AccessDenied|MissingAuthenticationToken"):
        client.list_models()
