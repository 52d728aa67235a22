"""The embedded AWS as its clients see it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import boto3
import pytest
from botocore.exceptions import ClientError

from local.connection import Connection
from tests.embedded import policy


def test_answers_as_the_account_root(aws: Connection) -> None:
    assert aws.client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{aws.account_id}:root"


def test_counts_loopback_as_secure_transport(aws: Connection) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html: aws:SecureTransport."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="only-secure")
    everything = ["arn:aws:s3:::only-secure", "arn:aws:s3:::only-secure/*"]
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": everything,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket="only-secure", Policy=policy(deny))

    s3.put_object(Bucket="only-secure", Key="a", Body=b"1")

    assert s3.get_object(Bucket="only-secure", Key="a")["Body"].read() == b"1"


def test_an_event_of_s3_names_the_version_of_the_object(aws: Connection) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html"""
    s3, queues, events = aws.client("s3"), aws.client("sqs"), aws.client("events")
    s3.create_bucket(Bucket="telling")
    s3.put_bucket_versioning(Bucket="telling", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(
        Bucket="telling", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    queue = queues.create_queue(QueueName="told")["QueueUrl"]
    events.put_rule(Name="tell", EventPattern=json.dumps({"detail": {"bucket": {"name": ["telling"]}}}))
    arn = f"arn:aws:sqs:{aws.region}:{aws.account_id}:told"
    allow = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "*", "Resource": arn}
    queues.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy(allow)})
    events.put_targets(Rule="tell", Targets=[{"Id": "queue", "Arn": arn}])

    version = s3.put_object(Bucket="telling", Key="wine/a b.csv", Body=b"12345")["VersionId"]

    (message,) = queues.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    told = json.loads(message["Body"])["detail"]["object"]
    assert (told["key"], told["size"], told["version-id"]) == ("wine/a b.csv", 5, version)


def test_takes_no_other_key_for_the_root(aws: Connection) -> None:
    stranger = boto3.client(
        "sts",
        endpoint_url=aws.endpoint_url,
        region_name=aws.region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )

    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        stranger.get_caller_identity()


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_ministack/config"])
def test_keeps_the_back_doors_of_ministack_shut(aws: Connection, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403") as refusal:
        urllib.request.urlopen(f"{aws.endpoint_url}{path}", data=b"{}")

    refusal.value.close()


def test_enforces_iam(aws: Connection) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    nobody = boto3.client(
        "s3",
        endpoint_url=aws.endpoint_url,
        region_name=aws.region,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )

    with pytest.raises(ClientError, match="AccessDenied"):
        nobody.list_buckets()
