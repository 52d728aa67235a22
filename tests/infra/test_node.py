"""Node comes with the environment: for jsii, which runs the constructs, and for the CDK's own command line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import infra
from infra import node


def test_jsii_takes_the_node_of_the_environment() -> None:
    assert os.environ["JSII_NODE"] == str(infra.NODE)
    assert infra.NODE.is_file()


def test_npm_is_there_for_installing_the_command_line() -> None:
    assert node.npm().is_file()


@pytest.mark.parametrize("arguments", [[], ["deploy"]])
def test_an_unknown_program_is_a_usage_error(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "infra.node", *arguments]
    done = subprocess.run(command, cwd=infra.REPOSITORY, capture_output=True, text=True, check=False)

    assert done.returncode != 0
    assert done.stderr.strip() == "usage: python -m infra.node cdk|npm <arguments>"
