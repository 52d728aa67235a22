"""Model projects on disk: adapters/project_folder.py."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from heirloom.adapters.project_folder import bundle, read_packed_project, read_project, read_projects
from heirloom.core.errors import Invalid, NotFound

YAML = """\
name: wine
description: Rate a wine.
owner: cellar
data:
  label: quality
objective:
  statement: Close to the taster.
  metric: r2
  at_least: 0.3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "wine"
    folder.mkdir()
    (folder / "model.yaml").write_text(YAML)
    (folder / "model.py").write_text("def train(frame, params):\n    return 1\n")
    (folder / "baseline.py").write_text("def predict(frame):\n    return 1\n")
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(Invalid) as refused:
        read_project(folder)
    return str(refused.value).replace(f"{folder}/", "")


def rewrite(folder: Path, old: str, new: str) -> None:
    (folder / "model.yaml").write_text(YAML.replace(old, new))


def test_reads_a_project(folder: Path) -> None:
    assert read_project(folder).name == "wine"


def test_reads_a_project_from_inside_its_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)

    assert read_project(Path()).name == "wine"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "metric: r2",
            "metric: 2",
            "model.yaml:8: objective.metric: expected a scorer name of scikit-learn or a function",
        ),
        ("  label: quality", "  labl: quality", "model.yaml:5: data.labl: expected one of the known keys"),
        (
            "  label: quality",
            "  labl: quality",
            "model.yaml:4: data.label: expected the column to predict; the key is missing",
        ),
        (
            "owner: cellar",
            "owner: cellar\nserving:\n  canary:\n    traffic: 0.1\n    max_duration: 24",
            "model.yaml:7: serving.canary.max_duration: expected the time after which an undecided trial ends: a",
        ),
        ("name: wine", "name: beer", "model.yaml:1: name: expected the folder's name 'wine', got 'beer'"),
        ("owner: cellar", "owner: a\nowner: b", "model.yaml:4: expected valid YAML (the key 'owner' is there twice)"),
        (
            "owner: cellar",
            "\towner: cellar",
            "model.yaml:3: expected valid YAML (found character '\\t' that cannot start",
        ),
        ("owner: cellar", "owner: [cellar", "model.yaml:4: expected valid YAML ("),
        (
            "owner: cellar",
            "owner: &a cellar\nx: *a",
            "model.yaml:4: expected valid YAML (aliases are not allowed here)",
        ),
        ("owner: cellar", "? [a, b]\n: c", "model.yaml:3: expected valid YAML (a key must be a plain word)"),
        ("owner: cellar", "owner: 2013-13-01", "model.yaml: expected valid YAML (month must be in 1..12)"),
        ("owner: cellar", "owner: cellar\0", "model.yaml: expected valid YAML (unacceptable character #x0000"),
        ("owner: cellar", "---\nowner: cellar", "model.yaml:3: expected valid YAML (but found another document)"),
        (YAML, "", "model.yaml:1: model.yaml: expected the keys name, description, owner, data, objective, training"),
        (
            YAML,
            "wine",
            "model.yaml:1: model.yaml: expected the keys name, description, owner, data, objective, training",
        ),
    ],
)
def test_names_the_line_of_what_is_wrong(folder: Path, old: str, new: str, message: str) -> None:
    rewrite(folder, old, new)

    assert message in refusal(folder)


def test_refuses_a_file_that_is_not_utf_8(folder: Path) -> None:
    (folder / "model.yaml").write_bytes(YAML.encode() + b"# caf\xe9\n")

    assert refusal(folder) == "model.yaml: expected UTF-8, got the byte 0xe9"


def test_finds_no_project_where_there_is_no_model_yaml(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"is not a model project: there is no .*model\.yaml"):
        read_project(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("model.py", None, "model.py: expected a file that defines train, got no file"),
        ("baseline.py", None, "baseline.py: expected a file that defines predict, got no file"),
        ("model.py", "def fit():\n    pass\n", "model.py: expected a function train, got model.py without it"),
        ("model.py", "def train(:\n", "model.py:1: expected valid Python, got invalid syntax"),
        (
            "model.py",
            "x = 1\0\n",
            "model.py:1: expected valid Python, got source code string cannot contain null bytes",
        ),
    ],
)
def test_looks_for_the_functions_that_will_be_called(
    folder: Path, file: str, content: str | None, message: str
) -> None:
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(content)

    assert refusal(folder) == message


def test_tells_the_problems_of_the_code_with_those_of_the_file(folder: Path) -> None:
    rewrite(folder, "owner: cellar\n", "")
    (folder / "model.py").unlink()

    assert len(refusal(folder).splitlines()) == 2


def test_wants_a_metric_of_its_own_to_be_in_model_py(folder: Path) -> None:
    own = YAML.replace("metric: r2", "metric: money").replace("label: quality", "label: quality\n  task: regression")
    (folder / "model.yaml").write_text(own)

    assert refusal(folder) == "model.py: expected a function money, got model.py without it"


@pytest.mark.parametrize(
    "definition",
    ["def train(f, p): ...", "class train: ...", "train = print", "from a import train", "import b as train"],
)
def test_takes_every_way_to_define_a_function(folder: Path, definition: str) -> None:
    (folder / "model.py").write_text(f'"""A docstring."""\nx.y = 1\n{definition}\n')

    assert read_project(folder).name == "wine"


def test_reads_an_unpacked_project_whatever_its_folder_is_called(folder: Path, tmp_path: Path) -> None:
    bundle(folder, tmp_path / "project.tar.gz")
    with tarfile.open(tmp_path / "project.tar.gz") as archive:
        archive.extractall(tmp_path / "model", filter="data")

    assert read_packed_project(tmp_path / "model") == read_project(folder)


def test_packs_the_same_bytes_whenever_it_packs_the_same_files(folder: Path, tmp_path: Path) -> None:
    first = bundle(folder, tmp_path / "first.tar.gz")
    os.utime(folder / "model.py", (1, 1))
    (folder / "model.py").chmod(0o600)
    (folder / "data.csv").write_text("not part of it")

    again = bundle(folder, tmp_path / "again.tar.gz")

    assert again == first
    assert (tmp_path / "again.tar.gz").read_bytes() == (tmp_path / "first.tar.gz").read_bytes()
    with tarfile.open(tmp_path / "again.tar.gz") as archive:
        assert archive.getnames() == ["model.yaml", "baseline.py", "model.py"]


def test_packs_other_bytes_for_other_files(folder: Path, tmp_path: Path) -> None:
    first = bundle(folder, tmp_path / "project.tar.gz")
    (folder / "requirements.txt").write_text("shap\n")

    assert bundle(folder, tmp_path / "project.tar.gz") != first


def test_reads_all_projects_of_a_folder(folder: Path) -> None:
    (folder.parent / "notes").mkdir()

    assert [project.name for project in read_projects(folder.parent)] == ["wine"]


def test_tells_the_problems_of_all_projects_at_once(folder: Path) -> None:
    other = folder.parent / "beer"
    other.mkdir()
    (other / "model.yaml").write_text(YAML)
    rewrite(folder, "owner: cellar", "owner: 7")

    with pytest.raises(Invalid) as refused:
        read_projects(folder.parent)

    assert "beer/model.yaml:1: name: expected the folder's name 'beer'" in str(refused.value)
    assert "wine/model.yaml:3: owner: expected" in str(refused.value)
