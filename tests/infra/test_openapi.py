"""docs/openapi.json says what the API does."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import jsonschema_rs
import pytest

from heirloom.core.lineage.catalog import Model, ModelDetail, Version
from heirloom.core.prediction.answer import Answer
from heirloom.core.prediction.labels import MOST_LABELS, Taken
from heirloom.core.prediction.request import MOST_ROWS
from heirloom.core.release.request import LONGEST_REASON, MOVES
from heirloom.core.release.route import Canary, Mark, Route, Shadow, history_of
from heirloom.core.release.status import MOST_CHANGES, Changes, Status
from heirloom.core.release.trial import Arm, Rules, Tally, Trial
from heirloom.core.release.verdict import Verdict
from infra import REPOSITORY
from infra.openapi import document
from infra.routes import ROUTES
from infra.tracking import PATHS
from tests.infra.synthesis import Stacks

SCHEMAS: dict[str, Any] = document()["components"]["schemas"]
ROUTE = Route("wine", 1, 0, {0: "heirloom-wine-v0"}, "open", Mark("deploy", "2026-01-01T00:00:00.000Z", "first"))


def names(kind: type) -> set[str]:
    return {field.name for field in fields(kind)}


def test_the_document_in_docs_is_current() -> None:
    kept = json.loads((REPOSITORY / "docs" / "openapi.json").read_text())

    assert kept == document(), "write it again: python -m infra.openapi > docs/openapi.json"


def test_the_deployed_routes_are_those_of_the_document(aws: Stacks) -> None:
    deployed = {route["Properties"]["RouteKey"] for route in aws.resources("AWS::ApiGatewayV2::Route").values()}
    described = {f"{method.upper()} {path}" for path, it in document()["paths"].items() for method in it}

    assert deployed - described == {f"ANY {path}" for path in PATHS}, "MLflow describes its protocol"
    assert described <= deployed


def test_the_integration_sends_the_payload_that_the_handlers_read(aws: Stacks) -> None:
    integrations = aws.resources("AWS::ApiGatewayV2::Integration").values()

    assert {it["Properties"]["PayloadFormatVersion"] for it in integrations} == {"2.0"}
    assert len(integrations) == len(ROUTES) + 2, "experiments answer at two doors"


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
        ("Canary", names(Canary)),
        ("Shadow", names(Shadow)),
        ("Mark", names(Mark)),
        ("Release", set(Status(ROUTE).to_document())),
        ("Trial", names(Trial) - {"token"}),
        ("Arm", names(Arm)),
        ("Verdict", names(Verdict)),
        ("Changes", names(Changes)),
        ("PastChange", set(history_of(ROUTE)[0].summary)),
        ("Taken", names(Taken)),
        ("Version", names(Version)),
    ],
)
def test_a_schema_has_the_fields_that_the_core_answers(schema: str, expected: set[str]) -> None:
    assert set(SCHEMAS[schema]["properties"]) == set(SCHEMAS[schema]["required"]) == expected


def test_a_request_holds_as_much_as_the_core_takes() -> None:
    assert SCHEMAS["Inputs"]["properties"]["inputs"]["maxItems"] == MOST_ROWS
    assert SCHEMAS["Labels"]["properties"]["labels"]["maxItems"] == MOST_LABELS
    assert SCHEMAS["Change"]["properties"]["reason"]["maxLength"] == LONGEST_REASON
    assert SCHEMAS["Limit"]["maximum"] == MOST_CHANGES


def test_the_moves_are_those_of_the_core() -> None:
    assert SCHEMAS["Move"]["enum"] == list(MOVES)


def test_a_trial_s_parts_are_those_of_the_core() -> None:
    trial = SCHEMAS["Trial"]["properties"]

    assert set(trial["rules"]["properties"]) == names(Rules)
    assert set(trial["tally"]["properties"]) == names(Tally)


def test_every_error_is_a_problem_document() -> None:
    answers = [
        answer
        for path in document()["paths"].values()
        for operation in path.values()
        for status, answer in operation["responses"].items()
        if int(status) >= 400
    ]

    assert all("application/problem+json" in answer["content"] for answer in answers)
