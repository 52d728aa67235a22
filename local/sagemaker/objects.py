"""S3, as a role sees it: what SageMaker itself downloads for a job or an endpoint, and uploads after a job.

Through the embedded AWS's own S3 API with the role's session, so that IAM and bucket policies apply. Blocks: these are
called from the threads of jobs and endpoints.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from heirloom.core.storage import Location
from local import clients
from local.sagemaker import emulator

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Few parts at once: MiniStack answers them from one thread, in which all else waits.
TRANSFER = TransferConfig(max_concurrency=2)


class TransferError(Exception):
    """Nothing is there, or the role may not see it. The message is what AWS says after `Data download failed:`."""


def s3_client(credentials: emulator.Credentials | None) -> S3Client:
    """A client of the embedded S3 in the ambient region."""
    made: S3Client = clients.client(
        "s3",
        region_name=emulator.region(),
        endpoint_url=emulator.endpoint_url(),
        aws_access_key_id=credentials.access_key_id if credentials else "test",
        aws_secret_access_key=credentials.secret_access_key if credentials else "test",
        aws_session_token=credentials.session_token if credentials else None,
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 3, "mode": "standard"}),
    )
    return made


def download_prefix(s3: S3Client, uri: str, target: Path, role_arn: str) -> int:
    """All objects under a prefix, by their path below it; the number of them. Raises TransferError."""
    source, found = Location.from_uri(uri), 0
    bucket, prefix = source.bucket, source.key
    try:
        for key in _keys(s3, bucket, prefix):
            relative = key[len(prefix) :].lstrip("/") or key.rpartition("/")[2]
            if not (target / relative).resolve().is_relative_to(target.resolve()):
                raise TransferError(f'The key "{key}" leads out of the channel.')
            _download(s3, bucket, key, target / relative)
            found += 1
    except ClientError as problem:
        raise TransferError(_refusal(uri, role_arn, problem)) from problem
    if not found:
        raise TransferError(
            f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket '
            f"exists in the selected region ({emulator.region()}), that objects exist under that S3 prefix, and that "
            f'the role "{role_arn}" has "s3:ListBucket" permissions on bucket "{bucket}".'
        )
    return found


def download_object(s3: S3Client, uri: str, target: Path, role_arn: str) -> None:
    """One object to a file. Raises TransferError."""
    source = Location.from_uri(uri)
    try:
        _download(s3, source.bucket, source.key, target)
    except ClientError as problem:
        raise TransferError(_refusal(uri, role_arn, problem)) from problem


def unpack(archive: Path, target: Path) -> None:
    """A model.tar.gz into a directory; members that would leave it are refused (PEP 706's data filter)."""
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="data")


def upload_archive(s3: S3Client, source: Path, uri: str) -> None:
    """A directory's contents as a tar.gz. Raises TransferError (with a message for upload) when it is refused."""
    goal = Location.from_uri(uri)
    archive = source.parent / f"{source.name}.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for entry in sorted(source.iterdir()):
            tar.add(entry, arcname=entry.name)
    try:
        s3.upload_file(str(archive), goal.bucket, goal.key, Config=TRANSFER)
    except (ClientError, S3UploadFailedError) as problem:
        raise TransferError(f"Unable to upload to {uri}: {problem}") from problem
    finally:
        archive.unlink()


def _keys(s3: S3Client, bucket: str, prefix: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            if not item["Key"].endswith("/"):
                yield item["Key"]


def _download(s3: S3Client, bucket: str, key: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    s3.download_file(bucket, key, str(target), Config=TRANSFER)


def _refusal(uri: str, role_arn: str, problem: ClientError) -> str:
    code = problem.response.get("Error", {}).get("Code", "")
    return f'{code}: the role "{role_arn}" could not read "{uri}" ({problem.response["Error"].get("Message", "")})'
