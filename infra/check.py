"""Judge both targets' templates by cdk-nag's AwsSolutions rules and by cfn-lint: ``python -m infra.check``.

Every finding is printed and makes the exit code 1. What does not apply is acknowledged beside the construct, with its
reason: infra/nag.py.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from cdk_nag import AwsSolutionsChecks

from infra.build import build_layer
from infra.platform import HeirloomApp
from infra.settings import TARGETS

# Of cfn-lint: W3005, a DependsOn that a reference implies, which CDK writes in many places on purpose; W6001, an
# output that repeats an import: the platform's outputs name the buckets and tables, so that one stack tells all.
NOT_OURS = ("W3005", "W6001")


def nag(app: HeirloomApp) -> list[str]:
    """One line a finding that nobody acknowledged."""
    violations = AwsSolutionsChecks(app).validate_scope(app).violations
    return [
        f"{violation.rule_name} {resource.construct_path}: {violation.description}"
        for violation in violations
        for resource in violation.violating_resources
    ]


def lint(templates: Sequence[Path]) -> list[str]:
    """cfn-lint's findings, a line each."""
    ignored = [option for check in NOT_OURS for option in ("--ignore-checks", check)]
    program = str(Path(sys.executable).parent / "cfn-lint")
    command = [program, "--format", "parseable", *ignored, "--", *map(str, templates)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout or (done.stderr if done.returncode else "")).splitlines()


def main() -> None:
    findings = []
    for target in TARGETS:
        build_layer(target)
        with TemporaryDirectory() as folder:
            app = HeirloomApp(context={"target": target}, outdir=folder)
            app.synth()
            found = [*nag(app), *lint(sorted(Path(folder).glob("*.template.json")))]
            findings += [f"{target}: {finding}" for finding in found]
    sys.stdout.writelines(f"{finding}\n" for finding in findings)
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
