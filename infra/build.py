"""Build the layers of third-party packages: ``python -m infra.build [aws] [local]``, both by default.

pip fetches ready-made wheels, so no Docker and no compiler are needed: for AWS those of Lambda's own platform, for
the local target those of this interpreter, which also runs the functions there. A layer is packed here, once, and not
by the CDK at each deployment. Its bytes are deterministic, so that an unchanged list of requirements is an unchanged
layer, on every machine.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra import REPOSITORY

# Lambda's Python 3.13 runs on Amazon Linux 2023, whose glibc is 2.34.
PLATFORMS = ("manylinux2014_aarch64", "manylinux_2_28_aarch64")
WHEELS = {
    "aws": [
        *(word for platform in PLATFORMS for word in ("--platform", platform)),
        *("--implementation", "cp", "--python-version", "3.13"),
    ],
    "local": [],
}
READABLE = 0o100755
# Written by pip with this machine's paths in them; nothing reads them at run time.
NOT_SHIPPED = ("python/bin", "python/**/RECORD", "python/**/direct_url.json", "python/**/__pycache__")
# Of pyarrow's 151 MB: what reads and writes no Parquet. Sources, headers, tests; Flight, S3, encryption; copies of a
# library under its other names.
NOT_PARQUET = tuple(
    f"python/pyarrow/{pattern}"
    for pattern in (
        *("tests", "include", "includes", "src", "*.pyx", "*.pxd", "*.pxi", "_pyarrow_cpp_tests*"),
        *("*flight*", "libarrow_s3*", "_s3fs*", "*parquet_encryption*"),
        *("libarrow_python.so", "libarrow_python.so.*.*"),
    )
)


@dataclass(frozen=True)
class Layer:
    """A list of requirements below functions/, and what of it no function needs: patterns below the layer's folder."""

    requirements: str
    left_out: Sequence[str] = ()

    @property
    def list(self) -> Path:
        return REPOSITORY / "functions" / self.requirements


PACKAGES, PARQUET = "packages", "parquet"
LAYERS = {
    PACKAGES: Layer("requirements.txt"),
    PARQUET: Layer("requirements-parquet.txt", NOT_PARQUET),
}
"""What all functions have, and what is too heavy for that: each of these is for the functions that ask for it."""


def layer_folder(target: str, name: str = PACKAGES) -> Path:
    """Where a layer of ``target`` is built: the folder that becomes /opt."""
    return REPOSITORY / "build" / (f"layer-{target}" if name == PACKAGES else f"layer-{target}-{name}")


def layer_archive(target: str, name: str = PACKAGES) -> Path:
    """The layer as Lambda takes it: the folder's files, in a zip file."""
    return layer_folder(target, name).with_suffix(".zip")


def build_layer(target: str) -> None:
    """Install each layer's packages for ``target``, unless its very list is installed already."""
    for name, layer in LAYERS.items():
        _build(target, name, layer)


def _build(target: str, name: str, layer: Layer) -> None:
    folder = layer_folder(target, name)
    stamp, archive, options = folder.with_suffix(".sha256"), layer_archive(target, name), _options(target, name, layer)
    fingerprint = hashlib.sha256(layer.list.read_bytes() + repr((options, layer.left_out)).encode()).hexdigest()
    if folder.exists() and archive.exists() and stamp.exists() and stamp.read_text() == fingerprint:
        return
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "pip", "install", *options], cwd=REPOSITORY, check=True)
    for pattern in (*NOT_SHIPPED, *layer.left_out):
        _remove(list(folder.glob(pattern)))
    _pack(folder, archive)
    stamp.write_text(fingerprint)


def _pack(folder: Path, archive: Path) -> None:
    """The same files are the same bytes: in their order, of one moment, with the rights that Lambda asks for."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as package:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(folder).as_posix())
            entry.external_attr, entry.compress_type = READABLE << 16, zipfile.ZIP_DEFLATED
            package.writestr(entry, file.read_bytes())


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _options(target: str, name: str, layer: Layer) -> list[str]:
    quiet = ["--quiet", "--disable-pip-version-check", "--no-compile"]
    where = ["--only-binary=:all:", "--target", str(layer_folder(target, name).relative_to(REPOSITORY) / "python")]
    return [*quiet, *where, *WHEELS[target], "--requirement", str(layer.list.relative_to(REPOSITORY))]


def main(targets: Sequence[str]) -> None:
    for target in targets or tuple(WHEELS):
        if target not in WHEELS:
            raise SystemExit(f"unknown target {target!r}: one of {', '.join(WHEELS)}")
        build_layer(target)


if __name__ == "__main__":
    main(sys.argv[1:])
