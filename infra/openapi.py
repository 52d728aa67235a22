"""The OpenAPI 3.1 document of the API: ``python -m infra.openapi > docs/openapi.json``.

Made from the table that the API is made from, so that the two can't differ; what travels is in infra/schemas.json.
"""

from __future__ import annotations

import json
import re
import sys
from http import HTTPStatus
from pathlib import Path
from typing import Any

from heirloom.core.project.definition import NAME
from infra.routes import ROUTES, Route

SCHEMAS = Path(__file__).parent / "schemas.json"
VERSION = "1"
# The schemas of the parameters in paths and queries.
PARAMETERS = {"model": "Name", "move": "Move", "limit": "Limit", "cursor": "Cursor"}
# What API Gateway answers by itself, as {"message": ..}, or lets the function answer, as a problem document.
OF_THE_GATEWAY = (403, 404, 413, 429, 500, 503)

Document = dict[str, Any]


def document() -> Document:
    """The whole document, as plain JSON."""
    paths: dict[str, Document] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Heirloom",
            "version": VERSION,
            "description": "Predictions and releases of the models that Heirloom trains. Requests are signed (SigV4).",
        },
        "servers": [_server()],
        "security": [{"sigv4": []}],
        "paths": paths,
        "components": {"schemas": _schemas(), "securitySchemes": {"sigv4": _sigv4()}},
    }


def _operation(route: Route) -> Document:
    operation: Document = {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": [
            *(_parameter(name, "path") for name in re.findall(r"{(\w+)}", route.path)),
            *(_parameter(name, "query") for name in route.query),
        ],
        "responses": {"200": _json("The answer.", route.answer)}
        | ({"202": _json(route.accepted, route.answer)} if route.accepted else {})
        | {str(status): _error(HTTPStatus(status)) for status in route.statuses},
    }
    if route.body:
        operation["requestBody"] = {**_json("What is asked.", route.body), "required": True}
    return operation


def _parameter(name: str, where: str) -> Document:
    return {"name": name, "in": where, "required": where == "path", "schema": _reference(PARAMETERS[name])}


def _error(status: HTTPStatus) -> Document:
    content = {"application/problem+json": {"schema": _reference("Problem")}}
    if status in OF_THE_GATEWAY:
        content["application/json"] = {"schema": _reference("Refusal")}
    return {"description": status.phrase, "content": content}


def _json(description: str, schema: str) -> Document:
    return {"description": description, "content": {"application/json": {"schema": _reference(schema)}}}


def _reference(schema: str) -> Document:
    return {"$ref": f"#/components/schemas/{schema}"}


def _schemas() -> Document:
    """The name's pattern is that of model.yaml, which is the only place that says it."""
    schemas: Document = json.loads(SCHEMAS.read_text(encoding="utf-8"))
    name = {"type": "string", "pattern": f"^{NAME.pattern}$", "examples": ["flight-delay"]}
    return {"Name": {**name, "description": "A model's name."}, **schemas}


def _server() -> Document:
    variables = {"api": {"default": "api-id"}, "region": {"default": "us-east-1"}}
    return {"url": "https://{api}.execute-api.{region}.amazonaws.com", "variables": variables}


def _sigv4() -> Document:
    """As API Gateway itself writes IAM authorization into the documents that it exports."""
    scheme = {"type": "apiKey", "name": "Authorization", "in": "header"}
    return {**scheme, "x-amazon-apigateway-authtype": "awsSigv4"}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document(), indent=2) + "\n")
