"""`heirloom drift`, over every port in memory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from heirloom.adapters.memory import MemoryWatches
from heirloom.core.monitoring.watch import REQUESTS, Subject, Writing
from tests.cli.conftest import Run
from tests.unit.drift.profiles import DOCUMENT
from tests.unit.drift.test_history import hours
from tests.unit.world import World

MODEL = "flight-delay"
DAY = "2026-11-28"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A version answers; on one day its distances came in kilometres from nine o'clock on."""
    world = World()
    world.deploy()
    world.carry(world.upload("v1"))
    node = world.lineage.node("version", f"{MODEL}/1")
    assert node is not None
    bucket, _, folder = str(node.data["evidence_uri"]).removeprefix("s3://").partition("/")
    world.objects.put(bucket, f"{folder}profile.json", json.dumps(DOCUMENT).encode())
    watches = MemoryWatches()
    watches.put(Writing(Subject(MODEL, 1), REQUESTS, 1, {}, (), hours(9)))
    monkeypatch.setattr(world, "watches", watches, raising=False)
    monkeypatch.setattr("cli.options.open_session", lambda out, *, local: None)
    monkeypatch.setattr("cli.drift.Ports", lambda session: world)
    return world


def test_shows_what_has_drifted_and_since_when(world: World, cli: Run) -> None:
    ran = cli("drift", "show", MODEL, "--day", DAY)

    assert ran.code == 0
    assert "Drifted: miles." in ran.out
    assert "miles has changed since 2026-11-28 09:00 UTC." in ran.out
    header, first = (line for line in ran.out.splitlines() if line.startswith(("column", "miles  ")))
    assert header.split()[:3] == ["column", "importance", "PSI"]
    assert first.split()[:3] == ["miles", "drifted", "70%"]


def test_answers_in_json(world: World, cli: Run) -> None:
    document = cli("drift", "show", MODEL, "--version", "1", "--day", DAY, "--json").document

    assert (document["model"], document["version"], document["rows"]) == (MODEL, 1, 24 * 60)
    assert document["drifted"] == ["miles"]


def test_writes_a_picture_and_all_of_it(world: World, cli: Run, tmp_path: Path) -> None:
    page = cli("drift", "show", MODEL, "--day", DAY, "--out", str(tmp_path / "report.html"))
    whole = cli("drift", "show", MODEL, "--day", DAY, "--json", "--out", str(tmp_path / "report.json"))

    assert (page.code, whole.code) == (0, 0)
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    assert "report.html" in page.err
    assert json.loads((tmp_path / "report.json").read_text()) == whole.document


def test_a_day_without_requests_says_so(world: World, cli: Run) -> None:
    assert "Too few rows to say: 0 of 100." in cli("drift", "show", MODEL, "--day", "2026-11-27").out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--out", "report.pdf"], 2, "expected a file that ends with .html or .json"),
        (["--day", "yesterday"], 2, "'yesterday' does not match"),
        (["--version", "9"], 2, "version 9 has no training profile"),
    ],
)
def test_says_what_is_wrong(world: World, cli: Run, words: list[str], code: int, message: str) -> None:
    ran = cli("drift", "show", MODEL, *words)

    assert ran.code == code
    assert message in ran.err
