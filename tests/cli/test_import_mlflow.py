"""`heirloom import mlflow`: a database that MLflow's client has filled, imported to the real handler over memory."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow import MlflowClient

from cli.importing import commands, mlflow_opening
from cli.importing.batches import batches
from cli.importing.mlflow_opening import located
from cli.importing.parallel import each
from cli.importing.records import Point
from cli.importing.stack import Api, api_of
from heirloom.core.errors import HeirloomError, Invalid, NotFound, Unavailable
from tests.cli.conftest import Run
from tests.cli.memory_stack import MemoryStack, new_stack, serving
from tests.mlflow_content import fill, tell

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # MLflow's own: it is in this process
    pytest.mark.xdist_group("import"),  # the source takes long to fill
]


class Killed(BaseException):
    """The process is no more."""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URI of a database with files beside it."""
    folder = tmp_path_factory.mktemp("mlflow")
    uri = f"sqlite:///{folder}/mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        fill(uri, automatically=False)
    yield uri
    logging.getLogger("mlflow").setLevel(logging.NOTSET)


@pytest.fixture(scope="module")
def content(source: str) -> dict[str, Any]:
    """What the source tells."""
    return tell(source)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serving() as url:
        yield url


@pytest.fixture
def stack(server: str, monkeypatch: pytest.MonkeyPatch) -> MemoryStack:
    """An empty stack that commands talk to."""
    stack = new_stack(server)
    stack.use(monkeypatch)
    monkeypatch.setattr("cli.importing.stack.PAUSE", 0)
    return stack


def counts(document: dict[str, Any], state: str) -> dict[str, int]:
    """How many of each kind are in a state; none of none."""
    return {kind: each[state] for kind, each in document.items() if isinstance(each, dict) and each[state]}


def intercepted(monkeypatch: pytest.MonkeyPatch, change: Callable[[Api], Api]) -> None:
    """Let the API be as ``change`` makes it."""
    monkeypatch.setattr(commands, "api_of", lambda session: change(api_of(session)))


def is_write(method: str, path: str) -> bool:
    return method != "GET" and not path.endswith("/search")


ALL = {"experiments": 2, "runs": 9, "logged_models": 3, "registered_models": 3, "versions": 4}


def test_all_is_as_it_was(cli: Run, stack: MemoryStack, source: str, content: dict[str, Any]) -> None:
    ran = cli("import", "mlflow", source, "--deleted", "--json")

    assert (ran.code, ran.document["source"], ran.document["failures"]) == (0, source, [])
    assert counts(ran.document, "imported") == ALL
    assert ran.document["points"] == 1508
    assert tell(stack.url) == content


def test_again_it_imports_nothing(cli: Run, stack: MemoryStack, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cli("import", "mlflow", source, "--deleted")
    written: list[str] = []

    def watched(api: Api) -> Api:
        def ask(method: str, path: str, body: object = None) -> Any:
            written.extend([path] if is_write(method, path) else [])
            return api(method, path, body)

        return ask

    intercepted(monkeypatch, watched)
    ran = cli("import", "mlflow", source, "--deleted", "--json")

    assert (ran.code, counts(ran.document, "unchanged"), counts(ran.document, "imported")) == (0, ALL, {})
    assert (written, ran.document["points"], ran.document["artifacts"]) == ([], 0, 0)


def test_killed_again_and_again_it_still_comes_once(
    cli: Run, stack: MemoryStack, source: str, content: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After every ten writes the process ends."""
    left = [0]

    def mortal(api: Api) -> Api:
        def ask(method: str, path: str, body: object = None) -> Any:
            left[0] -= is_write(method, path)
            if left[0] < 0:
                raise Killed
            return api(method, path, body)

        return ask

    intercepted(monkeypatch, mortal)
    kills = 0
    while True:
        left[0] = 10
        try:
            ran = cli("import", "mlflow", source, "--deleted", "--json")
            break
        except Killed:
            kills += 1

    assert (ran.code, kills > 5) == (0, True)
    assert tell(stack.url) == content
    assert sum(stack.files.puts.values()) == len(stack.store.artifacts.files)


def test_lost_answers_make_nothing_twice(
    cli: Run, stack: MemoryStack, source: str, content: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything that is written first is written, and then said to have failed."""
    said: set[str] = set()

    def lossy(api: Api) -> Api:
        def ask(method: str, path: str, body: object = None) -> Any:
            answer = api(method, path, body)
            if is_write(method, path) and repr((path, body)) not in said:
                said.add(repr((path, body)))
                raise Unavailable("504")
            return answer

        return ask

    intercepted(monkeypatch, lossy)

    assert cli("import", "mlflow", source, "--deleted").code == 0
    assert tell(stack.url) == content


@pytest.mark.parametrize("writes", [0, 5, 30, 60])
def test_two_at_once_make_nothing_twice(
    cli: Run, stack: MemoryStack, source: str, content: dict[str, Any], monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    """Before one of an import's writes a whole other import comes between: what the first one knows is no more true."""
    numbers, others = itertools.count(), []

    def overtaken(api: Api) -> Api:
        def ask(method: str, path: str, body: object = None) -> Any:
            if is_write(method, path) and next(numbers) == writes:
                intercepted(monkeypatch, lambda api: api)
                others.append(cli("import", "mlflow", source, "--deleted").code)
            return api(method, path, body)

        return ask

    intercepted(monkeypatch, overtaken)
    failures = cli("import", "mlflow", source, "--deleted", "--json").document["failures"]

    assert others == [0]
    assert tell(stack.url) == content
    assert {each["name"] for each in failures} <= {"ancient", "gone"}, "what the other one deletes can't be filled"
    assert cli("import", "mlflow", source, "--deleted").code == 0
    assert tell(stack.url) == content


def test_what_failed_is_told_and_taken_up_again(
    cli: Run, stack: MemoryStack, source: str, content: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(uri: str, path: str, file: Path) -> None:
        if path.startswith("notes/"):
            raise Unavailable(f"no room for {path}")
        put(uri, path, file)

    put = stack.files.put
    monkeypatch.setattr(stack.files, "put", full)
    ran = cli("import", "mlflow", source, "--deleted")

    assert ran.code == 1
    assert "  runs, child: no room for notes/é und so.txt" in ran.out
    assert "the same command takes up what failed" in ran.err

    monkeypatch.setattr(stack.files, "put", put)
    again = cli("import", "mlflow", source, "--deleted", "--json").document

    assert counts(again, "imported") == {"runs": 1}
    assert tell(stack.url) == content


def test_what_has_changed_since_is_brought_up_to_date(
    cli: Run, stack: MemoryStack, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From one stack of ours to another."""
    theirs = new_stack(server)
    old = MlflowClient(theirs.url)
    experiment = old.create_experiment("coats")
    run = old.create_run(experiment, run_name="running").info.run_id
    still = old.create_run(experiment, run_name="still").info.run_id
    old.log_metric(run, "loss", 1.0, 1, 0)
    cli("import", "mlflow", theirs.url)

    old.log_metric(run, "loss", 0.5, 2, 1)
    old.set_terminated(run, end_time=3)
    old.log_text(still, "new", "new.txt")
    ran = cli("import", "mlflow", theirs.url, "--json").document

    assert (counts(ran, "imported"), counts(ran, "unchanged")) == ({"runs": 1}, {"experiments": 1, "runs": 1})
    (found,) = MlflowClient(stack.url).search_runs(["1"], "attributes.run_name = 'running'")
    assert (found.info.status, found.info.end_time) == ("FINISHED", 3)
    history = MlflowClient(stack.url).get_metric_history(found.info.run_id, "loss")
    assert [(point.step, point.value) for point in history] == [(0, 1.0), (1, 0.5)]


def test_names_that_are_taken_are_an_error_before_anything_is_written(
    cli: Run, stack: MemoryStack, source: str
) -> None:
    here = MlflowClient(stack.url)
    here.create_run(here.create_experiment("coats"))
    here.create_registered_model("coats")

    ran = cli("import", "mlflow", source)

    assert ran.code == 1
    assert ran.err.splitlines() == [
        "error: nothing was imported:",
        f"  the experiment 'coats' is there, and is not from {source}",
        f"  the registered model 'coats' is there, and is not from {source}",
        "  give other names by --rename OLD=NEW or --prefix TEXT",
    ]
    assert len(here.search_experiments()) == 2

    assert cli("import", "mlflow", source, "--prefix", "old-", "--rename", "empty=void").code == 0
    assert {each.name for each in here.search_experiments()} == {"Default", "coats", "old-coats"}
    assert {each.name for each in here.search_registered_models()} == {"coats", "old-coats", "void"}
    model = here.search_logged_models(["2"], "name = 'model'")[0]
    assert "old-coats" in model.tags["mlflow.modelVersions"]
    again = cli("import", "mlflow", source, "--json").document
    assert counts(again, "imported") == {}


def test_an_empty_experiment_of_the_name_is_used(cli: Run, stack: MemoryStack, source: str) -> None:
    here = MlflowClient(stack.url)
    experiment = here.create_experiment("coats")

    assert cli("import", "mlflow", source, "--no-registry").code == 0
    assert len(here.search_runs([experiment])) == 7
    assert here.search_registered_models() == []


def test_an_experiment_that_was_deleted_here_is_not_filled_again(cli: Run, stack: MemoryStack, source: str) -> None:
    here = MlflowClient(stack.url)
    cli("import", "mlflow", source)
    (run,) = here.search_runs(["1"], "attributes.run_name = 'failed'")
    here.delete_run(run.info.run_id)

    assert counts(cli("import", "mlflow", source, "--json").document, "imported") == {}

    here.delete_experiment("1")
    ran = cli("import", "mlflow", source)

    assert ran.code == 1
    assert "the experiment 'coats' was imported, and is deleted here: restore it first" in ran.err


def test_one_experiment_is_imported_and_the_registry_afterwards(
    cli: Run, stack: MemoryStack, source: str, content: dict[str, Any]
) -> None:
    first = cli("import", "mlflow", source, "--experiment", "o*", "--deleted", "--json").document

    assert counts(first, "imported") == {"experiments": 1, "runs": 1}

    cli("import", "mlflow", source, "--no-registry", "--deleted")
    last = cli("import", "mlflow", source, "--only-registry", "--json").document

    assert counts(last, "imported") == {"registered_models": 3, "versions": 4}
    assert tell(stack.url) == content


def test_versions_of_runs_that_are_not_here_bring_their_files(cli: Run, stack: MemoryStack, source: str) -> None:
    assert cli("import", "mlflow", source, "--only-registry").code == 0

    here = MlflowClient(stack.url)
    place = here.get_model_version_download_uri("coats", "3")
    assert place == "mlflow-artifacts:/registered/coats/3"
    assert "registered/coats/3/MLmodel" in stack.store.artifacts.files
    loaded = mlflow.artifacts.download_artifacts(f"{place}/MLmodel", tracking_uri=stack.url)
    assert "sklearn" in Path(loaded).read_text()


def test_files_that_were_left_out_come_later(
    cli: Run, stack: MemoryStack, source: str, content: dict[str, Any]
) -> None:
    ran = cli("import", "mlflow", source, "--deleted", "--no-artifacts", "--json").document

    assert (ran["artifacts"], stack.store.artifacts.files) == (0, {})
    assert counts(cli("import", "mlflow", source, "--deleted", "--no-artifacts", "--json").document, "imported") == {}

    cli("import", "mlflow", source, "--deleted")

    assert tell(stack.url) == content


def test_a_version_that_was_made_here_is_not_replaced(cli: Run, stack: MemoryStack, server: str) -> None:
    theirs = new_stack(server)
    old = MlflowClient(theirs.url, registry_uri=theirs.url)
    old.create_registered_model("coats")
    for _ in range(2):
        old.create_model_version("coats", "s3://bucket/model")
    cli("import", "mlflow", theirs.url)
    here = MlflowClient(stack.url, registry_uri=stack.url)
    here.create_model_version("coats", "s3://bucket/ours")
    for _ in range(2):
        old.create_model_version("coats", "s3://bucket/theirs")

    ran = cli("import", "mlflow", theirs.url, "--json")

    assert ran.code == 1
    assert ran.document["versions"] == {"imported": 2, "unchanged": 0, "failed": 2}
    assert ran.document["failures"][0]["reason"] == "version 3 of 'coats' was made here"
    assert here.get_model_version("coats", "3").source == "s3://bucket/ours"


def test_a_dry_run_writes_nothing(cli: Run, stack: MemoryStack, source: str) -> None:
    ran = cli("import", "mlflow", source, "--dry-run", "--json")

    assert ran.document["runs"] == {"to_import": 7, "unchanged": 0}
    assert MlflowClient(stack.url).search_experiments()[0].name == "Default"
    assert "nothing was imported" in cli("import", "mlflow", source, "--dry-run").err


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("sqlite:///nothing.db",), "sqlite:///nothing.db: there is no such file or folder"),
        (("./nothing",), "./nothing: there is no such file or folder"),
        ((".", "--rename", "old"), "--rename old: expected OLD=NEW"),
        ((".", "--only-registry", "--no-registry"), "leave nothing to import"),
        ((".", "--experiment", "none*"), "has no experiment none*"),
    ],
)
def test_what_can_t_be_imported_is_a_usage_error(
    cli: Run, stack: MemoryStack, words: tuple[str, ...], error: str
) -> None:
    ran = cli("import", "mlflow", *words)

    assert ran.code == 2
    assert error in ran.err


def test_a_server_that_is_down_is_an_error(cli: Run, stack: MemoryStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

    ran = cli("import", "mlflow", "http://127.0.0.1:9")

    assert ran.code == 1
    assert "error: the experiments of the source: " in ran.err


def test_without_mlflow_its_installation_is_the_next_step(
    cli: Run, stack: MemoryStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mlflow_opening.importlib.util, "find_spec", lambda name: None)

    ran = cli("import", "mlflow", ".")

    assert (ran.code, ran.err) == (2, "error: this needs MLflow's client: pip install mlflow\n")


def test_a_source_is_called_the_same_without_credentials(workspace: Path) -> None:
    (workspace / "m.db").touch()
    file = f"sqlite:///{workspace}/m.db"

    assert located("https://me:secret@Host:5000/x/?a=b") == (
        "https://me:secret@Host:5000/x/?a=b",
        "https://host:5000/x",
    )
    assert located("sqlite:///m.db") == located(file) == (file, file)
    assert located("models") == located(f"file://{workspace}/models") == (f"file://{workspace}/models",) * 2
    assert located("postgresql://me:secret@db/mlflow") == (
        "postgresql://me:secret@db/mlflow",
        "postgresql://db/mlflow",
    )
    with pytest.raises(NotFound):
        located("sqlite:///other.db")


def test_batches_are_as_large_as_the_protocol_takes() -> None:
    points = [Point(f"m{number}", 1.0, 2, 3) for number in range(1500)]
    made = batches(points, {f"p{n}": "v" for n in range(150)}, {f"t{n}": "x" * 8000 for n in range(200)})

    assert sum(len(batch["metrics"]) for batch in made) == 1500
    for batch in made:
        assert len(batch["params"]) <= 100
        assert len(batch["tags"]) <= 99
        assert sum(map(len, batch.values())) <= 999
        assert sum(len(str(entry)) for kind in batch.values() for entry in kind) < 1_000_000
    assert [len(batch["params"]) for batch in made][:2] == [100, 50]
    assert len(made) == 5


def test_too_many_failures_in_a_row_end_it() -> None:
    told: list[HeirloomError] = []

    def work(number: int) -> None:
        raise Invalid(f"{number}")

    with pytest.raises(Unavailable, match="20 failed one after the other"):
        each(work, range(200), lambda _, error: told.append(error))

    assert len(told) == 20
