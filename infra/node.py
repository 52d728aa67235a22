"""Run the pinned CDK CLI with the Node of this environment: ``python -m infra.node cdk deploy --all``.

The CLI is installed into build/node at its first use. The app command of cdk.json finds this interpreter first on
PATH, so that the CLI and the app see the same packages.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from infra import NODE, REPOSITORY

CDK_VERSION = "2.1148.1"
PREFIX = REPOSITORY / "build" / "node"


def run(arguments: Sequence[str]) -> int:
    """Run ``cdk`` or ``npm`` with ``arguments``; the exit code is theirs."""
    program, *rest = arguments
    script = {"cdk": cdk, "npm": npm}[program]()
    return _node(script, rest)


def cdk() -> Path:
    """The CLI's entry point, installed first where it is absent or of another version."""
    package = PREFIX / "node_modules" / "aws-cdk"
    if _version(package) != CDK_VERSION:
        PREFIX.mkdir(parents=True, exist_ok=True)
        options = ["--no-audit", "--no-fund", "--no-save", "--loglevel=error", "--prefix", str(PREFIX)]
        if _node(npm(), ["install", *options, f"aws-cdk@{CDK_VERSION}"]) != 0:
            raise SystemExit(f"could not install aws-cdk {CDK_VERSION} from npm: see the lines above")
    return package / "bin" / "cdk"


def npm() -> Path:
    return NODE.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _version(package: Path) -> str:
    manifest = package / "package.json"
    return str(json.loads(manifest.read_text())["version"]) if manifest.exists() else ""


def _node(script: Path, arguments: Sequence[str]) -> int:
    path = os.pathsep.join([str(Path(sys.executable).parent), str(NODE.parent), os.environ.get("PATH", "")])
    return subprocess.run([NODE, script, *arguments], env={**os.environ, "PATH": path}, check=False).returncode


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in {"cdk", "npm"}:
        sys.exit("usage: python -m infra.node cdk|npm <arguments>")
    sys.exit(run(sys.argv[1:]))
