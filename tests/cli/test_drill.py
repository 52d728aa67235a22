"""`heirloom drill`, over every port in memory."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from tests.cli.conftest import Run
from tests.unit.rollback.test_drill import MODEL, Rehearsed


@pytest.fixture
def rehearsed(monkeypatch: pytest.MonkeyPatch) -> Rehearsed:
    """A deployed model, whose platform goes on while the command pauses."""
    rehearsed = Rehearsed()
    session = SimpleNamespace(caller="arn:aws:iam::111122223333:user/ana")
    monkeypatch.setattr("cli.options.open_session", lambda out, *, local: session)
    monkeypatch.setattr("cli.drill.Ports", lambda session: None)
    monkeypatch.setattr("cli.drill.stage", lambda session, ports, model: rehearsed.stage)
    return rehearsed


def test_prints_the_seconds_to_each_thing(cli: Run, rehearsed: Rehearsed) -> None:
    ran = cli("drill", MODEL)

    assert ran.code == 0
    assert [line.rsplit(maxsplit=1) for line in ran.out.splitlines()] == [
        ["what", "seconds"],
        ["first bad outcome sent", "0.0"],
        ["the monitor sees the breach", "0.2"],
        ["the page is sent", "0.2"],
        ["the route has moved", "0.2"],
        ["what answers was checked; the breach is over", "0.2"],
    ]
    assert "100 outcomes of a bad twin of version 2 are sent" in ran.err
    assert "the route has moved, 0.2 s after the first outcome" in ran.err
    assert "nobody was answered otherwise" in ran.err


def test_answers_in_json(cli: Run, rehearsed: Rehearsed) -> None:
    document = cli("drill", MODEL, "--json").document

    assert (document["model"], document["version"], document["outcomes"]) == (MODEL, 2, 100)
    assert (document["done"], document["paged"]) == (True, True)
    assert {document[name] for name in ("seen", "page", "moved", "answered")} == {0.2}
    assert document["breach"].startswith("flight-delay/drill-accuracy/v2/")


def test_says_when_there_is_no_pager(cli: Run, rehearsed: Rehearsed) -> None:
    rehearsed.pager = False

    assert "no pager is configured" in cli("drill", MODEL).err


def test_what_does_not_come_is_an_error(cli: Run, rehearsed: Rehearsed) -> None:
    rehearsed.pages, rehearsed.acts = False, lambda: None

    ran = cli("drill", MODEL, "--timeout", "5")

    assert ran.code == 1
    assert (
        "has not come to its end in 5 seconds: the page, the rollback, the check of what answers is missing" in ran.err
    )


def test_what_went_wrong_is_an_error(cli: Run, rehearsed: Rehearsed) -> None:
    theatre = rehearsed.theatre
    theatre.probe.answer = lambda model, rows: replace(theatre.predict(model, rows), version=1)

    ran = cli("drill", MODEL)

    assert ran.code == 1
    assert "did not go well: version 1 answers, not version 0" in ran.err
