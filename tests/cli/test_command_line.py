"""What holds for every command: help, errors, exit codes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from cli.edge import explain, run
from cli.main import heirloom
from cli.reference import FILE, reference
from heirloom.core.errors import Conflict, Denied, HeirloomError, Invalid, InvalidData, NotFound, Unavailable
from tests.cli.conftest import Run


def verbs(noun: str) -> list[str]:
    """The commands of a noun; the noun itself where it is one."""
    context = click.Context(heirloom)
    command = heirloom.get_command(context, noun)
    return [f"{noun} {verb}" for verb in command.list_commands(context)] if isinstance(command, click.Group) else [noun]


NOUNS = heirloom.list_commands(click.Context(heirloom))
VERBS = sorted(verb for noun in NOUNS for verb in verbs(noun))


def test_lists_every_noun_in_help(cli: Run) -> None:
    ran = cli("--help")

    assert ran.code == 0
    for noun in NOUNS:
        assert f"  {noun} " in ran.out


@pytest.mark.parametrize("verb", VERBS)
def test_every_command_answers_in_json_when_asked(cli: Run, verb: str) -> None:
    assert "--json" in cli(*verb.split(), "--help").out


def test_reference_page_is_what_help_says() -> None:
    assert FILE.read_text(encoding="utf-8") == reference(), "run: python -m cli.reference"


def test_unknown_command_is_a_usage_error(cli: Run) -> None:
    ran = cli("modle", "list")

    assert ran.code == 2
    assert "No such command 'modle'" in ran.err


def test_missing_argument_is_a_usage_error(cli: Run) -> None:
    assert cli("data", "upload", "wine").code == 2


def test_says_that_local_may_be_meant_without_credentials(cli: Run) -> None:
    ran = cli("model", "list")

    assert ran.code == 1
    assert ran.err == "error: no AWS credentials; did you mean --local? `heirloom local up` starts an embedded AWS\n"


def test_asks_for_a_region_when_only_credentials_are_there(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA0000000000000000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)

    ran = cli("model", "list")

    assert ran.code == 2
    assert "no AWS region: set AWS_REGION" in ran.err


def test_local_says_how_to_start_what_was_never_started(cli: Run) -> None:
    ran = cli("model", "list", "--local")

    assert ran.code == 2
    assert "heirloom local up" in ran.err


def test_local_may_come_from_the_environment(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEIRLOOM_LOCAL", "1")

    assert "connection.json does not exist" in cli("run", "list").err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Invalid("x"), 2),
        (InvalidData("x"), 2),
        (NotFound("x"), 2),
        (Denied("x"), 1),
        (Conflict("x"), 1),
        (Unavailable("x"), 1),
        (HeirloomError("x"), 1),
    ],
)
def test_exit_code_tells_whose_fault_it_is(error: HeirloomError, code: int) -> None:
    assert explain(error) == ("x", code)


def test_bug_is_called_a_bug() -> None:
    message, code = explain(ValueError("what"))

    assert code == 1
    assert message == "ValueError: what (a bug of Heirloom's: HEIRLOOM_DEBUG=1 shows where)"


def test_debug_shows_the_traceback(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEIRLOOM_DEBUG", "1")

    assert "Traceback (most recent call last)" in cli("model", "list").err


def test_ctrl_c_ends_with_130() -> None:
    @click.command()
    def sleep() -> None:
        raise KeyboardInterrupt

    assert run(sleep, []) == 130


def test_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m cli --help | head -1"

    ended = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)

    assert ended.stdout.startswith("Usage: heirloom")
    assert ended.stderr == ""


@pytest.mark.parametrize("port", ["0", "99999"])
def test_port_that_is_none_is_a_usage_error(cli: Run, port: str) -> None:
    ran = cli("local", "up", "--port", port)

    assert ran.code == 2
    assert "--port" in ran.err


def test_half_filled_project_stops_before_anything_starts(cli: Run, workspace: Path) -> None:
    cli("project", "init", "wine")

    ran = cli("local", "up")

    assert ran.code == 2
    assert "models/wine/model.yaml:7: data.label: expected" in ran.err
    assert "starting" not in ran.err
    assert not (workspace / ".heirloom").exists()
