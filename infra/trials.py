"""The trials of canaries: counting for them, deciding them, and telling the release that waits for the verdict."""

from __future__ import annotations

from dataclasses import dataclass

from infra.data import DataStack
from infra.function import PlatformFunction
from infra.grant import Grant


@dataclass(frozen=True)
class Trials:
    """``answering`` is the right to send a verdict to the machine that waits for it."""

    data: DataStack
    answering: Grant

    def grant(self, function: PlatformFunction) -> None:
        """Let ``function`` count for trials and end them: core/release/trial.py. Who decides tells the verdict."""
        self.data.predictions.grant(function, "GetItem", "PutItem", "UpdateItem")
        function.allow(self.answering)
