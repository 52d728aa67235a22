"""The program in which MiniStack runs a Python function, and how a plug-in changes a line of it."""

from __future__ import annotations

from ministack.core import lambda_runtime

from heirloom.core.errors import Invalid


def rewrite(old: str, new: str) -> None:
    """Put ``new`` in the place of ``old``. Raises Invalid when that does not stand there exactly once."""
    if lambda_runtime._PYTHON_WORKER_SCRIPT.count(old) != 1:
        raise Invalid(f"ministack.core.lambda_runtime._PYTHON_WORKER_SCRIPT has changed: {old.strip()!r} is gone")
    lambda_runtime._PYTHON_WORKER_SCRIPT = lambda_runtime._PYTHON_WORKER_SCRIPT.replace(old, new)
