"""Uploads as the command sends them, against the embedded S3."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cli import upload
from cli.session import embedded
from heirloom.core.errors import NotFound
from local.connection import Connection

BUCKET = "uploads-of-the-command"


@pytest.fixture(scope="module")
def bucket(aws: Connection) -> str:
    """A bucket with versioning, as the data bucket is."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return BUCKET


@pytest.mark.parametrize("size", [0, 1000, upload.PART, upload.PART + 1, 2 * upload.PART + 1000])
def test_every_byte_arrives_and_the_version_is_known(aws: Connection, bucket: str, tmp_path: Path, size: int) -> None:
    s3, file = aws.client("s3"), tmp_path / "data.csv"
    file.write_bytes(hashlib.shake_128(b"seed").digest(size))
    arrived: list[int] = []

    version = upload.send(s3, bucket, f"wine/{size}.csv", file, arrived.append)

    stored = s3.get_object(Bucket=bucket, Key=f"wine/{size}.csv", VersionId=version)["Body"].read()
    assert stored == file.read_bytes()
    assert sum(arrived) == size


def test_two_uploads_of_one_file_are_two_versions(aws: Connection, bucket: str, tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    file.write_text("a,b\n1,2\n")

    versions = {upload.send(aws.client("s3"), bucket, "wine/same.csv", file, lambda _: None) for _ in range(2)}

    assert len(versions) == 2


def test_interrupted_upload_leaves_no_parts_to_pay_for(aws: Connection, bucket: str, tmp_path: Path) -> None:
    s3, file = aws.client("s3"), tmp_path / "data.csv"
    file.write_bytes(bytes(2 * upload.PART))

    def interrupt(_arrived: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upload.send(s3, bucket, "wine/interrupted.csv", file, interrupt)

    assert s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


def test_says_how_to_deploy_when_there_is_no_stack(aws: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEIRLOOM_STACK", "no-such-stack")

    with pytest.raises(NotFound, match="`heirloom local up` deploys it"):
        embedded(aws).output("ApiId")
