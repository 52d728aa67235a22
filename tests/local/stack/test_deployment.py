"""`cdk deploy`, `cdk diff` and `cdk destroy` themselves, against the embedded AWS."""

from __future__ import annotations

import pytest

from tests.local.stack.client import Stack

pytestmark = pytest.mark.xdist_group("stack")


def test_what_is_deployed_is_what_the_app_says(stack: Stack) -> None:
    assert stack.deployment.diff() is False
