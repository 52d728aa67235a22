"""A small stack of all that Heirloom's own stack is made of, and what one does with it."""

from __future__ import annotations

import io
import json
import sys
import time
import urllib.error
import urllib.request
import zipfile
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.connection import Connection

NAME = "restart"
RUNTIME = f"python3.{sys.version_info.minor}"
# Called by the state machine with an upload's event, by the HTTP API, and by the topic: each leaves an item.
FUNCTION = """
import json, os, boto3
from greeting import word
def handler(event, context):
    table = boto3.client("dynamodb")
    key = event.get("key") or event.get("rawPath") or event["Records"][0]["Sns"]["Message"]
    item = {"pk": {"S": key}, "word": {"S": word}, "as": {"S": boto3.client("sts").get_caller_identity()["Arn"]}}
    table.put_item(TableName=os.environ["TABLE"], Item=item)
    return {"statusCode": 200, "body": json.dumps({"key": key, "word": word})}
"""


def archive(**files: str) -> bytes:
    """A zip file of modules, each in the folder that its use needs."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name, text in files.items():
            file.writestr(name.replace("__", "/") + ".py", text)
    return stream.getvalue()


def role(service: str, *statements: dict[str, Any]) -> dict[str, Any]:
    """A role of a service, with one inline policy."""
    trust = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [{"PolicyName": "only", "PolicyDocument": policy}],
        },
    }


def allow(action: str, resource: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def arn_of(logical_id: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [logical_id, "Arn"]}


NOTE = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "${Function}", "Payload": {"key.$": "$.detail.object.key"}},
    "End": True,
}
DEFINITION = {"StartAt": "Note", "States": {"Note": NOTE}}

OUTPUTS = ("Alarm", "Api", "Bucket", "Key", "Logs", "Machine", "Parameter", "Queue", "Secret", "Table", "Topic")
TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Bucket": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "VersioningConfiguration": {"Status": "Enabled"},
                "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
            },
        },
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
            },
        },
        "FunctionRole": role("lambda", allow("dynamodb:PutItem", arn_of("Table"))),
        "Layer": {
            "Type": "AWS::Lambda::LayerVersion",
            "Properties": {"Content": {"S3Bucket": "restart-code", "S3Key": "layer.zip"}},
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Code": {"S3Bucket": "restart-code", "S3Key": "function.zip"},
                "Handler": "index.handler",
                "Runtime": RUNTIME,
                "Role": arn_of("FunctionRole"),
                "Layers": [{"Ref": "Layer"}],
                "Environment": {"Variables": {"TABLE": {"Ref": "Table"}}},
                "Timeout": 20,
                "DeadLetterConfig": {"TargetArn": arn_of("Queue")},
                "LoggingConfig": {"LogGroup": {"Ref": "Logs"}},
            },
        },
        "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 7}},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 77}},
        "MachineRole": role("states", allow("lambda:InvokeFunction", arn_of("Function"))),
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "RoleArn": arn_of("MachineRole"),
                "DefinitionString": json.dumps(DEFINITION),
                "DefinitionSubstitutions": {"Function": arn_of("Function")},
            },
        },
        "RuleRole": role("events", allow("states:StartExecution", {"Ref": "Machine"})),
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventPattern": {
                    "source": ["aws.s3"],
                    "detail-type": ["Object Created"],
                    "detail": {"bucket": {"name": [{"Ref": "Bucket"}]}},
                },
                "Targets": [{"Id": "machine", "Arn": {"Ref": "Machine"}, "RoleArn": arn_of("RuleRole")}],
            },
        },
        "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "restart", "ProtocolType": "HTTP"}},
        "Stage": {
            "Type": "AWS::ApiGatewayV2::Stage",
            "Properties": {"ApiId": {"Ref": "Api"}, "StageName": "$default", "AutoDeploy": True},
        },
        "Integration": {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {
                "ApiId": {"Ref": "Api"},
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": arn_of("Function"),
                "PayloadFormatVersion": "2.0",
            },
        },
        "Route": {
            "Type": "AWS::ApiGatewayV2::Route",
            "Properties": {
                "ApiId": {"Ref": "Api"},
                "RouteKey": "GET /{proxy+}",
                "AuthorizationType": "AWS_IAM",
                "Target": {"Fn::Join": ["/", ["integrations", {"Ref": "Integration"}]]},
            },
        },
        "ApiMayInvoke": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "Action": "lambda:InvokeFunction",
                "FunctionName": arn_of("Function"),
                "Principal": "apigateway.amazonaws.com",
            },
        },
        "Topic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"Subscription": [{"Protocol": "lambda", "Endpoint": arn_of("Function")}]},
        },
        "TopicMayInvoke": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "Action": "lambda:InvokeFunction",
                "FunctionName": arn_of("Function"),
                "Principal": "sns.amazonaws.com",
                "SourceArn": {"Ref": "Topic"},
            },
        },
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "Namespace": "Restart",
                "MetricName": "Failures",
                "Statistic": "Sum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 5,
                "ComparisonOperator": "GreaterThanThreshold",
                "TreatMissingData": "notBreaching",
                "AlarmActions": [{"Ref": "Topic"}],
            },
        },
        "Parameter": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "21"}},
        "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "hush"}},
        "Repository": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "restart"}},
        "Key": {
            "Type": "AWS::KMS::Key",
            "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": []}, "EnableKeyRotation": True},
        },
        "Target": {
            "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
            "Properties": {
                "ServiceNamespace": "sagemaker",
                "ResourceId": "endpoint/restart/variant/AllTraffic",
                "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
                "MinCapacity": 1,
                "MaxCapacity": 2,
            },
        },
    },
    "Outputs": {
        name: {"Value": {"Ref": name}, "Export": {"Name": f"restart-{name}"}}
        for name in (
            "Bucket",
            "Table",
            "Machine",
            "Api",
            "Topic",
            "Queue",
            "Secret",
            "Parameter",
            "Alarm",
            "Key",
            "Logs",
        )
    },
}


def deploy(aws: Connection) -> dict[str, str]:
    """Create the stack; its outputs."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="restart-code")
    s3.put_object(Bucket="restart-code", Key="function.zip", Body=archive(index=FUNCTION))
    s3.put_object(Bucket="restart-code", Key="layer.zip", Body=archive(python__greeting="word = 'hello'"))
    formation = aws.client("cloudformation")
    formation.create_stack(StackName=NAME, TemplateBody=json.dumps(TEMPLATE), Capabilities=["CAPABILITY_IAM"])
    formation.get_waiter("stack_create_complete").wait(StackName=NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    return outputs(aws)


def outputs(aws: Connection) -> dict[str, str]:
    """The outputs of the stack, if it is whole."""
    (stack,) = aws.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def item(aws: Connection, table: str, key: str, seconds: float = 10) -> dict[str, Any]:
    """What the function noted under a key, waited for."""
    deadline = time.monotonic() + seconds
    while True:
        found = aws.client("dynamodb").get_item(TableName=table, Key={"pk": {"S": key}}).get("Item")
        if found or time.monotonic() > deadline:
            return dict(found or {})
        time.sleep(0.1)


def get(aws: Connection, api: str, path: str, *, signed: bool = True) -> tuple[int, bytes]:
    """Call the HTTP API, with SigV4 or without."""
    request = AWSRequest("GET", f"{aws.api_url(api)}{path}")
    if signed:
        SigV4Auth(Credentials(aws.access_key_id, aws.secret_access_key), "execute-api", aws.region).add_auth(request)
    try:
        with urllib.request.urlopen(urllib.request.Request(request.url, headers=dict(request.headers))) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as exc:
        with exc:
            return exc.code, exc.read()
