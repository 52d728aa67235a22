"""What an endpoint holds: the model of a folder, ready to answer requests, and how it is read.

A compiled model is read without scikit-learn and pandas; the rest of the image that needs them is imported here, late.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from heirloom.core.dataset.schema import Schema
from image.answers import Answers
from image.compiled.encoding import Rows
from image.container import MODEL_FILE, SCHEMA_FILE, VERDICT_FILE
from image.formats import Record
from image.inputs import Reader, read_any

SCIKIT_LEARN = "scikit-learn"
_QUICK_SECONDS = 0.005


class Model(Protocol):
    """Answers checked rows."""

    def answer(self, rows: Any) -> Answers:
        """Raises HeirloomError where a row, or the project's code, makes that impossible."""


@dataclass(frozen=True)
class Served:
    """A model and its schema, which is None where nothing says which columns a baseline needs: it takes any.

    ``path`` is what runs it. ``quick``: one row takes little enough to be answered between two other requests.
    """

    schema: Schema | None
    task: str
    model: Model
    path: str
    quick: bool

    def reader(self) -> Any:
        """From the body of a request and its media type to checked rows."""
        return read_any if self.schema is None else Reader(self.schema).read

    def predict(self, records: Sequence[Record]) -> list[dict[str, Any]]:
        """A prediction for each of some checked records, in the words of the API."""
        rows: Rows | Sequence[Record] = records
        if self.schema is not None:
            rows = [tuple(record[name] for name in self.schema.features) for record in records]
        return self.model.answer(rows).predictions(self.task)


def load(folder: Path, only: str | None = None) -> Served:
    """The model of an unpacked model.tar.gz, or of an unpacked project.tar.gz: its baseline.

    ``only`` scikit-learn leaves a compiled model aside. Raises HeirloomError where the folder can't be served.
    """
    file = folder / SCHEMA_FILE
    schema = Schema.from_document(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None
    verdict = _verdict(folder)
    if schema is not None and only != SCIKIT_LEARN and verdict.get("path", SCIKIT_LEARN) != SCIKIT_LEARN:
        from image.compiled.model import read_model  # noqa: PLC0415 - ONNX Runtime, which only a compiled model needs

        compiled = read_model(folder, schema)
        return Served(schema, schema.task, compiled, verdict["path"], _quick(compiled, folder, schema))
    from image.predictor import project_model  # noqa: PLC0415 - pandas and scikit-learn take seconds

    found = project_model(folder, schema, (folder / MODEL_FILE).exists(), verdict.get("arrays", False))
    quick = found.schema is not None and found.of_library and _quick(found.model, folder, found.schema)
    return Served(found.schema, found.task, found.model, SCIKIT_LEARN, quick)


def _verdict(folder: Path) -> Mapping[str, Any]:
    file = folder / VERDICT_FILE
    found: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return found


def _quick(model: Model, folder: Path, schema: Schema) -> bool:
    """Whether one row is answered in little time; asked twice, as the first time imports and allocates."""
    smoke = folder / "smoke.json"
    if not smoke.exists():
        return False
    first = json.loads(smoke.read_text(encoding="utf-8"))["inputs"][0]
    row = tuple(first[name] for name in schema.features)
    model.answer([row])
    started = time.thread_time()
    model.answer([row])
    return time.thread_time() - started < _QUICK_SECONDS
