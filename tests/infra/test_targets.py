"""The two targets' templates differ only where they must: docs/infrastructure.md gives the reasons."""

from __future__ import annotations

import json
from collections import Counter

from tests.infra.synthesis import Stacks, leaves

# (resource type, property): where the values differ.
DIFFERENCES = {
    ("AWS::SageMaker::Model", "PrimaryContainer.Image"),
    ("Custom::HeirloomProject", "Image"),
    # Pulling the image, and looking it up.
    ("AWS::IAM::Role", "Policies.PolicyDocument.Statement"),
    ("AWS::IAM::Policy", "PolicyDocument.Statement"),
}
# The layer's wheels are for another platform: its hash differs as soon as one of them holds compiled code.
MAY_DIFFER = {("AWS::Lambda::LayerVersion", "Content.S3Key")}


def values(resource: dict[str, object]) -> Counter[tuple[str, str]]:
    return Counter((path, repr(value)) for path, value in leaves(resource.get("Properties", {})))


def test_both_targets_have_the_same_resources(aws: Stacks, local: Stacks) -> None:
    assert aws.resources().keys() == local.resources().keys()


def test_their_properties_differ_in_the_image_and_in_pulling_it(aws: Stacks, local: Stacks) -> None:
    differences = set()
    for name, resource in aws.resources().items():
        ours, theirs = values(resource), values(local.resources()[name])
        for path, _ in (ours - theirs) + (theirs - ours):
            before, statement, _ = path.partition("PolicyDocument.Statement")
            differences.add((resource["Type"], before + statement if statement else path.split(".Fn::")[0]))

    assert differences - MAY_DIFFER == DIFFERENCES


def test_the_roles_differ_in_nothing_but_the_registry(aws: Stacks, local: Stacks) -> None:
    for role in aws.resources("AWS::IAM::Role"):
        more = aws.actions(role) - local.actions(role)

        assert not local.actions(role) - aws.actions(role)
        assert all(action.startswith("ecr:") for action in more)


def test_the_image_is_built_on_aws_only(aws: Stacks, local: Stacks) -> None:
    images = {it["Properties"]["Image"] for it in local.resources("Custom::HeirloomProject").values()}

    assert images == {"heirloom-image:local"}
    assert '"dockerImages": {}' in (local.folder / "Platform.assets.json").read_text()
    assert '"dockerFile": "image/Dockerfile"' in (aws.folder / "Platform.assets.json").read_text()


def test_the_image_has_a_manifest_that_sagemaker_takes(aws: Stacks) -> None:
    """CreateModel says "Unsupported manifest media type" of an OCI image."""
    (image,) = json.loads((aws.folder / "Platform.assets.json").read_text())["dockerImages"].values()

    assert image["source"]["dockerOutputs"] == ["type=image,oci-mediatypes=false"]
    assert image["source"]["platform"] == "linux/amd64"
