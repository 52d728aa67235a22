"""What was deleted long ago is cleared away; all else stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from heirloom.adapters.memory.documents import MemoryDocuments
from heirloom.core.errors import Conflict, NotFound, Unavailable
from heirloom.core.tracking.clearing import clear, find, since
from heirloom.core.tracking.documents import Document, Key
from heirloom.core.tracking.ids import partition_of_history, partitions_of_runs
from tests.unit.tracking.server import Server

NEVER, ALWAYS = 0, 2**53


def cleared(server: Server, before: int = ALWAYS) -> list[tuple[str, str]]:
    """Clear what can be; kinds and names of what went."""
    going = [each for each in find(before, server.documents) if not each.kept]
    assert [clear(each, server.documents, server.artifacts) for each in going] == [""] * len(going)
    return [(each.kind, each.name) for each in going]


def kept(server: Server) -> list[tuple[str, str]]:
    return [(each.kind, each.kept) for each in find(ALWAYS, server.documents) if each.kept]


def full(server: Server, experiment: str, name: str = "full") -> str:
    """A run with a metric and a file."""
    run = server.begin(experiment, run_name=name)
    for step in range(3):
        server.post("runs/log-metric", run_id=run, key="loss", value=1.5, timestamp=step, step=step)
    server.artifacts.write(f"{experiment}/{run}/artifacts/a.txt", b"a", "text/plain")
    return run


def model(server: Server, experiment: str) -> str:
    """A logged model with a file."""
    made = server.post("logged-models", experiment_id=experiment, name="kite-model")["model"]["info"]
    server.artifacts.write(f"{experiment}/models/{made['model_id']}/artifacts/m", b"m", "text/plain")
    return str(made["model_id"])


def test_a_deleted_run_goes_with_all_that_is_of_it(server: Server, experiment: str) -> None:
    stays, goes = full(server, experiment, "stays"), full(server, experiment, "goes")
    server.post("runs/delete", run_id=goes)

    assert cleared(server) == [("run", "goes")]

    with pytest.raises(NotFound):
        server.run(goes)
    assert list(server.documents.of(partition_of_history(goes))) == []
    assert list(server.artifacts.files) == [f"{experiment}/{stays}/artifacts/a.txt"]
    assert server.data(stays, "metrics") == {"loss": 1.5}
    assert cleared(server) == []


def test_what_was_deleted_lately_stays(server: Server, experiment: str) -> None:
    run = full(server, experiment)
    server.post("runs/delete", run_id=run)
    (deleted,) = find(ALWAYS, server.documents)

    assert find(deleted.at, server.documents) == []
    assert since(deleted).year == 2026
    server.post("runs/restore", run_id=run)
    assert server.run(run)["info"]["lifecycle_stage"] == "active"


def test_a_deleted_experiment_goes_and_its_name_is_free(server: Server, experiment: str) -> None:
    full(server, experiment)
    model(server, experiment)
    other = server.begin(server.post("experiments/create", name="other")["experiment_id"])
    server.post("experiments/delete", experiment_id=experiment)

    assert cleared(server) == [("run", "full"), ("logged model", "kite-model"), ("experiment", "kites")]

    assert server.artifacts.files == {}
    assert server.post("experiments/create", name="kites")["experiment_id"] != experiment
    assert server.run(other)["info"]["lifecycle_stage"] == "active"


def test_a_deleted_logged_model_goes(server: Server, experiment: str) -> None:
    identity = model(server, experiment)
    server.ask("DELETE", f"logged-models/{identity}")

    assert cleared(server) == [("logged model", "kite-model")]
    assert server.artifacts.files == {}


def test_what_a_registered_version_is_made_of_stays(server: Server, experiment: str) -> None:
    by_id, by_place, other = (full(server, experiment, name) for name in ("by id", "by place", "other"))
    server.post("registered-models/create", name="kite")
    source = f"{server.run(by_place)['info']['artifact_uri']}/model"
    server.post("model-versions/create", name="kite", source="s3://bucket/elsewhere", run_id=by_id)
    server.post("model-versions/create", name="kite", source=source)
    for run in (by_id, by_place, other):
        server.post("runs/delete", run_id=run)

    assert cleared(server) == [("run", "other")]
    assert kept(server) == [("run", "a registered version is made of it")] * 2


def test_an_experiment_of_which_something_is_kept_stays_whole(server: Server, experiment: str) -> None:
    used, _, gone = (full(server, experiment, name) for name in ("used", "unused", "gone"))
    server.post("registered-models/create", name="kite")
    server.post("model-versions/create", name="kite", source="s3://bucket/elsewhere", run_id=used)
    server.post("runs/delete", run_id=gone)
    server.post("experiments/delete", experiment_id=experiment)

    assert cleared(server) == [("run", "gone")]

    assert kept(server) == [("experiment", "a registered version is made of 1 in it")]
    server.post("experiments/restore", experiment_id=experiment)
    assert server.data(used, "metrics") == {"loss": 1.5}


def test_files_elsewhere_are_told_of_and_stay(server: Server) -> None:
    experiment = server.post("experiments/create", name="away", artifact_location="s3://theirs/files")["experiment_id"]
    run = server.begin(experiment)
    server.post("runs/delete", run_id=run)
    (deleted,) = find(ALWAYS, server.documents)

    assert clear(deleted, server.documents, server.artifacts) == f"s3://theirs/files/{run}/artifacts"
    assert find(ALWAYS, server.documents) == []


def test_what_was_restored_meanwhile_stays(server: Server, experiment: str) -> None:
    run = full(server, experiment)
    server.post("runs/delete", run_id=run)
    (deleted,) = find(ALWAYS, server.documents)
    server.post("runs/restore", run_id=run)

    assert clear(deleted, server.documents, server.artifacts) == ""
    assert server.data(run, "metrics") == {"loss": 1.5}


def test_what_was_broken_off_can_t_be_restored_and_is_finished(server: Server, experiment: str) -> None:
    full(server, experiment)
    server.post("experiments/delete", experiment_id=experiment)
    first, *rest = find(ALWAYS, server.documents)
    clear(first, server.documents, server.artifacts)

    with pytest.raises(NotFound):
        server.post("experiments/restore", experiment_id=experiment)
    assert find(NEVER, server.documents) == rest
    assert cleared(server, NEVER) == [("experiment", "kites")]
    assert clear(rest[0], server.documents, server.artifacts) == ""


def test_a_run_that_is_being_cleared_can_t_be_restored(experiment: str, server: Server) -> None:
    run = full(server, experiment)
    server.post("runs/delete", run_id=run)
    document = server.documents.get(*find(ALWAYS, server.documents)[0].key)
    assert document is not None
    server.documents.write(document.with_data({**document.data, "clearing": True}))

    with pytest.raises(NotFound):
        server.post("runs/restore", run_id=run)
    assert cleared(server) == [("run", "full")]


@dataclass
class Busy(MemoryDocuments):
    """Documents that somebody else writes before each deletion, so many times."""

    times: int = 0

    def write(self, *documents: Document, gone: Sequence[Document] = ()) -> None:
        if gone and self.times:
            self.times -= 1
            raise Conflict("somebody was quicker")
        super().write(*documents, gone=gone)


@pytest.mark.parametrize(("times", "well"), [(2, True), (1000, False)])
def test_whoever_writes_meanwhile_is_waited_for(times: int, well: bool) -> None:
    server = Server(Busy())
    identity = str(server.post("experiments/create", name="kites")["experiment_id"])
    server.post("experiments/delete", experiment_id=identity)
    (deleted,) = find(ALWAYS, server.documents)
    assert isinstance(server.documents, Busy)
    server.documents.times = times

    if well:
        assert clear(deleted, server.documents, server.artifacts) == ""
        assert find(ALWAYS, server.documents) == []
    else:
        with pytest.raises(Unavailable, match="too many at once"):
            clear(deleted, server.documents, server.artifacts)


def test_another_experiment_s_run_in_the_same_partition_stays(server: Server, experiment: str) -> None:
    run = full(server, experiment)
    document = next(iter(server.documents.of_all(partitions_of_runs(experiment))))
    info = {**document.data["info"], "experiment_id": "77"}
    server.documents.write(document.with_data({**document.data, "info": info}))
    server.post("experiments/delete", experiment_id=experiment)

    assert cleared(server) == [("experiment", "kites")]
    assert server.documents.get(document.partition, run) is not None


class Cleared(MemoryDocuments):
    """Documents of which somebody else has cleared those away that are to be deleted, once ``others`` do."""

    others = False

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Document]:
        return {} if self.others else super().get_many(keys)


def test_two_who_clear_at_once_do_not_hinder_each_other() -> None:
    documents = Cleared()
    server = Server(documents)
    identity = str(server.post("experiments/create", name="kites")["experiment_id"])
    server.post("experiments/delete", experiment_id=identity)
    documents.others = True

    assert cleared(server) == [("experiment", "kites")]
