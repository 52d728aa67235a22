"""What baseline.py answers to the first rows of a file, as the platform would take it: `heirloom project check --data`.

Runs in a process of its own, in the project's folder: ``{"file": path, "schema": document}`` comes in on stdin; the
last line on stdout is ``{"problem": text}``, "" when all answers can be used.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
from itertools import islice
from pathlib import Path

from heirloom.core.dataset.schema import Schema
from image.frames import read_rows
from image.predictor import Baseline
from image.project_code import ProjectCode, ProjectCodeError

ROWS = 1000


def problem(folder: Path, file: Path, schema: Schema) -> str:
    """What is wrong with the answers to the first ROWS rows; "" when nothing is."""
    with tempfile.TemporaryDirectory() as scratch:
        head = Path(scratch) / "head.csv"
        copy_head(file, head)
        features = read_rows(head, schema).features
    try:
        Baseline(ProjectCode(folder), schema).answer(features)
    except ProjectCodeError as error:
        return str(error)
    return ""


def copy_head(file: Path, head: Path) -> None:
    """Copy the header and the first ROWS rows of a checked CSV."""
    with file.open(encoding="utf-8-sig", newline="") as lines, head.open("w", encoding="utf-8", newline="") as copy:
        csv.writer(copy).writerows(islice(csv.reader(lines), ROWS + 1))


if __name__ == "__main__":
    request = json.load(sys.stdin)
    found = problem(Path.cwd(), Path(request["file"]), Schema.from_document(request["schema"]))
    sys.stdout.write(f"\n{json.dumps({'problem': found})}\n")
