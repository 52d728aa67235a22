"""Runs that are packed into small blocks, and the answer that reading every document would give to a search."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from heirloom.adapters.memory.documents import MemoryDocuments
from heirloom.core.tracking.documents import Document, Key
from heirloom.core.tracking.experiments import ACTIVE, ACTIVE_ONLY, stages
from heirloom.core.tracking.ids import EXPERIMENTS
from heirloom.core.tracking.index.pack import Sizes, pack
from heirloom.core.tracking.index.recalled import Recalled
from heirloom.core.tracking.run import row
from heirloom.core.tracking.search.filter import parse_filter
from heirloom.core.tracking.search.kinds import RUNS
from heirloom.core.tracking.search.order import parse_order
from tests.unit.tracking.server import Server

SMALL = Sizes(least=3, most=8, cells=200)


@dataclass
class WatchedDocuments(MemoryDocuments):
    """Before its ``at``-th call from now on it does something else."""

    calls: int = 0
    at: int = -1
    meanwhile: Callable[[], object] = lambda: None

    def interrupt(self, at: int, meanwhile: Callable[[], object]) -> None:
        self.calls, self.at, self.meanwhile = 0, at, meanwhile

    def _called(self) -> None:
        self.calls += 1
        if self.calls == self.at:
            self.at, calls = -1, self.calls
            self.meanwhile()
            self.calls = calls

    def get(self, partition: str, identity: str) -> Document | None:
        self._called()
        return super().get(partition, identity)

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Document]:
        self._called()
        return super().get_many(keys)

    def write(self, *documents: Document, gone: Sequence[Document] = ()) -> None:
        self._called()
        super().write(*documents, gone=gone)

    def put(self, *documents: Document) -> None:
        self._called()
        super().put(*documents)

    def of(self, partition: str, beginning: str = "") -> Iterator[Document]:
        self._called()
        return super().of(partition, beginning)

    def put_columns(self, partition: str, columns: Mapping[str, bytes]) -> None:
        self._called()
        super().put_columns(partition, columns)

    def get_columns(self, keys: Sequence[Key]) -> Mapping[Key, bytes]:
        self._called()
        return super().get_columns(keys)

    def drop(self, partition: str) -> None:
        self._called()
        super().drop(partition)


@dataclass
class Shelf:
    """``begin`` numbers runs, so that tests can name them."""

    server: Server = field(default_factory=lambda: Server(documents=WatchedDocuments(), recalled=Recalled(400, 60)))
    runs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.experiments = [self.server.post("experiments/create", name=name)["experiment_id"] for name in "ab"]

    @property
    def documents(self) -> WatchedDocuments:
        assert isinstance(self.server.documents, WatchedDocuments)
        return self.server.documents

    def begin(self, experiment: int = 0, **given: Any) -> str:
        body = {"experiment_id": self.experiments[experiment], "start_time": 1000, **given}
        run = str(self.server.post("runs/create", **body)["run"]["info"]["run_id"])
        self.runs.append(run)
        return run

    def finish(self, run: str, status: str = "FINISHED") -> None:
        self.server.post("runs/update", run_id=run, status=status, end_time=2000)

    def finished(self, count: int, **metrics: float) -> list[str]:
        """Runs that have ended, each with these metrics and with its number as ``n``."""
        made = [self.begin() for _ in range(count)]
        for number, run in enumerate(made):
            points = [{"key": key, "value": value, "timestamp": 1} for key, value in {"n": number, **metrics}.items()]
            self.server.post("runs/log-batch", run_id=run, metrics=points)
            self.finish(run)
        return made

    def pack(self, experiment: int = 0, sizes: Sizes = SMALL) -> int:
        return pack(self.experiments[experiment], self.server.tracking, sizes)

    def search(
        self, text: str = "", order_by: Sequence[str] = (), view: str = ACTIVE_ONLY, page: int = 1000
    ) -> list[str]:
        """The ids of the runs that a search finds, page by page."""
        body = {"experiment_ids": self.experiments, "filter": text, "order_by": order_by, "run_view_type": view}
        found: list[str] = []
        token: dict[str, str] = {}
        while True:
            answer = self.server.post("runs/search", **body, max_results=page, **token)
            found += [run["info"]["run_id"] for run in answer.get("runs", [])]
            if "next_page_token" not in answer:
                return found
            token = {"page_token": answer["next_page_token"]}

    def expected(self, text: str = "", order_by: Sequence[str] = (), view: str = ACTIVE_ONLY) -> list[str]:
        """The same, from all the documents that there are."""
        stored = self.documents.stored
        runs = [document.data for (partition, _), document in stored.items() if partition.startswith("runs#")]
        wanted, order = parse_filter(text, RUNS), parse_order(order_by, RUNS)
        kept = [run for run in runs if self._stage(run) in stages(view) and wanted.holds(row(run))]
        return [run["info"]["run_id"] for run in order.sort(kept, row)]

    def _stage(self, run: Mapping[str, Any]) -> str:
        stage = self.documents.stored[EXPERIMENTS, run["info"]["experiment_id"]].data["lifecycle_stage"]
        return str(run["info"]["lifecycle_stage"] if stage == ACTIVE else stage)
