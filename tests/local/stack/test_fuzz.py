"""The API against its own description: schemathesis makes requests, right and wrong, and checks each answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests
import schemathesis
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, Phase, settings
from requests.auth import AuthBase
from schemathesis.specs.openapi.checks import positive_data_acceptance, unsupported_method

from local.connection import Connection
from tests.local.stack.client import Stack

pytestmark = pytest.mark.xdist_group("stack")
ROOT = Path(__file__).parents[3]
DESCRIPTION = json.loads((ROOT / "docs" / "openapi.json").read_text())
# Every request is signed here, whatever headers schemathesis leaves out; test_api.py tells what the others get.
schema = schemathesis.openapi.from_dict({**DESCRIPTION, "security": []})


class Signed(AuthBase):
    """Signs what requests sends, as an application's SDK would."""

    def __init__(self, aws: Connection) -> None:
        credentials = Credentials(aws.access_key_id, aws.secret_access_key)
        self._signer = SigV4Auth(credentials, "execute-api", aws.region)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        kept = {"Content-Type": request.headers.get("Content-Type", "application/json")}
        copy = AWSRequest(request.method, request.url, kept, request.body)
        self._signer.add_auth(copy)
        request.headers.update(dict(copy.headers.items()))
        return request


@schema.parametrize()
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_answers_as_its_description_says(case: schemathesis.Case, stack: Stack) -> None:
    response = case.call(base_url=stack.aws.api_url(stack.outputs["ApiId"]), auth=Signed(stack.aws))

    # An HTTP API answers 404, not 405, to a method that a path does not have. Which columns a model wants is
    # not in the description of the API: a well-formed request may still be refused with 422.
    case.validate_response(response, excluded_checks=[unsupported_method, positive_data_acceptance])
