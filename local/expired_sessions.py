"""Drop expired sessions of roles while other threads open and close theirs.

A plug-in (see local.server). MiniStack walks all sessions whenever one is opened, and fails that call when another
thread opens or closes one meanwhile, as each task of a state machine does.
"""

from __future__ import annotations

from ministack.services import sts


def install() -> None:
    """Replace the walk by one over a copy, which no thread can change."""
    sts._evict_expired_sessions = _drop_expired


def _drop_expired() -> None:
    for key, session in list(sts._sessions.items()):
        if sts._session_expired(session):
            sts._sessions.pop(key, None)
