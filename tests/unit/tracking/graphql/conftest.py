"""A tracking server that is asked in GraphQL."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.tracking.server import Server

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(server: Server) -> Ask:
    """POST /graphql: a query, and variables by name; the whole answer."""

    def asked(query: str, operation: str | None = None, **variables: Any) -> dict[str, Any]:
        body = {"query": query, "operationName": operation, "variables": variables}
        return server.ask("POST", "", rawPath="/graphql", body=json.dumps(body))

    return asked
