"""What AWS's errors become. The shapes are botocore's; what the embedded AWS can raise itself is in tests/contract."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError

from heirloom.adapters.aws import translated
from heirloom.core.errors import Conflict, Denied, HeirloomError, Invalid, NotFound, Unavailable


def said(code: str, status: int) -> ClientError:
    response = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Operation")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (said("AccessDeniedException", 400), Denied),
        (said("SomethingNew", 403), Denied),
        (said("ConditionalCheckFailedException", 400), Conflict),
        (said("PreconditionFailed", 412), Conflict),
        (said("ResourceNotFoundException", 400), NotFound),
        (said("NoSuchKey", 404), NotFound),
        (said("404", 404), NotFound),
        (said("ThrottlingException", 400), Unavailable),
        (said("SlowDown", 503), Unavailable),
        (said("InternalFailure", 500), Unavailable),
        (said("TooManyRequests", 429), Unavailable),
        (said("ValidationException", 400), Invalid),
        (NoCredentialsError(), Denied),
        (ReadTimeoutError(endpoint_url="https://example"), Unavailable),
        (EndpointConnectionError(endpoint_url="https://example"), Unavailable),
    ],
)
def test_an_error_of_aws_becomes_one_of_ours(error: Exception, kind: type[HeirloomError]) -> None:
    with pytest.raises(kind, match="reading it: ") as raised, translated("reading it"):
        raise error

    assert type(raised.value) is kind
    assert raised.value.__cause__ is error


def test_a_code_can_mean_something_else_in_one_place() -> None:
    with pytest.raises(NotFound), translated("describing", ValidationException=NotFound):
        raise said("ValidationException", 400)


def test_an_error_of_ours_stays_what_it_is() -> None:
    with pytest.raises(Conflict, match="mine"), translated("reading it"):
        raise Conflict("mine")
