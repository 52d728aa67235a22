"""Build the layer of third-party packages: ``python -m infra.build [aws] [local]``, both by default.

pip fetches ready-made wheels, so no Docker and no compiler are needed: for AWS those of Lambda's own platform, for
the local target those of this interpreter, which also runs the functions there. The folders' contents are
deterministic, so that an unchanged list of requirements is an unchanged layer, on every machine.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from infra import REPOSITORY

REQUIREMENTS = REPOSITORY / "functions" / "requirements.txt"
WHEELS = {
    "aws": ["--platform", "manylinux2014_aarch64", "--implementation", "cp", "--python-version", "3.13"],
    "local": [],
}
# Written by pip with this machine's paths in them; nothing reads them at run time.
NOT_SHIPPED = ("python/bin", "python/**/RECORD", "python/**/direct_url.json", "python/**/__pycache__")


def layer_folder(target: str) -> Path:
    """Where the layer of ``target`` is built: the folder that becomes /opt."""
    return REPOSITORY / "build" / f"layer-{target}"


def build_layer(target: str) -> None:
    """Install functions/requirements.txt for ``target``, unless this very list is installed already."""
    folder, stamp = layer_folder(target), layer_folder(target).with_suffix(".sha256")
    fingerprint = hashlib.sha256(REQUIREMENTS.read_bytes() + repr(_options(target)).encode()).hexdigest()
    if folder.exists() and stamp.exists() and stamp.read_text() == fingerprint:
        return
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "pip", "install", *_options(target)], cwd=REPOSITORY, check=True)
    for path in [path for pattern in NOT_SHIPPED for path in folder.glob(pattern)]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    stamp.write_text(fingerprint)


def _options(target: str) -> list[str]:
    quiet = ["--quiet", "--disable-pip-version-check", "--no-compile"]
    where = ["--only-binary=:all:", "--target", str(layer_folder(target).relative_to(REPOSITORY) / "python")]
    return [*quiet, *where, *WHEELS[target], "--requirement", str(REQUIREMENTS.relative_to(REPOSITORY))]


def main(targets: Sequence[str]) -> None:
    for target in targets or tuple(WHEELS):
        if target not in WHEELS:
            raise SystemExit(f"unknown target {target!r}: one of {', '.join(WHEELS)}")
        build_layer(target)


if __name__ == "__main__":
    main(sys.argv[1:])
