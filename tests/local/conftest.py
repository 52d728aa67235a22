"""What tests of the embedded AWS's own parts start from."""

from __future__ import annotations

import pytest

from local.connection import Connection
from tests.local.functions import Functions


@pytest.fixture
def functions(aws: Connection) -> Functions:
    """What makes small functions and state machines and runs them."""
    return Functions.on(aws)
