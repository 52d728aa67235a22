"""docs/openapi.json says what the API does."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import jsonschema_rs
import pytest

from heirloom.core.lineage.catalog import Model, ModelDetail, Version
from heirloom.core.prediction.answer import MOST_ROWS, Answer
from heirloom.core.release.route import Route
from infra import REPOSITORY
from infra.openapi import document
from infra.routes import ROUTES
from tests.infra.synthesis import Stacks

SCHEMAS: dict[str, Any] = document()["components"]["schemas"]


def names(kind: type) -> set[str]:
    return {field.name for field in fields(kind)}


def test_the_document_in_docs_is_current() -> None:
    kept = json.loads((REPOSITORY / "docs" / "openapi.json").read_text())

    assert kept == document(), "write it again: python -m infra.openapi > docs/openapi.json"


def test_the_deployed_routes_are_those_of_the_document(aws: Stacks) -> None:
    deployed = {route["Properties"]["RouteKey"] for route in aws.resources("AWS::ApiGatewayV2::Route").values()}
    described = {f"{method.upper()} {path}" for path, it in document()["paths"].items() for method in it}

    assert deployed == described


def test_the_integration_sends_the_payload_that_the_handlers_read(aws: Stacks) -> None:
    integrations = aws.resources("AWS::ApiGatewayV2::Integration").values()

    assert {it["Properties"]["PayloadFormatVersion"] for it in integrations} == {"2.0"}
    assert len(integrations) == len(ROUTES)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one(name: str) -> None:
    assert jsonschema_rs.meta.is_valid(SCHEMAS[name])


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ("Predictions", names(Answer)),
        ("Model", names(Model)),
        ("ModelDetail", names(ModelDetail) - {"model"}),
        ("Route", names(Route)),
        ("Version", names(Version)),
    ],
)
def test_a_schema_has_the_fields_that_the_core_answers(schema: str, expected: set[str]) -> None:
    assert set(SCHEMAS[schema]["properties"]) == set(SCHEMAS[schema]["required"]) == expected


def test_a_request_holds_as_many_rows_as_the_core_takes() -> None:
    assert SCHEMAS["Inputs"]["properties"]["inputs"]["maxItems"] == MOST_ROWS


def test_every_error_is_a_problem_document() -> None:
    answers = [
        answer
        for path in document()["paths"].values()
        for operation in path.values()
        for status, answer in operation["responses"].items()
        if status != "200"
    ]

    assert all("application/problem+json" in answer["content"] for answer in answers)
