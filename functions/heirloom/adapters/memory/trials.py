"""The trials, and the answers to who waits for their verdicts, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from heirloom.core.errors import NotFound
from heirloom.core.release.trial import Tally, Trial
from heirloom.core.release.verdict import Verdict


class MemoryTrials:
    """The port Trials."""

    def __init__(self) -> None:
        self._trials: dict[str, Trial] = {}
        self._counted: set[tuple[str, str]] = set()
        self._lock = Lock()

    def open(self, trial: Trial) -> Trial:
        with self._lock:
            stored = self._trials.get(trial.release)
            opened = replace(stored, token=trial.token) if stored else replace(trial, tally=Tally(), verdict=None)
            self._trials[trial.release] = opened
            return opened

    def get(self, release: str) -> Trial | None:
        return self._trials.get(release)

    def count(self, release: str, batch: str, delta: Tally) -> Trial | None:
        with self._lock:
            trial = self._trials.get(release)
            if trial is not None and (release, batch) not in self._counted:
                self._counted.add((release, batch))
                trial = self._trials[release] = replace(trial, tally=trial.tally + delta)
            return trial

    def decide(self, release: str, verdict: Verdict) -> Verdict:
        with self._lock:
            trial = self._trials.get(release)
            if trial is None:
                raise NotFound(f"there is no trial of {release}")
            stands = trial.verdict or verdict
            self._trials[release] = replace(trial, verdict=stands)
            return stands


@dataclass
class MemoryAnswers:
    """The port Answers; ``sent`` keeps what each token was answered, the first time."""

    sent: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def send(self, token: str, document: Mapping[str, Any]) -> None:
        self.sent.setdefault(token, document)
