"""docs/quickstart.md does what it says: its blocks, in order, as a reader would run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.launcher import EmbeddedAws
from tests.docs.pages import ROOT, blocks
from tests.embedded import free_port

pytestmark = pytest.mark.xdist_group("quickstart")

BLOCKS = blocks(ROOT / "docs" / "quickstart.md", "bash")
# One wine of the first kind; columns as in the page's own example.
ROW = next(line for block in BLOCKS for line in block.replace("\\\n", "").splitlines() if "predict wine --row" in line)


@dataclass(frozen=True)
class Reader:
    """Somebody with a shell in a folder, the venv of `make dev` on PATH, and no AWS of their own."""

    folder: Path
    embedded: EmbeddedAws

    def runs(self, block: str) -> str:
        """What a block prints; fails the test when any line of it fails."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "HEIRLOOM_"))}
        nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        ended = subprocess.run(
            ["bash", "-e", "-c", block],
            cwd=self.folder,
            env={**kept, **nowhere, "PATH": path},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert ended.returncode == 0, f"{block}\n{ended.stdout[-2000:]}\n{ended.stderr[-2000:]}"
        return ended.stdout

    def asks(self) -> dict[str, Any]:
        """The API's answer to the page's own row."""
        answer: dict[str, Any] = json.loads(self.runs(f"{ROW} --json"))
        return answer


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """A reader at the end of the page.

    The embedded AWS is up before, on a port of its own, as another may have the usual one; it ends with the tests.
    """
    folder = tmp_path_factory.mktemp("quickstart")
    (folder / "models").mkdir()
    embedded = EmbeddedAws(folder / ".heirloom", free_port())
    embedded.start(die_with_parent=True)
    made = Reader(folder, embedded)
    for block in BLOCKS:
        made.runs(block)
    yield made
    embedded.stop()


def test_a_reader_ends_with_a_trained_version_that_answers(reader: Reader) -> None:
    answer = reader.asks()

    assert answer["version"] == 1
    assert [prediction["label"] for prediction in answer["predictions"]] == [0]


def test_version_1_still_answers_after_down_and_up(reader: Reader) -> None:
    reader.runs("heirloom local down")
    assert not reader.embedded.stop(), "it still ran"
    reader.embedded.start(die_with_parent=True)
    reader.runs("heirloom local up")

    answer = reader.asks()

    assert answer["version"] == 1
    assert [prediction["label"] for prediction in answer["predictions"]] == [0]
