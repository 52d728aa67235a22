"""What `python -m infra.check` finds, and what has been acknowledged. That it finds nothing, `make check` shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from aws_cdk import Validations
from aws_cdk import aws_iam as iam

from infra import REPOSITORY
from infra.check import lint, nag
from infra.platform import HeirloomApp
from tests.infra.synthesis import Stacks


@pytest.fixture(params=["aws", "local"])
def stacks(request: pytest.FixtureRequest) -> Stacks:
    found: Stacks = request.getfixturevalue(request.param)
    return found


def reasons(stacks: Stacks) -> dict[str, str]:
    """The rules that were acknowledged, less the finding in brackets, by reason."""
    found = {}
    for construct in stacks.app.node.find_all():
        for entry in construct.node.metadata:
            if entry.type == Validations.ACKNOWLEDGED_RULES_METADATA_KEY:
                for rule, reason in entry.data.items():
                    found[reason] = re.sub(r"\[.*", "", rule.rpartition("::Aws")[2] or rule)
    return found


def test_an_unexplained_wildcard_is_found(models: Path, tmp_path: Path) -> None:
    app = HeirloomApp(context={"target": "local", "models": str(models)}, outdir=str(tmp_path))
    role = iam.Role(app.platform, "Careless", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    role.add_to_policy(iam.PolicyStatement(actions=["s3:GetObject"], resources=["*"]))
    app.synth()

    assert [finding.split(":")[0] for finding in nag(app)] == ["AwsSolutions-IAM5[Resource"]


def test_a_template_that_cloudformation_would_refuse_is_found(tmp_path: Path) -> None:
    template = tmp_path / "wrong.template.json"
    template.write_text('{"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Colour": "red"}}}}')

    assert [":E3002:" in finding for finding in lint([template])] == [True]


def test_every_reason_is_in_the_documentation(stacks: Stacks) -> None:
    page = " ".join((REPOSITORY / "docs" / "infrastructure.md").read_text().split())

    assert [reason for reason in reasons(stacks) if reason not in page] == []
