"""Synthesised stacks, and what the tests ask of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.platform import HeirloomApp

Resource = dict[str, Any]

MODEL = """\
name: {name}
description: Made for the tests of the infrastructure.
owner: tests
data: {{label: y}}
objective: {{statement: Better than a coin., metric: accuracy, at_least: 0.5}}
serving: {serving}
"""


@dataclass(frozen=True)
class Stacks:
    """Both stacks of one target, as CloudFormation gets them."""

    app: HeirloomApp
    folder: Path

    @property
    def templates(self) -> list[Path]:
        return sorted(self.folder.glob("*.template.json"))

    def template(self, stack: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / f"{stack}.template.json").read_text())
        return document

    def resources(self, kind: str = "") -> dict[str, Resource]:
        """The resources of both stacks, of the types that begin with ``kind``, by logical id."""
        return {
            name: resource
            for stack in ("Data", "Platform")
            for name, resource in self.template(stack)["Resources"].items()
            if resource["Type"].startswith(kind)
        }

    def functions(self) -> dict[str, Resource]:
        """The functions' properties by handler module."""
        found = (resource["Properties"] for resource in self.resources("AWS::Lambda::Function").values())
        return {properties["Handler"].split(".")[2]: properties for properties in found}

    def statements(self, role: str) -> list[dict[str, Any]]:
        """All that the role with this logical id may do."""
        inline = self.resources()[role]["Properties"].get("Policies", [])
        attached = [
            policy["Properties"]
            for policy in self.resources("AWS::IAM::Policy").values()
            if {"Ref": role} in policy["Properties"]["Roles"]
        ]
        return [statement for policy in (*inline, *attached) for statement in policy["PolicyDocument"]["Statement"]]

    def actions(self, role: str) -> set[str]:
        return {action for statement in self.statements(role) for action in listed(statement["Action"])}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each scalar of a document with its path; where it stands in a list is left out."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, path)
    else:
        yield path, value


def write_project(models: Path, name: str, serving: str = "{form: serverless}") -> Path:
    """A model project of three small files."""
    folder = models / name
    folder.mkdir(parents=True)
    (folder / "model.yaml").write_text(MODEL.format(name=name, serving=serving))
    (folder / "model.py").write_text("def train(frame, params):\n    return None\n")
    (folder / "baseline.py").write_text("def predict(frame):\n    return [0] * len(frame)\n")
    return folder


def synthesise(target: str, models: Path, folder: Path, **context: str) -> Stacks:
    app = HeirloomApp(context={"target": target, "models": str(models), **context}, outdir=str(folder))
    app.synth()
    return Stacks(app, folder)
