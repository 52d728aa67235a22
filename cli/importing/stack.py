"""How the importer reaches a stack: its API, patiently, and the files of its experiments in S3."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import HTTPClientError

from cli.api import call, connections
from cli.session import Session
from heirloom.adapters.aws import translated
from heirloom.core.errors import Unavailable
from heirloom.core.storage import Location
from heirloom.core.tracking.artifacts.media import content_type

AT_ONCE = 8
"""Runs that are imported at the same time."""
ATTEMPTS, PAUSE = 4, 1.0
"""Of a request that nobody could answer; seconds before the second one, and twice as many before each further one."""
Found = TypeVar("Found")


class Api(Protocol):
    """MLflow's protocol: ``path`` is what follows /api/2.0/mlflow/. Raises the errors of heirloom.core."""

    def __call__(self, method: str, path: str, body: object = None) -> Any: ...


class Files(Protocol):
    """Files below URIs. Each method raises the errors of heirloom.core."""

    def there(self, uri: str) -> Mapping[str, int]:
        """The files below a URI, by their paths below it, each with its bytes."""

    def put(self, uri: str, path: str, file: Path) -> None:
        """Create or replace a file."""


def api_of(session: Session) -> Api:
    """The API of a session's stack, over a few connections that stay open."""
    http = connections(AT_ONCE)

    def ask(method: str, path: str, body: object = None) -> Any:
        try:
            return call(session, method, f"/api/2.0/mlflow/{path}", body, http)
        except HTTPClientError as error:
            raise Unavailable(f"the API: {error}") from error

    return ask


def patient(ask: Callable[[], Found]) -> Found:
    """What ``ask`` gives, which may be asked again without harm. Raises what it raises."""
    for attempt in range(ATTEMPTS - 1):
        try:
            return ask()
        except Unavailable:
            time.sleep(PAUSE * 2**attempt)
    return ask()


class S3Files:
    """Files in S3, by the caller's own rights: no byte passes a function."""

    def __init__(self, session: Session) -> None:
        limits = Config(max_pool_connections=2 * AT_ONCE, retries={"mode": "standard", "total_max_attempts": ATTEMPTS})
        self._s3 = session.boto.client("s3", endpoint_url=session.endpoint_url, config=limits)
        # A run's files one by one, a large one in parts: the runs are what goes on at the same time.
        self._transfer = TransferConfig(use_threads=False)

    def there(self, uri: str) -> Mapping[str, int]:
        where = Location.from_uri(f"{uri}/")
        with translated(f"listing {uri}"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=where.bucket, Prefix=where.key)
            found = [each for page in pages for each in page.get("Contents", [])]
        return {each["Key"].removeprefix(where.key): each["Size"] for each in found}

    def put(self, uri: str, path: str, file: Path) -> None:
        where = Location.from_uri(f"{uri}/{path}")
        told = {"ContentType": content_type(path)}
        with translated(f"writing {where.uri}"), file.open("rb") as opened:
            self._s3.upload_fileobj(opened, where.bucket, where.key, ExtraArgs=told, Config=self._transfer)
