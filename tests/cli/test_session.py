"""Which AWS a command talks to, and what it says when there is none."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.session import open_session
from heirloom.core.errors import Invalid, NotFound
from local.connection import Connection
from local.statedir import LOCK, RECORD, Running, StateDir, record
from tests.cli.conftest import Run

STOPPED = "error: the embedded AWS is stopped: `heirloom local up` starts it\n"


class Notes:
    """Keeps what is noted."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def note(self, text: str) -> None:
        self.texts.append(text)


@pytest.fixture
def started(workspace: Path) -> Path:
    """The state of an embedded AWS that was started once and does not run."""
    state = workspace / ".heirloom"
    StateDir(state).prepare()
    Connection.new(4566).save(state)
    (state / LOCK).touch()
    return state


@pytest.fixture
def up(started: Path) -> Iterator[Path]:
    """The same, held as a running one holds it."""
    (started / RECORD).write_text(json.dumps(record(Running(1, 1, 4566, 0.0))))
    with (started / LOCK).open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield started


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials of AWS without a region."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA0000000000000000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("credentials")
def test_region_may_come_from_aws_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")

    session = open_session(Notes(), local=False)

    assert session.boto.region_name == "eu-west-1"
    assert session.environment == {"AWS_DEFAULT_REGION": "eu-west-1"}


@pytest.mark.usefixtures("credentials", "up")
def test_missing_region_offers_the_embedded_aws_that_is_up() -> None:
    with pytest.raises(Invalid, match="did you mean --local"):
        open_session(Notes(), local=False)


@pytest.mark.usefixtures("credentials", "up")
def test_missing_stack_offers_the_embedded_aws_that_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    session = open_session(Notes(), local=False)
    session.__dict__["outputs"] = {}

    with pytest.raises(NotFound, match="did you mean --local"):
        session.output("ApiUrl")


@pytest.mark.usefixtures("up")
@pytest.mark.parametrize(("terminal", "texts"), [(True, ["(embedded AWS)"]), (False, [])])
def test_embedded_aws_is_noted_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, texts: list[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    notes = Notes()

    assert open_session(notes, local=False).local
    assert notes.texts == texts


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize("words", [("run", "list"), ("run", "list", "--local"), ("local", "env")])
def test_stopped_embedded_aws_is_called_stopped(cli: Run, words: tuple[str, ...]) -> None:
    ran = cli(*words)

    assert (ran.code, ran.out, ran.err) == (1, "", STOPPED)
