"""What commands have in common: --json, --local, and how a command gets its Output and its Session."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from cli.output import Output
from cli.session import Session, open_session

Command = Callable[..., None]
Opens = Callable[[], Session]


def answers(function: Command) -> Command:
    """Add --json; the command's first argument is its Output."""

    @click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")
    @functools.wraps(function)
    def command(*, as_json: bool, **arguments: Any) -> None:
        function(Output(as_json=as_json), **arguments)

    return command


def connected(function: Command) -> Command:
    """Add --json and --local; the command's first arguments are its Output and its Session."""

    @functools.wraps(function)
    def command(out: Output, open_: Opens, **arguments: Any) -> None:
        function(out, open_(), **arguments)

    return connectable(command)


def connectable(function: Command) -> Command:
    """Add --json and --local; the command's first arguments are its Output and what opens its Session, if it can."""

    @click.option("--local", is_flag=True, envvar="HEIRLOOM_LOCAL", help="Use the embedded AWS of `heirloom local up`.")
    @answers
    @functools.wraps(function)
    def command(out: Output, *, local: bool, **arguments: Any) -> None:
        function(out, functools.partial(open_session, out, local=local), **arguments)

    return command
