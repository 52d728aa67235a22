"""What a training job leaves beside the model: scores, schema, profile, environment, smoke rows, what was compiled.

The archive was written by the project's own code, so nothing in it is trusted: names, kinds and sizes are checked, and
it is read as a stream, never unpacked to a disk.
"""

from __future__ import annotations

import io
import json
import math
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from heirloom.core.errors import Invalid

FILES = ("metrics.json", "schema.json", "profile.json", "environment.json", "smoke.json", "compiled.json")
LARGEST_FILE = 8 * 2**20
LARGEST_MEMBER = 256 * 2**20
MOST_MEMBERS = 1000
LARGEST_SMOKE = 60_000
"""Bytes of smoke rows that are kept: with the scores they stay well under DynamoDB's 400 KB an item."""


@dataclass(frozen=True)
class Scores:
    """``test`` and ``baseline``: value by metric, the model's and version 0's on the same held-out rows.

    A metric that could not be computed is None: NaN is no JSON.
    """

    metric: str
    score: float
    at_least: float
    met: bool
    test: Mapping[str, float | None]
    baseline: Mapping[str, float | None]
    train_rows: int
    test_rows: int


@dataclass(frozen=True)
class Evidence:
    """``files`` holds every file of FILES as it was written; ``smoke`` has ``inputs`` and ``predictions``.

    ``compiled`` says what serves the model and why: its ``path`` is onnx, numpy or scikit-learn. ``train_seconds`` is
    how long the fit took; None of a model that was trained before this was told.
    """

    files: Mapping[str, bytes]
    scores: Scores
    smoke: Mapping[str, list[dict[str, Any]]]
    environment: Mapping[str, Any]
    compiled: Mapping[str, Any]
    train_seconds: float | None = None


def read_evidence(chunks: Iterable[bytes]) -> Evidence:
    """Read output.tar.gz as a training job wrote it. Raises Invalid saying what is missing or wrong."""
    try:
        files = _members(chunks)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise Invalid(f"output.tar.gz of the training job can't be read: {error}") from error
    return evidence_of(files)


def evidence_of(files: Mapping[str, bytes]) -> Evidence:
    """Check the files by name that a training has left. Raises Invalid saying what is missing or wrong."""
    missing = [name for name in FILES if name not in files]
    if missing:
        raise Invalid(f"the output of the training job lacks {', '.join(missing)}")
    documents = {name: _json(name, body) for name, body in files.items()}
    return Evidence(
        files=files,
        scores=_scores(documents["metrics.json"]),
        smoke=_smoke(documents["smoke.json"]),
        environment=documents["environment.json"],
        compiled=documents["compiled.json"],
        train_seconds=_seconds(documents["environment.json"].get("train_seconds")),
    )


def _members(chunks: Iterable[bytes]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    stream = io.BufferedReader(_Chunks(chunks), 1 << 16)
    with tarfile.open(fileobj=stream, mode="r|gz") as archive:
        for count, member in enumerate(archive):
            if count >= MOST_MEMBERS or member.size > LARGEST_MEMBER:
                limits = f"at most {MOST_MEMBERS} files of at most {LARGEST_MEMBER} bytes"
                raise Invalid(f"output.tar.gz of the training job: expected {limits}, got {member.name!r} and more")
            name = member.name.removeprefix("./")
            if name in FILES and member.isfile():
                files[name] = _content(archive, member)
    return files


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    if member.size > LARGEST_FILE:
        raise Invalid(f"{member.name} of the training job: expected at most {LARGEST_FILE} bytes, got {member.size}")
    content = archive.extractfile(member)
    return content.read() if content else b""


class _Chunks(io.RawIOBase):
    """Chunks of bytes as a file that can be read once, forward."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = chunk
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def _json(name: str, body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except ValueError as error:
        raise Invalid(f"{name} of the training job is not JSON: {error}") from error
    if not isinstance(document, Mapping):
        raise Invalid(f"{name} of the training job: expected an object, got {type(document).__name__}")
    return document


def _scores(metrics: Mapping[str, Any]) -> Scores:
    try:
        objective = metrics["objective"]
        score = _number(objective["score"])
        if score is None:
            raise Invalid(f"the model has no score for {objective['metric']} on the test rows")
        return Scores(
            metric=str(objective["metric"]),
            score=score,
            at_least=float(objective["at_least"]),
            met=bool(objective["met"]),
            test={str(name): _number(value) for name, value in metrics["test"].items()},
            baseline={str(name): _number(value) for name, value in metrics["baseline"].items()},
            train_rows=int(metrics["train_rows"]),
            test_rows=int(metrics["test_rows"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Invalid(f"metrics.json of the training job is incomplete: {error!r}") from error


def _number(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _seconds(told: Any) -> float | None:
    return float(told) if isinstance(told, int | float) and math.isfinite(told) else None


def _smoke(document: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """As many of the rows as fit, at least one."""
    inputs, predictions = document.get("inputs"), document.get("predictions")
    if (
        not isinstance(inputs, list)
        or not isinstance(predictions, list)
        or not inputs
        or len(inputs) != len(predictions)
    ):
        raise Invalid("smoke.json of the training job: expected as many predictions as inputs, at least one")
    while len(inputs) > 1 and len(json.dumps([inputs, predictions])) > LARGEST_SMOKE:
        inputs, predictions = inputs[: len(inputs) // 2], predictions[: len(predictions) // 2]
    return {"inputs": inputs, "predictions": predictions}
