"""The layer of third-party packages."""

from __future__ import annotations

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
    folder = build.layer_folder(target)

    assert [path for pattern in build.NOT_SHIPPED for path in folder.glob(pattern)] == []


def test_an_unchanged_list_is_not_installed_again(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build.subprocess, "run", lambda *_, **__: pytest.fail("pip was started"))

    build.build_layer(target)


def test_an_unknown_target_is_refused() -> None:
    with pytest.raises(SystemExit, match="unknown target 'azure': one of aws, local"):
        build.main(["azure"])
