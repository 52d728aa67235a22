"""A session of a role is opened while other sessions come, go and expire."""

from __future__ import annotations

import time
from typing import Any

import pytest
from ministack.services import sts

from local import expired_sessions


class Busy(dict[str, Any]):
    """A session during whose reading another thread opens one."""

    def get(self, key: str, default: Any = None) -> Any:
        sts._sessions[f"opened meanwhile {len(sts._sessions)}"] = {}
        return super().get(key, default)


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    monkeypatch.setattr(sts, "_sessions", kept)
    monkeypatch.setattr(sts, "_evict_expired_sessions", sts._evict_expired_sessions)  # put back after the test
    expired_sessions.install()
    return kept


def test_sessions_that_are_opened_meanwhile_are_no_error(sessions: dict[str, Any]) -> None:
    sessions.update({"first": Busy(), "second": Busy()})

    sts.register_session("third", {})

    assert {"first", "second", "third"} < sessions.keys()


def test_an_expired_session_is_dropped_and_the_others_stay(sessions: dict[str, Any]) -> None:
    now = time.time()
    sessions.update({"expired": {"Expiration": now - 1}, "open": {"Expiration": now + 60}, "endless": {}})

    sts.register_session("new", {})

    assert sessions.keys() == {"open", "endless", "new"}
