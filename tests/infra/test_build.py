"""The layers of third-party packages."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra import build


@pytest.fixture(params=["aws", "local"])
def target(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    build.build_layer(name)
    return name


def test_the_layer_holds_packages_where_lambda_looks_for_them(target: str) -> None:
    assert (build.layer_folder(target) / "python" / "aws_lambda_powertools" / "__init__.py").is_file()


def test_nothing_of_this_machine_is_in_the_layer(target: str) -> None:
    folders = [build.layer_folder(target, name) for name in build.LAYERS]

    assert [path for folder in folders for pattern in build.NOT_SHIPPED for path in folder.glob(pattern)] == []


def test_the_archive_holds_the_folder_s_files_and_is_the_same_each_time(tmp_path: Path) -> None:
    folder = tmp_path / "layer"
    for name in ("python/b.py", "python/a/c.so"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"

    build._pack(folder, first)
    os.utime(folder / "python" / "b.py", (0, 10**9))
    build._pack(folder, second)

    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as package:
        assert {name: package.read(name).decode() for name in package.namelist()} == {
            name: name for name in ("python/a/c.so", "python/b.py")
        }


def test_the_archive_is_of_the_folder(target: str) -> None:
    for name in build.LAYERS:
        folder = build.layer_folder(target, name)
        with zipfile.ZipFile(build.layer_archive(target, name)) as package:
            files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
            assert set(package.namelist()) == files


def test_an_unchanged_list_is_not_installed_again(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build.subprocess, "run", lambda *_, **__: pytest.fail("pip was started"))

    build.build_layer(target)


def test_an_unknown_target_is_refused() -> None:
    with pytest.raises(SystemExit, match="unknown target 'azure': one of aws, local"):
        build.main(["azure"])


def test_the_layer_of_parquet_reads_and_writes_parquet() -> None:
    """By itself: no package of this interpreter's helps it."""
    build.build_layer("local")
    folder = build.layer_folder("local", build.PARQUET) / "python"
    code = (
        f"import sys; sys.path.append({str(folder)!r}); import io, pyarrow, pyarrow.parquet as p; f = io.BytesIO();"
        "p.write_table(pyarrow.table({'id': ['a']}), f); print(p.ParquetFile(f).read().to_pylist())"
    )

    read = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", code], capture_output=True, text=True, check=True
    ).stdout

    assert read.strip() == "[{'id': 'a'}]"


def test_all_layers_of_a_function_fit_into_250_mb(target: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: unzipped, with the code."""
    files = [file for name in build.LAYERS for file in build.layer_folder(target, name).rglob("*") if file.is_file()]

    assert 50_000_000 < sum(file.stat().st_size for file in files) < 150_000_000
