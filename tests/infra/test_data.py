"""What holds data keeps its name, its protection and its life."""

from __future__ import annotations

import json

import pytest

from tests.infra.synthesis import Stacks

# A changed id is a new, empty resource in the place of the old one.
LOGICAL_IDS = {
    "UploadsBucketC4B27CC7": "AWS::S3::Bucket",
    "UploadsBucketPolicy4A686DED": "AWS::S3::BucketPolicy",
    "ArtifactsBucket88671897": "AWS::S3::Bucket",
    "ArtifactsBucketPolicyBC103148": "AWS::S3::BucketPolicy",
    "LineageTable0005BBD5": "AWS::DynamoDB::Table",
    "RoutesTableC26918F6": "AWS::DynamoDB::Table",
    "PredictionsTable3F2B284F": "AWS::DynamoDB::Table",
    "TrackingTable3514576F": "AWS::DynamoDB::Table",
    "PeoplePoolC64A4D1E": "AWS::Cognito::UserPool",
    "PeopleClient2DD6F9B5": "AWS::Cognito::UserPoolClient",
    "PeopleViewerDB3A71EA": "AWS::Cognito::UserPoolGroup",
    "PeopleDataScientist7A13B63E": "AWS::Cognito::UserPoolGroup",
    "PeopleAdmin311EEAF1": "AWS::Cognito::UserPoolGroup",
}
BUCKETS = [name for name, kind in LOGICAL_IDS.items() if kind == "AWS::S3::Bucket"]
TABLES = [name for name, kind in LOGICAL_IDS.items() if kind == "AWS::DynamoDB::Table"]


def test_the_data_stack_holds_these_and_nothing_else(aws: Stacks) -> None:
    resources = aws.template("Data")["Resources"]

    assert {name: resource["Type"] for name, resource in resources.items()} == LOGICAL_IDS


@pytest.mark.parametrize("name", LOGICAL_IDS)
def test_it_outlives_its_stack(aws: Stacks, name: str) -> None:
    resource = aws.resources()[name]

    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_the_platform_holds_no_data(aws: Stacks) -> None:
    kinds = {resource["Type"] for resource in aws.template("Platform")["Resources"].values()}

    assert not kinds & set(LOGICAL_IDS.values())


@pytest.mark.parametrize("name", BUCKETS)
def test_a_bucket_is_private_encrypted_and_versioned(aws: Stacks, name: str) -> None:
    properties = aws.resources()[name]["Properties"]

    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "AES256" in json.dumps(properties["BucketEncryption"])
    assert "NoncurrentVersionExpiration" in json.dumps(properties["LifecycleConfiguration"])


def test_a_bucket_talks_tls_only(aws: Stacks) -> None:
    policies = aws.resources("AWS::S3::BucketPolicy").values()

    for policy in policies:
        denied = [it for it in policy["Properties"]["PolicyDocument"]["Statement"] if it["Effect"] == "Deny"]
        assert {"Bool": {"aws:SecureTransport": "false"}} in [it["Condition"] for it in denied]


def test_uploads_are_told_to_eventbridge_and_what_is_no_upload_expires(aws: Stacks) -> None:
    properties = aws.resources()["UploadsBucketC4B27CC7"]["Properties"]
    expiring = [rule for rule in properties["LifecycleConfiguration"]["Rules"] if "ExpirationInDays" in rule]

    assert properties["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    days = {rule["Prefix"]: rule["ExpirationInDays"] for rule in expiring}
    assert days == {"quarantine/": 30, "labels-results/": 90}
    assert all(rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1} for rule in expiring)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_costs_nothing_idle_and_can_be_restored(aws: Stacks, name: str) -> None:
    properties = aws.resources()[name]["Properties"]

    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_predictions_expire_and_are_told_of(aws: Stacks) -> None:
    properties = aws.resources()["PredictionsTable3F2B284F"]["Properties"]

    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert properties["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    assert [key["AttributeName"] for key in properties["KeySchema"]] == ["id", "part"]


def test_routes_are_told_of(aws: Stacks) -> None:
    properties = aws.resources()["RoutesTableC26918F6"]["Properties"]

    assert properties["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}


def test_the_outputs_tell_where_everything_is(aws: Stacks) -> None:
    outputs = set(aws.template("Platform")["Outputs"])

    assert outputs == {
        *("ApiId", "ApiUrl", "DataBucket", "ArtifactBucket", "Prefix", "BatchMachine"),
        *("LineageTable", "RoutesTable", "PredictionsTable", "TrackingTable", "DeadPages"),
        *("ExperimentsApiId", "ExperimentsUrl", "UserPool", "UserPoolClient"),
        *("ViewerPolicy", "DataScientistPolicy", "AdminPolicy"),
    }
