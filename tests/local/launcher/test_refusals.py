"""What the launcher refuses, each with one line that says what to do."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from heirloom.core.errors import Conflict, Invalid, NotFound, Unavailable
from local import plugpoints
from local.connection import Connection
from local.launcher import EmbeddedAws
from local.plugpoints import PlugPoint, check_plug_points, check_version, pinned_version
from local.statedir import MARKER
from tests.embedded import free_port


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def pinning(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    requirements = folder / "requirements.txt"
    requirements.write_text(text)
    monkeypatch.setattr(plugpoints, "REQUIREMENTS", requirements)


def test_refuses_another_version_of_ministack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed = pinned_version()
    pinning(monkeypatch, tmp_path, "boto3==1\nministack==9.9.9\n")

    with pytest.raises(Invalid, match=rf"MiniStack {re.escape(installed)} is installed, but 9\.9\.9 is needed"):
        check_version()


def test_refuses_requirements_that_pin_no_ministack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pinning(monkeypatch, tmp_path, "ministack>=1\n")

    with pytest.raises(Invalid, match="does not pin ministack"):
        check_version()


@pytest.mark.parametrize(
    ("point", "problem"),
    [
        (PlugPoint("json", "no_such_name", "x"), "json.no_such_name is gone"),
        (PlugPoint("json", "__doc__"), "json.__doc__ can't be called"),
        (PlugPoint("sys", "modules", "no such module"), "sys.modules is no dictionary with 'no such module'"),
    ],
)
def test_names_each_plug_point_that_has_moved(point: PlugPoint, problem: str) -> None:
    with pytest.raises(Invalid, match=rf"changed where it is extended: .*{re.escape(problem)}"):
        check_plug_points((PlugPoint("json", "dumps"), point))


def test_says_that_another_program_has_the_port(tmp_path: Path, taken_port: int) -> None:
    with pytest.raises(Conflict, match=f"port {taken_port} is in use by another program"):
        EmbeddedAws(tmp_path / "state", taken_port).start()


def test_says_that_another_embedded_aws_has_the_port(aws: Connection, tmp_path: Path) -> None:
    port = int(aws.endpoint_url.rpartition(":")[2])

    with pytest.raises(Conflict, match=f"port {port} is in use by another MiniStack"):
        EmbeddedAws(tmp_path / "state", port).start()


def test_says_that_the_state_directory_is_in_use(aws: Connection, state_dir: Path) -> None:
    with pytest.raises(Conflict, match=r"runs on port \d+: stop it, or use that port"):
        EmbeddedAws(state_dir, free_port()).start()


def test_refuses_state_of_another_version(tmp_path: Path) -> None:
    embedded = EmbeddedAws(tmp_path / "state", free_port())
    embedded.state.prepare()
    (embedded.state.root / MARKER).write_text(json.dumps({"format": 1, "ministack": "0.9"}))

    with pytest.raises(Invalid, match=r"was written by MiniStack 0\.9, this is"):
        embedded.start()


@pytest.mark.parametrize("act", [EmbeddedAws.start, EmbeddedAws.reset])
def test_touches_no_directory_of_somebody_else(tmp_path: Path, act: object) -> None:
    precious = tmp_path / "thesis.txt"
    precious.write_text("years of work")

    with pytest.raises(Invalid, match="is not a state directory of Heirloom"):
        act(EmbeddedAws(tmp_path, free_port()))

    assert precious.read_text() == "years of work"


def test_repeats_why_the_emulator_did_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "hypercorn.py").write_text("raise SystemExit('no server today')")

    with pytest.raises(Unavailable, match="did not start: no server today"):
        EmbeddedAws(tmp_path / "state", free_port()).start()


def test_knows_no_connection_where_nothing_was_started(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="start the embedded AWS with"):
        Connection.load(tmp_path)


def test_refuses_a_broken_connection_file(tmp_path: Path) -> None:
    (tmp_path / "connection.json").write_text('{"endpoint": 1}')

    with pytest.raises(Invalid, match="is not a connection file"):
        Connection.load(tmp_path)
