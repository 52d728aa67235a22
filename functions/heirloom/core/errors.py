"""Every error that Heirloom raises on purpose.

HeirloomError
├── Invalid        the caller's input is wrong: change it
│   └── InvalidData    an uploaded file is wrong: change it and upload again
├── NotFound       no such thing
├── Conflict       it does not go with how things are now: look again
│   └── NotReady       the version has no endpoint: let one be made first
├── Denied         not allowed
└── Unavailable    it may work later: retry
    └── ModelFailed    the model was reached and failed on this input

Adapters translate the errors of their technology into these; each edge maps a kind to its own language once
(HTTP status, exit code, error name in a state machine). docs/errors.md has these, and two that only the image raises.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an input: where it stands, what was expected there, what was found.

    ``line`` is the line in the file, from 1, or 0 where the input has no lines.
    """

    where: str
    expected: str
    got: str = ""
    line: int = 0

    def __str__(self) -> str:
        found = f", got {self.got}" if self.got else ""
        return f"{self.where}: expected {self.expected}{found}"


class HeirloomError(Exception):
    """The root. ``str(error)`` says what, the value got, what is allowed and what to do."""


class Invalid(HeirloomError):
    """The input can't be accepted as it is; ``problems`` lists every reason that was found, not only the first."""

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class InvalidData(Invalid):
    """An uploaded data file can't be used for training."""


class NotFound(HeirloomError):
    """There is no such thing."""


class Conflict(HeirloomError):
    """The thing was changed since it was read, or is not in a state that allows this."""


class NotReady(Conflict):
    """A route can't point at ``version``: it has no endpoint in service."""

    def __init__(self, message: str, version: int) -> None:
        super().__init__(message)
        self.version = version


class Denied(HeirloomError):
    """The caller, or this function's role, may not do this."""


class Unavailable(HeirloomError):
    """A service did not answer in time or asked to slow down; the same call may work later. ``starting``: it says that
    it is not awake yet."""

    def __init__(self, message: str, *, starting: bool = False) -> None:
        super().__init__(message)
        self.starting = starting


class ModelFailed(Unavailable):
    """The model server was reached and failed; a single input may be to blame."""
