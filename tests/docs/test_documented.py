"""What a user can set, type, call or run into is on a page; and what a page names is there."""

from __future__ import annotations

import ast
import importlib
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest

from cli.main import heirloom
from local.sagemaker.settings import Settings
from tests.docs.pages import PAGES, ROOT, code_lines

FOLDERS = ("functions", "cli", "image", "infra", "local")
PRODUCT = sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))
# Those of Heirloom, and those of SageMaker that the image goes by; AWS_* are AWS's own and documented there.
VARIABLE = re.compile(r"(HEIRLOOM|SAGEMAKER)_[A-Z_]*[A-Z]")


@pytest.fixture(scope="module")
def trees() -> list[ast.Module]:
    """The syntax of every module of the product."""
    return [ast.parse(file.read_text()) for file in PRODUCT]


def test_every_variable_that_is_read_is_on_a_page(trees: list[ast.Module]) -> None:
    nodes = [node for tree in trees for node in ast.walk(tree)]
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    durations = {
        f"HEIRLOOM_SAGEMAKER_{field.name.upper()}_SECONDS" for field in fields(Settings) if field.type == "float"
    }
    pages = " ".join(page.read_text() for page in PAGES)

    assert durations
    assert sorted(name for name in {*filter(VARIABLE.fullmatch, texts), *durations} if name not in pages) == []


def test_every_error_class_is_on_the_page_of_errors(trees: list[ast.Module]) -> None:
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    kinds = {"HeirloomError"}
    while more := {each.name for each in classes if kinds.intersection(_bases(each))} - kinds:
        kinds |= more
    page = (ROOT / "docs" / "errors.md").read_text()

    assert kinds > {"HeirloomError", "Invalid", "InvalidData"}
    assert sorted(kind for kind in kinds - {"HeirloomError"} if f"\n| `{kind}`" not in page) == []


def test_every_operation_of_the_api_has_a_handler_that_names_it() -> None:
    paths = json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"]
    operations = {
        each["operationId"]: f"{method.upper()} {path}:" for path, it in paths.items() for method, each in it.items()
    }

    handlers = {name: importlib.import_module(f"heirloom.handlers.{name}") for name in operations}

    assert all(callable(handler.lambda_handler) for handler in handlers.values())
    assert [name for name, route in operations.items() if not str(handlers[name].__doc__).startswith(route)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_on_a_page_exists(page: Path) -> None:
    commands = [line for line in code_lines(page) if re.match(r"heirloom [a-z]", line)]

    assert [line for line in commands if not _exists(line)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_on_a_page_exists(page: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = [line.split()[1] for line in code_lines(page) if re.match(r"make [a-z]", line)]

    assert sorted(set(named) - set(targets)) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_source_file_on_a_page_exists(page: Path) -> None:
    folders = "|".join([*FOLDERS, "docs", "tests"])
    named = re.findall(rf"(?<![\w/.-])((?:{folders})/[\w/.-]+\.(?:py|json|yaml|txt|md))\b", page.read_text())

    assert sorted(name for name in set(named) if not (ROOT / name).exists()) == []


def _bases(node: ast.ClassDef) -> Iterator[str]:
    return (base.id for base in node.bases if isinstance(base, ast.Name))


def _exists(line: str) -> bool:
    """Whether the words before the first argument are a command, and its options are its own."""
    command: click.Command | None = heirloom
    words = shlex.split(line, comments=True)[1:]
    context = click.Context(heirloom)
    while isinstance(command, click.Group) and words:
        command = command.get_command(context, words.pop(0))
    if command is None:
        return False
    known = {option for parameter in command.get_params(click.Context(command)) for option in parameter.opts}
    return known.issuperset(word.partition("=")[0] for word in words if re.match(r"-{1,2}[a-z]", word))
