"""`heirloom run gc`, over documents and files in memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.conftest import Run
from tests.unit.tracking.server import Server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """Two experiments that were deleted forty days ago, one with files of its own and one with files elsewhere, and a
    run of a registered version that was."""
    server = Server(now=datetime.now(UTC) - timedelta(days=40))
    for name, where in (("kites", ""), ("away", "s3://theirs/files")):
        experiment = server.post("experiments/create", name=name, artifact_location=where)["experiment_id"]
        run = server.begin(experiment, run_name=f"of {name}")
        server.artifacts.write(f"{experiment}/{run}/artifacts/a.txt", b"a", "text/plain")
        server.post("experiments/delete", experiment_id=experiment)
    used = server.begin("0", run_name="used")
    server.post("registered-models/create", name="kite")
    server.post("model-versions/create", name="kite", source="s3://bucket/folder", run_id=used)
    server.post("runs/delete", run_id=used)
    monkeypatch.setattr("cli.options.open_session", lambda out, *, local: None)
    monkeypatch.setattr("cli.gc.Ports", lambda session: server)
    return server


def names(listed: list[dict[str, str]]) -> list[str]:
    return [each["name"] for each in listed]


def test_says_what_would_go_and_removes_nothing(cli: Run, server: Server) -> None:
    before = dict(server.documents.stored)

    ran = cli("run", "gc", "--dry-run", "--json")

    assert names(ran.document["would_go"]) == ["of kites", "kites", "of away", "away"]
    assert names(ran.document["kept"]) == ["used"]
    assert ran.document["removed"] == []
    assert server.documents.stored == before
    assert "4 would be removed" in cli("run", "gc", "--dry-run").out


def test_removes_what_was_deleted_and_says_what_stays(cli: Run, server: Server) -> None:
    ran = cli("run", "gc", "--yes", "--json")

    assert names(ran.document["removed"]) == ["of kites", "kites", "of away", "away"]
    assert [uri.split("/")[2] for uri in ran.document["files_left"]] == ["theirs"]
    assert server.post("experiments/create", name="kites")["experiment_id"] == "3"
    again = cli("run", "gc")
    assert (again.code, again.out.splitlines()[-1]) == (0, "0 removed")


def test_leaves_what_was_deleted_lately(cli: Run, server: Server) -> None:
    assert cli("run", "gc", "--older-than", "41", "--yes", "--json").document["removed"] == []


def test_asks_before_it_removes_anything(cli: Run, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.confirm", lambda question, err: False)
    before = dict(server.documents.stored)

    ran = cli("run", "gc")

    assert (ran.code, server.documents.stored) == (1, before)
    assert "nothing was removed" in ran.err
    assert "a registered version is made of it" in ran.out
    assert "s3://theirs" in cli("run", "gc", "--yes").err
