"""``python -m local``: what it prints, and with which status it ends."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from local import __main__ as command
from local.connection import Connection
from local.plugpoints import pinned_version
from tests.embedded import free_port


def test_starts_shows_stops_and_wipes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state_dir, port = tmp_path / "state", free_port()

    def run(name: str) -> dict[str, object]:
        assert command.main([name, "--json", "--port", str(port), "--state-dir", str(state_dir)]) == 0
        answer: dict[str, object] = json.loads(capsys.readouterr().out)
        return answer

    assert run("status")["running"] is False
    assert run("up") == {"endpoint_url": f"http://127.0.0.1:{port}", "state_dir": str(state_dir)}
    assert stat.S_IMODE((state_dir / "connection.json").stat().st_mode) == 0o600
    assert run("up")["endpoint_url"] == f"http://127.0.0.1:{port}"
    shown = run("status")
    assert (shown["healthy"], shown["port"], shown["version"]) == (True, port, pinned_version())
    assert run("down") == {"stopped": True}
    assert run("down") == {"stopped": False}
    assert run("reset") == {"removed": str(state_dir)}
    assert not state_dir.exists()


def test_prints_one_line_for_what_it_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other.txt").touch()

    status = command.main(["up", "--state-dir", str(tmp_path)])

    assert status == 1
    assert capsys.readouterr().err.startswith(f"error: {tmp_path} is not a state directory of Heirloom")


def test_prints_a_line_a_fact(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["status", "--state-dir", str(tmp_path)]) == 0

    assert "running: False\n" in capsys.readouterr().out


def test_keeps_its_credentials_from_one_start_to_the_next(tmp_path: Path) -> None:
    Connection.new(4566).save(tmp_path)

    again = Connection.load(tmp_path).at(4567)

    assert again.access_key_id == Connection.load(tmp_path).access_key_id
    assert again.environment()["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4567"
    assert again.api_url("abc") == "http://127.0.0.1:4567/_aws/execute-api/abc/$default"
    assert again.secret_access_key not in repr(again)
