"""Parquet files for tests, written by the pyarrow of the functions' layer: nothing else in the repository needs it."""

from __future__ import annotations

import importlib
import io
import sys
from functools import cache
from typing import Any

from infra.build import PARQUET, build_layer, layer_folder


@cache
def arrow() -> Any:
    """pyarrow, as this process knows it from now on."""
    folder = layer_folder("local", PARQUET) / "python"
    if not folder.is_dir():
        build_layer("local")
    sys.dont_write_bytecode = True  # the layer stays as it was built, also when pyarrow loads parts of itself later
    sys.path.insert(0, str(folder))
    try:
        importlib.import_module("pyarrow.parquet")
    finally:
        sys.path.remove(str(folder))
    return sys.modules["pyarrow"]


def parquet_of(columns: dict[str, Any], **options: Any) -> bytes:
    """A file with these columns: lists, or arrays of pyarrow."""
    file = io.BytesIO()
    arrow().parquet.write_table(arrow().table(columns), file, **options)
    return file.getvalue()
