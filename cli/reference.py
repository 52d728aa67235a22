"""docs/cli.md, made of what --help says: ``python -m cli.reference`` writes it; a test checks that it is current."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from cli.main import heirloom

FILE = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
WIDTH = 100
HEAD = """# The command

`heirloom` comes with `make dev` (or `pip install -e . -r cli/requirements.txt`). Noun, then verb.

- **Which AWS.** The usual one: `AWS_PROFILE`, `AWS_REGION` and all else that boto3 reads. `--local`, or
  `HEIRLOOM_LOCAL=1`, is the embedded AWS of this repository. Where no AWS credentials are configured and an embedded
  AWS is up, that one is used; on a terminal "(embedded AWS)" says so.
- **Output.** Answers go to stdout; progress, notes and errors to stderr. `--json` answers with one JSON document
  (`run logs`: one a line); its keys stay.
- **Exit codes.** 0: done. 1: something failed, a run that was waited for too. 2: what was typed, or the file it
  names, is wrong. 130: Ctrl-C.
- **Environment.** `HEIRLOOM_LOCAL`, as above. `HEIRLOOM_STATE_DIR`: the folder of the embedded AWS, `.heirloom` by
  default. `HEIRLOOM_STACK`: the stack to talk to, `heirloom` by default. `HEIRLOOM_DEBUG=1`: errors with a traceback.

This page is written by `python -m cli.reference`.
"""


def reference() -> str:
    """The page."""
    return "\n".join([HEAD, *_sections(heirloom, heirloom.make_context("heirloom", [], resilient_parsing=True))])


def _sections(command: click.Command, context: click.Context) -> Iterator[str]:
    context.max_content_width = context.terminal_width = WIDTH
    yield f"## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from _sections(inner, click.Context(inner, parent=context, info_name=name))


if __name__ == "__main__":
    FILE.write_text(reference(), encoding="utf-8")
    sys.stderr.write(f"wrote {FILE}\n")
