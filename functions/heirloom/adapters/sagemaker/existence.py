"""Whether SageMaker has a thing of this name."""

from __future__ import annotations

from collections.abc import Callable

from heirloom.adapters.aws import translated
from heirloom.core.errors import NotFound


def exists(describe: Callable[[], object]) -> bool:
    """SageMaker answers ValidationException to a well-formed name that nothing has."""
    try:
        with translated("describing", ValidationException=NotFound):
            describe()
    except NotFound:
        return False
    return True
