"""Where the embedded AWS answers and as whom: what a client, a shell or the CDK needs to reach it.

Written by the launcher as ``<state dir>/connection.json``, readable by its owner only; read by whoever uses it.
"""

from __future__ import annotations

import functools
import json
import os
import secrets
import string
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from heirloom.core.errors import Invalid, NotFound

FILE = "connection.json"
# The account number of AWS's own documentation: no one's account, so no mistake can reach a real one.
ACCOUNT_ID = "111122223333"


@dataclass(frozen=True)
class Connection:
    """An endpoint and the credentials of its administrator. Hashable, so that its session is made once."""

    endpoint_url: str
    region: str = "us-east-1"
    account_id: str = ACCOUNT_ID
    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)

    @classmethod
    def new(cls, port: int) -> Self:
        """A connection with credentials that were never used before, in the form that AWS gives them."""
        letters = string.ascii_uppercase + "234567"
        key = "AKIA" + "".join(secrets.choice(letters) for _ in range(16))
        return cls(url_of(port), access_key_id=key, secret_access_key=secrets.token_urlsafe(30))

    @classmethod
    def load(cls, state_dir: Path) -> Self:
        """Read what ``save`` wrote; NotFound when no embedded AWS was ever started there."""
        path = state_dir / FILE
        try:
            return cls(**json.loads(path.read_text()))
        except FileNotFoundError as exc:
            raise NotFound(f"{path} does not exist: start the embedded AWS with `heirloom local up`") from exc
        except (ValueError, TypeError) as exc:
            raise Invalid(f"{path} is not a connection file ({exc}): `heirloom local reset` starts afresh") from exc

    def save(self, state_dir: Path) -> None:
        """Write it, never readable by others, and never half written."""
        path = state_dir / FILE
        scratch = path.with_suffix(".new")
        scratch.unlink(missing_ok=True)
        with os.fdopen(os.open(scratch, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(self), file, indent=2)
        scratch.replace(path)

    def at(self, port: int) -> Self:
        """The same credentials on another port."""
        return replace(self, endpoint_url=url_of(port))

    def client(self, service: str) -> Any:
        """A boto3 client of the administrator; safe to make from any thread."""
        return session(self).client(service, endpoint_url=self.endpoint_url, config=direct())

    def environment(self) -> dict[str, str]:
        """The environment variables that point any AWS SDK, the CLI and the CDK here and at nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_ACCOUNT_ID": self.account_id,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def api_url(self, api_id: str, stage: str = "$default") -> str:
        """Where an HTTP API answers; AWS has a host name for each API, the embedded one a path."""
        return f"{self.endpoint_url}/_aws/execute-api/{api_id}/{stage}"


def url_of(port: int) -> str:
    """An address, not a name: SDKs then put the bucket in the path, and no resolver is asked."""
    return f"http://127.0.0.1:{port}"


@functools.lru_cache(maxsize=8)
def session(connection: Connection) -> Any:
    """One boto3 session a connection: making one reads and parses megabytes."""
    import boto3  # noqa: PLC0415 - a fifth of a second, which `status` and `down` need not spend

    return boto3.session.Session(
        aws_access_key_id=connection.access_key_id,
        aws_secret_access_key=connection.secret_access_key,
        region_name=connection.region,
    )


@functools.cache
def direct() -> Any:
    """A client's settings: no proxy stands between this machine and itself, whatever the environment says."""
    from botocore.config import Config  # noqa: PLC0415 - see session

    return Config(proxies={})
