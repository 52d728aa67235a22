"""The port Registry."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heirloom.adapters.memory import MemoryRegistry
from heirloom.adapters.sagemaker.registry import SageMakerRegistry
from heirloom.core.run.registry import Registry, Submission
from local.connection import Connection
from tests.embedded import unique


@pytest.fixture(params=["memory", "aws"])
def registry(request: pytest.FixtureRequest) -> Registry:
    if request.param == "memory":
        return MemoryRegistry()
    return SageMakerRegistry(request.getfixturevalue("aws").client("sagemaker"))


def submission() -> Submission:
    group = unique("heirloom-wine")
    facts = {"run": "wine-0123456789ab", "score": "0.7", "objective_met": "true"}
    # As long as a run's id can be, which is longer than a ClientToken.
    return Submission(group, f"{group}-{'x' * 30}", "image:1", "s3://artifacts/runs/wine/model.tar.gz", facts)


def test_numbers_the_versions_of_a_group_from_1(registry: Registry) -> None:
    first = submission()

    numbers = [registry.submit(replace(first, token=f"{first.token}-{n}")).number for n in range(3)]

    assert numbers == [1, 2, 3]


def test_gives_the_same_token_the_same_version(registry: Registry) -> None:
    once = submission()

    package = registry.submit(once)

    assert registry.submit(once) == package
    assert registry.submit(replace(once, token=f"{once.token}-2")).number == 2
    assert package.arn.endswith(f"model-package/{once.group}/1")


def test_counts_in_each_group_apart(registry: Registry) -> None:
    assert registry.submit(submission()).number == registry.submit(submission()).number == 1


def test_keeps_where_a_version_comes_from(aws: Connection) -> None:
    client = aws.client("sagemaker")
    sent = submission()

    package = SageMakerRegistry(client).submit(sent)

    kept = client.describe_model_package(ModelPackageName=package.arn)
    assert kept["CustomerMetadataProperties"] == sent.facts
    assert kept["ModelApprovalStatus"] == "Approved"
    (container,) = kept["InferenceSpecification"]["Containers"]
    assert (container["Image"], container["ModelDataUrl"]) == (sent.image, sent.model_uri)


def test_a_group_that_somebody_else_made_meanwhile_is_used(aws: Connection) -> None:
    class Late(SageMakerRegistry):
        """Looks once before the other made the group."""

        looked = False

        def _has_group(self, group: str) -> bool:
            first, self.looked = not self.looked, True
            if first:
                aws.client("sagemaker").create_model_package_group(ModelPackageGroupName=group)
                return False
            return super()._has_group(group)

    assert Late(aws.client("sagemaker")).submit(submission()).number == 1
