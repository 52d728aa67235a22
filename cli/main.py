"""`heirloom`: the command of data scientists and on-call engineers. Noun, then verb; every command takes --json."""

from __future__ import annotations

import importlib
import sys
from typing import ClassVar

import click

from cli.edge import run


class Nouns(click.Group):
    """Loads a command's module when the command is asked for: boto3 alone takes longer than `project init`."""

    # Of each name there is a module cli.<name> with the command of that name in it.
    names = (
        "demo",
        "local",
        "project",
        "data",
        "run",
        "model",
        "release",
        "predict",
        "feedback",
        "batch",
        "slo",
        "incidents",
        "drift",
        "drill",
        "import",
        "ui",
        "login",
        "logout",
        "people",
    )
    # A keyword of Python's is no name of a module's attribute.
    modules: ClassVar = {"import": "importing"}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 # click's signature
        """In the order of use."""
        return list(self.names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 # click's
        """The command; None for a word that is none."""
        if cmd_name not in self.names:
            return None
        name = self.modules.get(cmd_name, cmd_name)
        command: click.Command = getattr(importlib.import_module(f"cli.{name}"), name)
        return command


@click.group(cls=Nouns, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="heirloom", prog_name="heirloom")
def heirloom() -> None:
    """Train, release and watch models on AWS, or on the embedded AWS of this machine."""


def main() -> None:
    """The entry point."""
    sys.exit(run(heirloom))
