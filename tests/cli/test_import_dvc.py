"""`heirloom import dvc`: repositories made by git, imported to the real handler over memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.api import call
from cli.importing.dvc_project import project_at
from cli.importing.dvc_values import merged, metrics_of, params_of
from heirloom.core.errors import InvalidData
from tests.cli.conftest import Run
from tests.cli.dvc_repository import BEGAN, LOCK, Repository, made
from tests.cli.memory_stack import HereSession, MemoryStack, new_stack, serving


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serving() as url:
        yield url


@pytest.fixture
def stack(server: str, monkeypatch: pytest.MonkeyPatch) -> MemoryStack:
    stack = new_stack(server)
    stack.use(monkeypatch)
    return stack


@pytest.fixture
def repository(workspace: Path) -> Repository:
    return made(workspace / "forest")


def runs(stack: MemoryStack, experiment: str = "1") -> dict[str, Any]:
    """Every run of an experiment, by its name."""
    body = {"experiment_ids": [experiment]}
    found = call(HereSession(stack.url), "POST", "/api/2.0/mlflow/runs/search", body).get("runs", [])
    return {each["info"]["run_name"]: each for each in found}


def pairs(run: Any, kind: str) -> dict[str, Any]:
    return {each["key"]: each["value"] for each in run["data"].get(kind, [])}


def test_each_commit_that_changes_what_dvc_pins_is_a_run(cli: Run, stack: MemoryStack, repository: Repository) -> None:
    ran = cli("import", "dvc", "forest", "--json")

    assert (ran.code, ran.document["runs"]) == (0, {"imported": 3, "unchanged": 0, "failed": 0})
    first, second = (sha[:7] for sha in repository.shas[1:3])
    assert set(runs(stack)) == {f"{first} Train a first forest", f"{second} Train a larger one", "steep-hill"}


def test_a_run_has_what_its_commit_says(cli: Run, stack: MemoryStack, repository: Repository) -> None:
    cli("import", "dvc", "forest")
    sha = repository.shas[1]
    run = runs(stack)[f"{sha[:7]} Train a first forest"]

    moment = (BEGAN + 3600) * 1000
    assert (run["info"]["start_time"], run["info"]["end_time"], run["info"]["status"]) == (moment, moment, "FINISHED")
    assert pairs(run, "params") == {
        "split": "0.2",
        "train.depth": "3",
        "train.layers": "[1, 2]",
        "train.name": "wood",
        "trees": "10",
        "configs/forest.json:split": "0.5",
    }
    metrics = {"acc": 0.8, "by.class.dry": 0.9, "by.class.wet": "NaN", "late": 1.5, "rmse": 2.5}
    assert pairs(run, "metrics") == metrics
    tags = pairs(run, "tags")
    assert {key: value for key, value in tags.items() if not key.startswith("heirloom")} == {
        "mlflow.runName": f"{sha[:7]} Train a first forest",
        "mlflow.user": "Ada",
        "mlflow.note.content": "Train a first forest\n\nIt is small.",
        "mlflow.source.type": "PROJECT",
        "mlflow.source.name": "dvc.yaml",
        "mlflow.source.git.commit": sha,
        "git.author": "Ada <ada@example.com>",
        "dvc.artifact.forest": "model.pkl (model)",
        "dvc.notes": "scores/north.yaml: is neither in Git nor in DVC's cache",
    }
    assert tags["heirloom.imported_from"] == f"dvc:{repository.shas[0]}#{sha}"


def test_data_that_dvc_has_are_datasets(cli: Run, stack: MemoryStack, repository: Repository) -> None:
    cli("import", "dvc", "forest")
    run = runs(stack)[f"{repository.shas[2][:7]} Train a larger one"]

    read = {
        (each["dataset"]["name"], each["tags"][0]["value"]): each["dataset"] for each in run["inputs"]["dataset_inputs"]
    }
    assert {key: told["digest"][:6] for key, told in read.items()} == {
        ("data/raw.csv", "in"): "22a1a2",
        ("data/clean", "out"): "153aad",
        ("model.pkl", "out"): "bbbbbb",
        ("scores/north.yaml", "out"): "111111",
    }
    clean = read["data/clean", "out"]
    assert json.loads(clean["profile"]) == {"size": 8437363, "nfiles": 2}
    assert json.loads(clean["source"])["rev"] == repository.shas[2]


def test_the_files_themselves_are_kept(cli: Run, stack: MemoryStack, repository: Repository) -> None:
    ran = cli("import", "dvc", "forest", "--json").document
    identity = runs(stack)[f"{repository.shas[1][:7]} Train a first forest"]["info"]["run_id"]
    start = f"1/{identity}/artifacts/"
    kept = {path.removeprefix(start): body for path, body in stack.store.artifacts.files.items() if start in path}

    assert sorted(kept) == [
        "configs/forest.json",
        "dvc.lock",
        "dvc.yaml",
        "metrics.json",
        "params.yaml",
        "report/extra.toml",
        "scores/south.yaml",
    ]
    assert kept["dvc.lock"].decode() == LOCK.format(model="a" * 32)
    assert ran["artifacts"] == 21


def test_an_experiment_is_a_child_of_the_commit_that_it_set_out_from(
    cli: Run, stack: MemoryStack, repository: Repository
) -> None:
    cli("import", "dvc", "forest")
    found = runs(stack)
    base = found[f"{repository.shas[2][:7]} Train a larger one"]

    assert pairs(found["steep-hill"], "tags")["mlflow.parentRunId"] == base["info"]["run_id"]
    assert pairs(found["steep-hill"], "params")["train.depth"] == "12"


def test_metrics_that_dvc_has_are_read_from_its_cache(cli: Run, stack: MemoryStack, repository: Repository) -> None:
    cli("import", "dvc", "forest")
    cache = repository.folder / ".dvc" / "cache" / "files" / "md5" / "11"
    cache.mkdir(parents=True)
    (cache / ("1" * 26 + "aaaa")).write_text("rmse: 7\n")
    ran = cli("import", "dvc", "forest", "--json").document

    assert ran["runs"]["imported"] == 3
    assert pairs(runs(stack)["steep-hill"], "metrics")["scores/south.yaml:rmse"] == 2.5
    assert pairs(runs(stack)["steep-hill"], "metrics")["rmse"] == 7


def test_it_comes_once_wherever_it_is_cloned_to(cli: Run, stack: MemoryStack, repository: Repository) -> None:
    cli("import", "dvc", "forest")
    assert cli("import", "dvc", "forest", "--json").document["runs"] == {"imported": 0, "unchanged": 3, "failed": 0}

    repository.git("clone", "--quiet", str(repository.folder), "../elsewhere")
    again = cli("import", "dvc", "elsewhere", "--json").document
    assert again["runs"] == {"imported": 0, "unchanged": 2, "failed": 0}  # a clone has no experiments

    repository.commit("Train again", params_yaml="split: 0.3\n")
    assert cli("import", "dvc", "forest", "--json").document["runs"]["imported"] == 1


def test_a_range_of_commits(cli: Run, stack: MemoryStack, repository: Repository) -> None:
    ran = cli(
        "import", "dvc", "forest", "--rev-range", f"{repository.shas[1]}..HEAD", "--experiment", "woods", "--json"
    )

    assert ran.document["runs"]["imported"] == 2
    assert ran.document["experiments"]["imported"] == 1


def test_a_project_in_a_folder_is_an_experiment_of_its_own(cli: Run, stack: MemoryStack, workspace: Path) -> None:
    repository = Repository(workspace)
    repository.git("init", "--quiet")
    for name in ("one", "two"):
        pipeline = "params: [../shared.yaml]\nmetrics: [m.json]\n"
        files = {f"{name}__dvc_yaml": pipeline, f"{name}__m_json": '{"acc": 1}', "shared_yaml": "lr: 1"}
        repository.commit(f"Begin {name}", **files)

    assert cli("import", "dvc", "one").code == cli("import", "dvc", "two").code == 0

    ((_, one),) = runs(stack, "1").items()
    assert (pairs(one, "params"), pairs(one, "metrics")) == ({"lr": "1"}, {"acc": 1})
    assert pairs(one, "tags")["heirloom.imported_from"].startswith(f"dvc:{repository.shas[0]}/one#")
    assert len(runs(stack, "2")) == 1


def test_a_merge_is_a_run_only_if_it_decides_something(cli: Run, stack: MemoryStack, repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "side", repository.shas[2])
    repository.commit("Aside", params_yaml="split: 0.4\n")
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-edit", "side")

    cli("import", "dvc", "forest")

    assert [name for name in runs(stack) if "Merge" in name] == []
    assert any("Aside" in name for name in runs(stack))


def test_files_that_can_t_be_read_are_noted_and_the_rest_is_there(
    cli: Run, stack: MemoryStack, repository: Repository
) -> None:
    repository.commit("Break it", metrics_json='{"acc": 0.7', params_yaml="- 1\n", dvc_lock="{")
    ran = cli("import", "dvc", "forest", "--json")

    run = next(run for name, run in runs(stack).items() if name.endswith("Break it"))
    notes = pairs(run, "tags")["dvc.notes"].splitlines()
    assert (ran.code, [note.split(":")[0] for note in notes]) == (
        0,
        ["dvc.lock", "params.yaml", "metrics.json", "scores/north.yaml"],
    )
    assert pairs(run, "metrics") == {"rmse": 2.5, "late": 1.5}


def test_a_dry_run_writes_nothing(cli: Run, stack: MemoryStack, repository: Repository) -> None:
    assert cli("import", "dvc", "forest", "--dry-run", "--json").document["runs"] == {"to_import": 3, "unchanged": 0}
    assert stack.store.artifacts.files == {}


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("nowhere",), "nowhere: there is no such folder"),
        (("models",), "not a git repository"),
        (("forest", "--rev-range", "v9..HEAD"), "v9..HEAD"),
        (("forest", "--rev-range", "HEAD~1..HEAD"), "no commit of HEAD~1..HEAD changes dvc.lock"),
        (("shallow",), "git fetch --unshallow"),
    ],
)
def test_what_can_t_be_imported_is_a_usage_error(
    cli: Run, stack: MemoryStack, repository: Repository, words: tuple[str, ...], error: str
) -> None:
    repository.git("clone", "--quiet", "--depth", "1", f"file://{repository.folder}", "../shallow")

    ran = cli("import", "dvc", *words)

    assert ran.code == 2
    assert error in ran.err


def test_without_git_its_installation_is_the_next_step(
    cli: Run, stack: MemoryStack, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")

    ran = cli("import", "dvc", "forest")

    assert (ran.code, ran.err) == (2, "error: this needs the program git: https://git-scm.com/downloads\n")


@pytest.mark.parametrize(
    ("path", "body", "values"),
    [
        ("p.yaml", b"a: {b: 1, c: [1]}\nd: yes\n", {"a.b": "1", "a.c": "[1]", "d": "true"}),
        ("p.json", '{"a": null, "e": {}, "ü": "ä"}'.encode(), {"a": "null", "e": "{}", "ü": "ä"}),
        ("p.toml", b"[a]\nb = 1979-05-27\n", {"a.b": '"1979-05-27"'}),
        ("p.py", b"A = 1\nB: str = 'x'\nC = open('f')\nclass D:\n    E = [2]\n", {"A": "1", "B": "x", "D.E": "[2]"}),
        ("p.yaml", b"", {}),
    ],
)
def test_parameters_of_each_format(path: str, body: bytes, values: dict[str, str]) -> None:
    assert params_of(path, body) == values


@pytest.mark.parametrize("body", [b"[1]", b"\xff", b"a: [", b"{{}: 1}"])
def test_parameters_that_are_none_are_refused(body: bytes) -> None:
    with pytest.raises(InvalidData, match=r"^params\.yaml: "):
        params_of("params.yaml", body)


def test_a_metric_may_stand_by_itself() -> None:
    assert metrics_of("out/auc.txt", b"0.75\n") == {"auc": 0.75}
    assert metrics_of("out/auc.txt", b"words\n") == {}


def test_names_that_two_files_have_are_told_apart() -> None:
    assert merged([("a", {"x": 1}), ("b", {"x": 2, "y": 3})]) == {"x": 1, "b:x": 2, "y": 3}


def test_a_lock_of_the_first_schema_has_its_stages_at_the_root() -> None:
    files = {"dvc.yaml": b"stages: {}", "dvc.lock": b"train:\n  outs: [{path: m, md5: abc}]\n"}

    project = project_at(set(files), ".", files.get)

    assert [(data.path, data.hash, data.size, data.way) for data in project.data.values()] == [
        ("m", "abc", None, "out")
    ]


def test_templates_are_filled_with_values_of_files_stages_and_matrices() -> None:
    pipeline = """
vars: [more.yaml, {out: results}]
stages:
  a: {vars: [{own: 1}], wdir: "${out}", cmd: x, metrics: ["m${own}.json", "${unknown}.json"]}
  b: {matrix: {size: [1, 2], form: "${forms}"}, cmd: x, metrics: ["${item.size}-${item.form}.json"]}
  c: {foreach: {x: {n: 1}}, do: {cmd: x, params: ["${key}${item.n}.toml": [a]]}}
  d: {foreach: "${forms}", do: {cmd: x, metrics: ["${forms[1]}${flag}${item}.json"]}}
"""
    files = {"dvc.yaml": pipeline.encode(), "more.yaml": b"forms: [oak, elm]\nflag: true\n"}

    project = project_at(set(files), ".", files.get)

    expected = ["results/m1.json", "results/${unknown}.json", "1-oak.json", "1-elm.json", "2-oak.json", "2-elm.json"]
    assert project.metrics == [*expected, "elmtrueoak.json", "elmtrueelm.json"]
    assert project.params == ["x1.toml"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("${item}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["foreach", "do", "matrix", "params", "metrics", "wdir", "vars", "outs", "deps", "path", "md5"])
STAGE = st.dictionaries(NAMES, JSON, max_size=4) | JSON
ROOT = st.sampled_from(["stages", "vars", "params", "metrics", "artifacts", "schema"])


@settings(max_examples=60)
@given(st.dictionaries(ROOT, st.dictionaries(NAMES, STAGE) | STAGE), st.dictionaries(NAMES, STAGE))
def test_whatever_the_files_say_the_rest_is_taken(pipeline: Any, stages: Any) -> None:
    files = {
        "dvc.yaml": json.dumps(pipeline).encode(),
        "dvc.lock": json.dumps({"schema": "2.0", "stages": stages}).encode(),
    }

    assert project_at(set(files), ".", files.get).pipelines == ["dvc.yaml"]
