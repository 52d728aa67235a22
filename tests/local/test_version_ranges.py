"""Ranges of an object's versions."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from local.connection import Connection
from tests.embedded import unique


def test_a_range_of_a_version_is_that_range(aws: Connection) -> None:
    s3, bucket = aws.client("s3"), unique("ranges")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    older = s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")["VersionId"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"abcdefghij")

    answer = s3.get_object(Bucket=bucket, Key="k", VersionId=older, Range="bytes=2-4")

    assert answer["Body"].read() == b"234"
    assert (answer["ContentLength"], answer["ContentRange"]) == (3, "bytes 2-4/10")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=older)["Body"].read() == b"0123456789"
    with pytest.raises(ClientError) as beyond:
        s3.get_object(Bucket=bucket, Key="k", VersionId=older, Range="bytes=10-12")
    assert beyond.value.response["Error"]["Code"] == "InvalidRange"
    with pytest.raises(ClientError) as missing:
        s3.get_object(Bucket=bucket, Key="k", VersionId="none", Range="bytes=2-4")
    assert missing.value.response["Error"]["Code"] == "NoSuchVersion"
