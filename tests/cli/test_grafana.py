"""The Grafana dashboard is one: by Grafana's own types of two releases, which is what can be had without Grafana.

@grafana/schema (npm) has the types of Grafana 13's dashboard, panels and CloudWatch queries; the TypeScript compiler
refuses a key that is not theirs, a value of another type, a word that is none of an enum. grafana-foundation-sdk (PyPI)
has those of 11.6: it reads the document and writes it again, and what it does not know is lost on the way.
"""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import dashboard as sdk

from cli.grafana import SCHEMA_VERSION, grafana_dashboard
from heirloom.adapters.project_folder import read_project
from infra import NODE, REPOSITORY

SCHEMA = Path(__file__).parent / "grafana" / "schema.ts"
PACKAGES = {"@grafana/schema": "13.2.3", "typescript": "7.0.2"}
FOLDER = REPOSITORY / "build" / "grafana"
OPTIONS = ("--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--moduleResolution", "nodenext")
MODELS = sorted(file.parent.name for file in (REPOSITORY / "models").glob("*/model.yaml"))

pytestmark = pytest.mark.xdist_group("grafana")


def dashboard(model: str) -> dict[str, Any]:
    return grafana_dashboard(read_project(REPOSITORY / "models" / model), "heirloom")


@pytest.fixture(scope="session")
def compiler() -> Path:
    """The TypeScript compiler beside Grafana's types, from npm; installed once."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    known = {
        name: json.loads(manifest.read_text())["version"]
        for name in PACKAGES
        if (manifest := FOLDER / "node_modules" / name / "package.json").exists()
    }
    if known != PACKAGES:
        wanted = [f"{name}@{version}" for name, version in PACKAGES.items()]
        options = ["--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--loglevel=error"]
        command = [sys.executable, "-m", "infra.node", "npm", "install", *options, "--prefix", str(FOLDER), *wanted]
        subprocess.run(command, check=True, cwd=REPOSITORY)
    return FOLDER / "node_modules" / "typescript" / "bin" / "tsc"


def complaints(document: Any, compiler: Path, folder: Path) -> str:
    """What the compiler says of a dashboard; "" when it is right."""
    (folder / "node_modules").symlink_to(FOLDER / "node_modules")
    (folder / "schema.ts").write_text(SCHEMA.read_text())
    file = folder / "dashboard.ts"
    text = json.dumps(document)
    file.write_text(f'import type {{ Dashboard }} from "./schema";\nexport default {text} satisfies Dashboard;\n')
    command = [str(NODE), str(compiler), *OPTIONS, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert bool(done.returncode) == bool(done.stdout), done.stderr
    return done.stdout


def changed(document: dict[str, Any], path: list[str | int], value: Any) -> dict[str, Any]:
    copied = copy.deepcopy(document)
    inner: Any = copied
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return copied


@pytest.mark.parametrize("model", MODELS)
def test_is_of_the_types_of_grafana_13(model: str, compiler: Path, tmp_path: Path) -> None:
    assert complaints(dashboard(model), compiler, tmp_path) == ""


GRAPH, STAT = 7, 0  # a panel of each kind of flight-delay's


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (["schemaVersion"], "41", "Type 'string' is not assignable to type 'number'"),
        (["tittle"], "x", "'\"tittle\"' does not exist in type"),
        (["graphTooltip"], 7, "Type '7' is not assignable to type 'DashboardCursorSync"),
        (["templating", "list", 0, "type"], "source", "is not assignable to type 'VariableType'"),
        (["panels", STAT, "type"], "graph", 'Type \'"graph"\' is not assignable to type \'"stat" | "timeseries"\''),
        (["panels", STAT, "gridPos", "w"], "4", "Type 'string' is not assignable to type 'number'"),
        (["panels", STAT, "targets", 0, "queryMode"], "Metric", "is not assignable to type 'CloudWatchQueryMode"),
        (["panels", STAT, "targets", 0, "metric"], "Drift", "'\"metric\"' does not exist in type"),
        (["panels", STAT, "targets", 0, "dimensions"], ["model"], "is not assignable to type"),
        (["panels", STAT, "options", "colorMode"], "bg", 'not assignable to type \'"background" | "background_solid"'),
        (["panels", STAT, "fieldConfig", "defaults", "mappings", 0, "type"], "rnge", "Did you mean '\"range\"'?"),
        (["panels", GRAPH, "fieldConfig", "defaults", "custom", "drawStyle"], "lin", "Did you mean '\"line\"'?"),
        (["panels", GRAPH, "fieldConfig", "defaults", "custom", "linewidth"], 1, "'\"linewidth\"' does not exist in"),
        (["panels", GRAPH, "options", "legend", "calcs"], "last", "Type 'string' is not assignable to type 'string[]'"),
    ],
)
def test_what_is_not_of_these_types_is_found(
    path: list[str | int], value: Any, complaint: str, compiler: Path, tmp_path: Path
) -> None:
    wrong = changed(dashboard("flight-delay"), path, value)

    assert complaint in complaints(wrong, compiler, tmp_path)


def lost(document: Any, read: Any, path: str = "") -> list[str]:
    """What of a document is not in another, which may hold more keys."""
    if isinstance(document, dict) and isinstance(read, dict):
        return [
            fault
            for key, value in document.items()
            for fault in (lost(value, read[key], f"{path}.{key}") if key in read else [f"{path}.{key}"])
        ]
    if isinstance(document, list) and isinstance(read, list) and len(document) == len(read):
        pairs = enumerate(zip(document, read, strict=True))
        return [fault for place, (ours, theirs) in pairs for fault in lost(ours, theirs, f"{path}[{place}]")]
    return [] if document == read else [path]


def read_and_written(document: dict[str, Any]) -> Any:
    register_default_plugins()
    return json.loads(JSONEncoder(sort_keys=True).encode(sdk.Dashboard.from_json(document)))


@pytest.mark.parametrize("model", MODELS)
def test_grafana_11_knows_all_that_is_in_it(model: str) -> None:
    assert lost(dashboard(model), read_and_written(dashboard(model))) == []


def test_what_grafana_11_does_not_know_is_found() -> None:
    wrong = changed(dashboard("flight-delay"), ["panels", GRAPH, "targets", 0, "metric"], "Drift")

    assert lost(wrong, read_and_written(wrong)) == [f".panels[{GRAPH}].targets[0].metric"]


def test_says_which_schema_it_is_of() -> None:
    assert sdk.Dashboard().schema_version == SCHEMA_VERSION


def test_two_deployments_have_two_dashboards_and_the_same_one_has_one() -> None:
    project = read_project(REPOSITORY / "models" / "flight-delay")
    uids = [grafana_dashboard(project, prefix)["uid"] for prefix in ("heirloom", "trial", "heirloom")]

    assert len(set(uids)) == 2
    assert all(len(uid) <= 40 for uid in uids), "Grafana takes 40 characters"


def test_panels_do_not_lie_on_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard("flight-delay")["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not taken & cells
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_the_data_source_is_the_one_that_is_chosen_in_grafana() -> None:
    document = dashboard("flight-delay")
    (variable,) = document["templating"]["list"]
    sources = [panel["datasource"] for panel in document["panels"]]
    sources += [target["datasource"] for panel in document["panels"] for target in panel["targets"]]

    assert (variable["type"], variable["query"]) == ("datasource", "cloudwatch")
    assert all(source == {"type": "cloudwatch", "uid": f"${{{variable['name']}}}"} for source in sources)
