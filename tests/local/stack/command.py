"""`heirloom` on the deployed stack, as a person types it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from cli.edge import run
from cli.main import heirloom


@dataclass(frozen=True)
class Ran:
    """What the command came to."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        return dict(json.loads(self.out))


@dataclass(frozen=True)
class Command:
    """Runs `heirloom` with these words and --json."""

    capfd: pytest.CaptureFixture[str]

    def __call__(self, *words: object) -> Ran:
        self.capfd.readouterr()
        code = run(heirloom, [*map(str, words), "--json"])
        return Ran(code, *self.capfd.readouterr())
