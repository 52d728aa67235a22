"""How every adapter reaches AWS: clients with time limits, and botocore's errors as the core's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from heirloom.core.errors import Conflict, Denied, HeirloomError, Invalid, NotFound, Unavailable

_STATUS: dict[int, type[HeirloomError]] = {
    401: Denied,
    403: Denied,
    404: NotFound,
    408: Unavailable,
    409: Conflict,
    412: Conflict,
    429: Unavailable,
}
# The protocols that answer 400 for everything say by the code what they mean.
_CODES: dict[str, type[HeirloomError]] = {
    "AccessDenied": Denied,
    "AccessDeniedException": Denied,
    "ConditionalCheckFailedException": Conflict,
    "ConflictException": Conflict,
    "ExecutionDoesNotExist": NotFound,
    "ExpiredTokenException": Denied,
    "InvalidSignatureException": Denied,
    "LimitExceededException": Unavailable,
    "NoSuchVersion": NotFound,
    "ProvisionedThroughputExceededException": Unavailable,
    "RequestLimitExceeded": Unavailable,
    "ResourceLimitExceeded": Unavailable,
    "ResourceNotFound": NotFound,
    "ResourceNotFoundException": NotFound,
    "StateMachineDoesNotExist": NotFound,
    "Throttling": Unavailable,
    "ThrottlingException": Unavailable,
    "TransactionInProgressException": Unavailable,
    "UnrecognizedClientException": Denied,
}

_CONNECTIONS = 25
"""That a client keeps open: a file of labels is taken in four requests at once, and each makes four calls at once."""


_AGENT = "heirloom"
"""What CloudTrail shows. botocore's own is put together again for each request, a tenth of what the request takes."""


def client(service: str, read_timeout: float = 20, attempts: int = 4) -> Any:
    """A boto3 client that gives up in time; ``attempts`` counts the first one. Timeouts in seconds."""
    limits = Config(
        connect_timeout=3,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=_CONNECTIONS,
        user_agent=_AGENT,
    )
    return boto3.client(service, config=limits)  # type: ignore[call-overload]


@contextmanager
def translated(what: str, **codes: type[HeirloomError]) -> Iterator[None]:
    """Raise botocore's errors as the core's; ``what`` says in the message what was tried.

    ``codes`` says what an error code means here, where a service uses one code for many things.
    """
    try:
        yield
    except ClientError as error:
        kind = codes.get(_code(error)) or _kind(error)
        raise kind(f"{what}: {error}") from error
    except NoCredentialsError as error:
        raise Denied(f"{what}: {error}") from error
    except BotoCoreError as error:
        raise Unavailable(f"{what}: {error}") from error


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _kind(error: ClientError) -> type[HeirloomError]:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    kind = _CODES.get(_code(error)) or _STATUS.get(status)
    if kind is not None:
        return kind
    return Unavailable if status >= 500 else Invalid
